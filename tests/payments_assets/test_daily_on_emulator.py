"""The report on a real table: exact sums, a repeat changes nothing, a late row rebuilds its day alone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import dagster as dg  # noqa: TID251 - the asset is Dagster's
import pytest

from assets.payments.asset import WHOLE_LOOK, payments_daily
from assets.payments.daily import build_changed
from assets.payments.touched import LastLooks
from orchestration.resources import WarehouseResource

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 25, 12, 20, tzinfo=UTC)
TODAY, YESTERDAY = NOW.date(), NOW.date() - timedelta(1)


def land(client, dataset, offset, day, amount, *, event=None, event_type="capture", revision=0, status="OK"):
    replay = "NULL" if revision == 0 else "'correction-1'"
    client.query_and_wait(
        f"""INSERT INTO `{client.project}.{dataset}.payments_landing` (event_id, event_type, merchant_id, currency,
        amount, signed_amount, reporting_amount, signed_reporting_amount, status, business_date, kafka_topic,
        kafka_topic_id, kafka_partition, kafka_offset, broker_timestamp, replay_id, enrichment_revision, loaded_at)
        VALUES ('{event or f"e{offset}"}', '{event_type}', 'm1', 'EUR', NUMERIC '{amount}', NUMERIC '{amount}',
        NUMERIC '{amount}', NUMERIC '{amount}', '{status}', DATE '{day}', 'payments', 'topic', 0, {offset},
        TIMESTAMP '{day} 10:00:00+00:00', {replay}, {revision}, TIMESTAMP '{day} 10:00:01+00:00')"""
    )


def report(client, dataset):
    rows = client.query_and_wait(
        f"SELECT business_date, event_type, events, amount FROM `{client.project}.{dataset}.payments_daily` "
        "WHERE business_date >= DATE '2026-01-01' ORDER BY 1, 2"
    )
    return [tuple(row.values()) for row in rows]


def test_the_report_follows_landing(client, payments_platform):
    dataset = payments_platform.dataset

    def build():
        return dict(build_changed(client, dataset, NOW, LastLooks(NOW, NOW)).events)

    land(client, dataset, 1, TODAY, "12.30")
    land(client, dataset, 2, TODAY, "0.01")
    land(client, dataset, 3, TODAY, "5.00", event="e2")  # what the producer sent twice counts once
    land(client, dataset, 4, TODAY, "9.99", status="QUARANTINED_NOT_JSON")
    land(client, dataset, 5, YESTERDAY, "99999999999999999.99", event_type="refund")
    assert build() == {YESTERDAY: 1, TODAY: 2}
    exact = [(YESTERDAY, "refund", 1, Decimal("99999999999999999.99")), (TODAY, "capture", 2, Decimal("12.31"))]
    assert report(client, dataset) == exact
    assert build() == {}, "nothing changed"

    land(client, dataset, 6, YESTERDAY, "1.00", event_type="refund")
    assert build() == {YESTERDAY: 2}, "a late row rebuilds its day alone"
    land(client, dataset, 1, TODAY, "12.40", event="e1", revision=1)
    assert build() == {TODAY: 2}, "a correction too"
    assert report(client, dataset)[1] == (TODAY, "capture", 2, Decimal("12.41"))


def test_the_asset_says_what_it_rebuilt(payments_platform):
    facts = payments_platform
    warehouse = WarehouseResource(project=facts.project, dataset=facts.dataset, rest_endpoint=facts.rest_endpoint)
    instance = dg.DagsterInstance.ephemeral()

    def run():
        ran = dg.materialize([payments_daily], resources={"warehouse": warehouse}, instance=instance)
        return ran.asset_materializations_for_node("payments_daily")[0].metadata

    first, second = run(), run()
    assert WHOLE_LOOK in first, "nobody looked at all days lately"
    assert WHOLE_LOOK not in second
    assert second["days_rebuilt"].value == 0
