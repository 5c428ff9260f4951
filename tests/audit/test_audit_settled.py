"""Settled days under audit: a wrong one is caught, one that waits for its rebuild is left out, but not for long."""

from datetime import timedelta

import pytest
from audit_world import DuckReader, FixedGroup, translated
from sabotages import ONE_CENT

from audit.run import run

pytestmark = pytest.mark.integration  # a database with a temporary folder, not pure

S = "payments_settled"
ONE = f"kafka_offset = (SELECT MAX(kafka_offset) FROM {S} WHERE kafka_partition = 1) AND kafka_partition = 1"
A_DAY = "business_date = (SELECT MIN(business_date) FROM payments_settled)"


@pytest.fixture(scope="module")
def settled(world):
    reader = DuckReader(world)
    days = [day for (day,) in reader.db.execute("SELECT DISTINCT business_date FROM payments ORDER BY 1").fetchall()]
    assert len(days) > 1
    reader.settle(days[-1] + timedelta(1))
    assert reader.db.execute(f"SELECT COUNT(*) FROM {S} WHERE kafka_partition = 1").fetchone()[0] > 1
    return reader


def audited(world, reader):
    report = run([world.ledger], reader, FixedGroup(world.positions))
    return report, {check.name for check in report.checks if not check.passed}


def test_a_warehouse_with_settled_days_passes(world, settled):
    report, failed = audited(world, settled)
    assert failed == set()
    figures = report.check("settled_days_follow").figures
    assert (figures["settled"] > 0, figures["waiting"]) == (True, 0)


SABOTAGES = {
    "a settled row missing": ("exactly_these_events exact_totals", f"DELETE FROM {S} WHERE {ONE}"),
    "a settled row doubled": ("one_row_per_event exact_totals", f"INSERT INTO {S} SELECT * FROM {S} WHERE {ONE}"),
    "a settled amount changed": ("exact_totals", f"UPDATE {S} SET amount = amount + {ONE_CENT} WHERE {ONE}"),
    "another record of the event settled": (
        "exactly_these_events",
        f"UPDATE {S} SET kafka_offset = kafka_offset + 1 WHERE {ONE}",
    ),
    "a day that is long built from fewer rows": (
        "settled_days_follow",
        f"UPDATE payments_settled_builds SET landing_rows = landing_rows - 1 WHERE {A_DAY}",
    ),
    "a day built from more rows than there are": (
        "settled_days_follow",
        f"UPDATE payments_settled_builds SET landing_rows = landing_rows + 1, newest_loaded_at = CURRENT_TIMESTAMP() "
        f"WHERE {A_DAY}",
    ),
}


def test_a_day_that_waits_for_long_is_caught_though_it_gets_a_row_each_hour(world, settled):
    older = f"""UPDATE payments_settled_builds SET landing_rows = landing_rows - 1,
        newest_loaded_at = TIMESTAMP_SUB(newest_loaded_at, INTERVAL 1 HOUR) WHERE {A_DAY}"""
    newer = f"""INSERT INTO payments_landing SELECT * REPLACE (enrichment_revision + 1 AS enrichment_revision,
        'correction-1/x' AS replay_id, NULL AS ownership_epoch, CURRENT_TIMESTAMP() AS loaded_at)
        FROM {S} WHERE {A_DAY} LIMIT 1"""
    with settled.sabotaged(translated(older), translated(newer)):
        _, failed = audited(world, settled)
    assert "settled_days_follow" in failed


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_wrong_settled_day_is_caught(world, settled, name):
    caught_by, change = SABOTAGES[name]
    with settled.sabotaged(translated(change)):
        report, failed = audited(world, settled)
    assert set(caught_by.split()) <= failed
    assert all(report.check(name).offenders for name in caught_by.split())


def test_a_day_that_waits_for_its_rebuild_is_left_out_and_counted(world, settled):
    """A superseding row of just now: landing has it, the view will."""
    change = f"""INSERT INTO payments_landing SELECT * REPLACE (enrichment_revision + 1 AS enrichment_revision,
        'correction-1/x' AS replay_id, NULL AS ownership_epoch, CURRENT_TIMESTAMP() AS loaded_at)
        FROM {S} WHERE {ONE}"""
    gone = f"DELETE FROM {S} WHERE business_date = (SELECT business_date FROM {S} WHERE {ONE}) AND NOT ({ONE})"
    with settled.sabotaged(translated(change), translated(gone)):
        report, failed = audited(world, settled)
    assert not failed & {"exactly_these_events", "exact_totals", "one_row_per_event", "settled_days_follow"}
    assert report.check("settled_days_follow").figures["waiting"] == 1
