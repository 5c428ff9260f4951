"""The settled days on real tables: the same view before and after, late rows follow, a death anywhere is harmless."""

from datetime import UTC, datetime, timedelta

import dagster as dg  # noqa: TID251 - the assets are Dagster's
import pytest
from settled_world import AFTER, DAYS, NOON, TODAY, row

from assets.payments.asset import payments_daily, payments_settled
from assets.payments.daily import build_changed
from assets.payments.settled import settle
from assets.payments.touched import LastLooks
from assets.warehouse.clock import warehouse_now
from assets.warehouse.ddl import NOTHING_SETTLED, payments_of_landing
from assets.warehouse.migrate import migrate, settled_before
from orchestration.resources import WarehouseResource

pytestmark = pytest.mark.integration

OLDER, OLD = DAYS[0], DAYS[3]
NAMES = [name for name in row(TODAY, 1) if name != "amount"]


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value}'"
    return f"'{value}'" if isinstance(value, str) else f"DATE '{value}'"


def land(client, dataset, *rows, table="payments_landing"):
    values = ", ".join(f"({', '.join(literal(r[name]) for name in NAMES)}, NUMERIC '{r['amount']}')" for r in rows)
    client.query_and_wait(
        f"INSERT INTO `{client.project}.{dataset}.{table}` ({', '.join(NAMES)}, amount) VALUES {values}"
    )


def shown(client, dataset, source=None):
    source = source or f"`{client.project}.{dataset}.payments`"
    sql = f"SELECT business_date, event_id, kafka_offset, enrichment_revision, amount FROM {source}"
    found = client.query_and_wait(f"{sql} WHERE business_date > DATE '2026-01-01'")
    return sorted(tuple(r.values()) for r in found)


def truth(client, dataset):
    elected = payments_of_landing(client.project, dataset, "business_date > DATE '2026-01-01'")
    return shown(client, dataset, f"({elected})")


def changes_over_at(client, dataset, day):
    """Whether the view reads the day before from payments_settled, and this one not: by rows that only lie there."""
    table = f"`{client.project}.{dataset}.payments_settled`"
    marked = [row(day - timedelta(1), 58), row(day, 58)]
    land(client, dataset, *marked, table="payments_settled")
    found = [r[0] for r in shown(client, dataset) if r[2] == 58]
    client.query_and_wait(f"DELETE FROM {table} WHERE business_date > DATE '2026-01-01' AND kafka_offset = 58")
    return found == [day - timedelta(1)]


LANDED = [row(day, offset) for day in (OLDER, OLD, TODAY) for offset in (1, 2)]
AWKWARD = [
    row(OLD, 3, event=1),  # sent twice
    row(OLD, 2, revision=1),
    row(OLDER, 4, status="QUARANTINED_NOT_JSON"),
    row(OLDER, 2, revision=1, status="MOVED"),
    row(TODAY, 9, revision=1),
]


def test_the_view_is_the_same_and_late_rows_follow(emulated):
    client, dataset = emulated
    land(client, dataset, *LANDED, *AWKWARD)
    before = shown(client, dataset)
    assert before == truth(client, dataset)
    done = settle(client, dataset, NOON, AFTER, LastLooks())
    assert dict(done.rows) == {OLDER: 1, OLD: 2}
    assert done.settled_before == OLD + timedelta(1)
    assert changes_over_at(client, dataset, done.settled_before)
    assert shown(client, dataset) == before

    late = [row(OLD, 5), row(OLDER, 1, revision=2), row(TODAY, 7)]
    land(client, dataset, *late)
    assert settle(client, dataset, NOON, AFTER, LastLooks(NOON, NOON)).rows == {}, "late rows are gathered for a day"
    assert settle(client, dataset, NOON, AFTER, LastLooks(NOON, None)).rows == {OLDER: 1, OLD: 3}
    assert shown(client, dataset) == truth(client, dataset)
    assert settle(client, dataset, NOON, AFTER, LastLooks()).rows == {}

    assert migrate(client, client.project, dataset, lambda _: None) == []
    assert changes_over_at(client, dataset, done.settled_before)
    assert build_changed(client, dataset, NOON, LastLooks()).events == {OLDER: 1, OLD: 3, TODAY: 4}


class Died(Exception):
    """The process is gone; the warehouse stays."""


class Dying:
    """The real client, which dies at one query: before it is sent, or after it was done."""

    def __init__(self, client, number, after):
        self._client, self._number, self._after = client, number, after
        self.project = client.project

    def query(self, sql, **options):
        self._number -= 1
        if self._number < 0 and not self._after:
            raise Died
        job = self._client.query(sql, **options)
        if self._number < 0:
            job.result()
            raise Died
        return job


@pytest.mark.parametrize("after", [False, True], ids=["before the query", "after it"])
def test_a_death_at_any_query_is_harmless(emulated, after):
    client, dataset = emulated
    land(client, dataset, *LANDED, *AWKWARD)
    deaths = 0
    while True:
        try:
            settle(Dying(client, deaths, after), dataset, NOON, AFTER, LastLooks())
        except Died:
            assert shown(client, dataset) == truth(client, dataset), f"died at query {deaths}"
            migrate(client, client.project, dataset, lambda _: None)
            assert shown(client, dataset) == truth(client, dataset), f"migrated after query {deaths}"
            deaths += 1
        else:
            break
    assert deaths >= 6, "looks, two builds, counts, the view"
    assert shown(client, dataset) == truth(client, dataset)
    assert settle(client, dataset, NOON, AFTER, LastLooks()).rows == {}


def test_the_assets_say_what_they_did(settled_platform):
    facts = settled_platform
    warehouse = WarehouseResource(project=facts.project, dataset=facts.dataset, rest_endpoint=facts.rest_endpoint)
    old = datetime.now(UTC).date() - timedelta(5)  # noqa: TID251 - the asset looks at the clock
    land(warehouse.client(), facts.dataset, row(old, 1), row(old, 2))
    instance = dg.DagsterInstance.ephemeral()

    def run(asset, **config):
        config = {"ops": {asset.op.name: {"config": config}}} if config else {}
        ran = dg.materialize([asset], resources={"warehouse": warehouse}, run_config=config, instance=instance)
        return {
            name: v.value for name, v in ran.asset_materializations_for_node(asset.key.path[-1])[0].metadata.items()
        }

    first, second = run(payments_settled), run(payments_settled)
    assert (first["days_rebuilt"], second["days_rebuilt"]) == (1, 0)
    assert f"| {old} | 2 |" in first["rebuilt"]
    assert first["settled_before"] == second["settled_before"] == str(old + timedelta(1))
    assert "looked_at_all_days" in first, "nobody looked at all days lately"
    assert "looked_at_all_days" not in second
    assert "looked_at_all_days" in run(payments_settled, days=400), "told to"
    assert (first["days_kept"], "bytes_read" in first) == ("none", True)
    assert run(payments_daily)["days_rebuilt"] == 1, "the report is made of the settled day"


@pytest.mark.parametrize("ahead", [timedelta(days=3), timedelta(days=-3)])
def test_a_host_whose_clock_is_wrong_settles_nothing(emulated, settled_platform, monkeypatch, ahead):
    client, dataset = emulated
    facts = settled_platform
    land(client, dataset, row(datetime.now(UTC).date(), 1))  # noqa: TID251 - the asset looks at the clock
    monkeypatch.setattr("assets.payments.asset.warehouse_now", lambda _: warehouse_now(client) - ahead)
    ran = dg.materialize(
        [payments_settled],
        resources={
            "warehouse": WarehouseResource(project=facts.project, dataset=dataset, rest_endpoint=facts.rest_endpoint)
        },
        instance=dg.DagsterInstance.ephemeral(),
        raise_on_error=False,
    )
    (failure,) = [event for event in ran.all_events if event.event_type_value == "STEP_FAILURE"]
    said = failure.step_failure_data.user_failure_data.description
    assert f"is 72.0 hours {'ahead of' if ahead > timedelta() else 'behind'} BigQuery's" in said
    assert settled_before(client, f"{client.project}.{dataset}") == NOTHING_SETTLED
