"""The audit passes a good landing, and a landing with something wrong fails by the check whose job it is.

Here on frames in memory, in batches and each alone; test_audit_on_emulator.py does the main ones on a real table.
"""

import dataclasses

import pytest
from audit_world import DuckReader, FixedGroup, translated
from sabotages import SABOTAGES

from audit.run import run


def audited(world, reader, **options):
    return run([world.ledger], reader, FixedGroup(world.positions), **options)


def failed(report):
    return {check.name for check in report.checks if not check.passed}


@pytest.fixture(scope="module")
def good(world, reader):
    return audited(world, reader)


def test_a_good_landing_passes_every_check(good):
    assert failed(good) == set()
    assert good.verdict == "PASS"


def test_the_world_has_what_the_checks_are_about(good, world):
    events = good.events
    assert events["landed"] == world.landing.height
    assert events["quarantined"] > 20
    assert events["producer_duplicates_collapsed"] > 10
    assert 0 < events["unresolved_found"] < events["unresolved"]
    assert good.check("fx_quote").figures["provisional"] > 50
    assert set(world.landing["fx_revision"].drop_nulls()) == {1, 2}
    assert good.check("epochs_disjoint").figures["epochs"] == 2


def test_latency_is_that_of_normal_events(good):
    latency = good.latency_ms
    assert latency["by_hop"]["event_to_broker"]["p50"] == pytest.approx(4, abs=1.1)
    assert 100 < latency["end_to_end"]["p95"] < 1_200


def batches():
    """Sabotages together where no two are owed to the same check, three batches: an audit takes a while."""
    found = [[], [], []]
    for case in SABOTAGES:
        free = (batch for batch in found if not any(case.caught_by & other.caught_by for other in batch))
        next(free, []).append(case)
    return found


@pytest.mark.parametrize("batch", batches(), ids=lambda batch: f"{batch[0].name} and {len(batch) - 1} more")
def test_sabotage_is_caught_by_the_check_whose_job_it_is(world, reader, batch):
    with reader.sabotaged(*(translated(change) for case in batch for change in case.changes)):
        report = audited(world, reader)
    assert report.verdict == "FAIL"
    for case in batch:
        assert case.caught_by <= failed(report), case.name
    assert all(check.offenders for check in report.checks if not check.passed), "a failed check names somebody"


def test_an_empty_landing_and_too_few_events_are_too_little(world):
    empty = DuckReader(dataclasses.replace(world, landing=world.landing.clear()))
    report = run([world.ledger], empty, FixedGroup([]), min_events=10**6)
    assert failed(report) >= {"enough_to_judge", "nothing_lost", "exactly_these_events", "position_at_end"}
    assert len(report.check("enough_to_judge").offenders) == 3


def test_without_a_ledger_nothing_is_asked_of_anybody():
    report = run([], None, None)
    assert failed(report) == {"enough_to_judge"}
    assert "tidemark produce" in report.check("enough_to_judge").offenders[0]


def test_a_view_that_shows_an_event_twice_is_caught(world):
    reader = DuckReader(world)
    reader.db.execute("CREATE OR REPLACE VIEW payments AS SELECT * FROM payments_landing WHERE status = 'OK'")
    report = audited(world, reader)
    assert failed(report) == {"one_row_per_event", "exactly_these_events", "exact_totals"}
    assert report.check("one_row_per_event").offenders[0].endswith(": 2 rows")


def test_a_view_that_elects_the_last_instead_of_the_first_is_caught(world):
    reader = DuckReader(world)
    reader.db.execute("""CREATE OR REPLACE VIEW payments AS SELECT * FROM payments_landing WHERE status = 'OK'
        QUALIFY row_number() OVER (PARTITION BY business_date, event_id ORDER BY broker_timestamp DESC) = 1""")
    assert failed(audited(world, reader)) >= {"exactly_these_events"}


def test_one_event_id_with_two_contents_is_a_conflict(world, reader):
    change = """UPDATE payments_landing SET event_id = (SELECT MIN(event_id) FROM payments_landing WHERE status = 'OK'
        AND currency = 'USD') WHERE currency = 'JPY'"""
    with reader.sabotaged(change):
        assert "no_conflicts" in failed(audited(world, reader))
