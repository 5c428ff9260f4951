"""A late merchant and an FX revision against the emulator: exactly those rows change, and the view follows."""

from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest
from batch_landing import land
from correction_world import PUBLISHED, merchants, payments, rates
from superseding_world import AT, DAY

from assets.payments.correct import Corrections, correct, todays_reference
from assets.payments.pages import pages
from assets.warehouse.publish import publish_fx_rates, publish_merchants
from streaming.adapters.bigquery import BigQueryWarehouse
from streaming.stages.plan import arrow_schema

pytestmark = pytest.mark.integration


@pytest.fixture
def today(batch_settings):
    """Asks for the newest reference."""
    warehouse = BigQueryWarehouse(batch_settings, arrow_schema())
    yield lambda: todays_reference(warehouse)
    warehouse.close()


def test_corrections_follow_the_reference(client, batch_settings, batch_warehouse, today):
    dataset = batch_settings.bigquery_dataset

    def run(replay_id):
        name = f"{client.project}.{dataset}"
        days = [DAY - timedelta(days=1), DAY]
        named = {"replay_id": replay_id, "reporting_currency": "EUR", "at": AT}
        return correct(client, name, batch_warehouse, today(), days, **named)

    def shown():
        sql = (
            "SELECT kafka_offset, enrichment_revision, merchant_status, reporting_amount "
            f"FROM `{dataset}.payments` WHERE business_date = DATE '{DAY}' ORDER BY 1"
        )
        return [tuple(row.values()) for row in client.query(sql).result()]

    publish_merchants(client, dataset, merchants("m1"), "m1", PUBLISHED)
    publish_fx_rates(client, dataset, rates("1.0000"), "f1", PUBLISHED)
    land(batch_settings, payments(today()))
    yen = Decimal("0.59")
    before = [(1, 0, "KNOWN", 100), (2, 0, "UNKNOWN", yen), (3, 0, "KNOWN", 100)]
    assert shown() == before
    assert run("c0") == Corrections(0, 0, 0, 0, ())

    publish_merchants(client, dataset, merchants("m1", "late"), "m2", PUBLISHED + timedelta(hours=1))
    publish_fx_rates(client, dataset, rates("1.2500"), "f2", PUBLISHED + timedelta(hours=1))
    assert run("c1") == Corrections(candidates=2, merchant=1, money=1, appended=2, days=(DAY,))
    after = [(1, 0, "KNOWN", 100), (2, 1, "KNOWN", yen), (3, 1, "KNOWN", 80)]
    assert shown() == after
    assert run("c2").appended == 0
    assert run("c1").appended == 0
    assert shown() == after


def test_results_come_in_pages(client):
    sql = "SELECT place FROM UNNEST(GENERATE_ARRAY(1, 25)) AS place ORDER BY place"
    frames = list(pages(client, sql, {"place": pl.Int64}, 10))
    assert [frame.height for frame in frames] == [10, 10, 5]
    assert pl.concat(frames)["place"].to_list() == list(range(1, 26))
    assert list(pages(client, "SELECT 1 AS place FROM UNNEST([]) AS nothing", {"place": pl.Int64}, 10)) == []
