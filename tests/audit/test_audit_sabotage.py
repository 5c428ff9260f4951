"""The audit passes a good landing, and a landing with something wrong fails by the check whose job it is.

Here on 1,000 events in memory. Two tests do many sabotages at once, each to rows of its own, and ask that the
check name those rows; another does each alone. test_audit_on_emulator.py does the main ones, each alone,
on 10,000 rows of a real table.
"""

import dataclasses
import re
from collections import Counter

import pytest
from audit_world import DuckReader, FixedGroup, translated
from sabotages import SABOTAGES, SOME_OK, T, at, sabotage

import audit.asking
import audit.cards
import audit.payments
from audit.run import run

pytestmark = pytest.mark.integration  # a database with a temporary folder, not pure


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


BATCHES = {
    "one row each": [case for case in SABOTAGES if not case.wide],
    "many rows each": [case for case in SABOTAGES if case.wide],
}


def test_every_sabotage_is_in_a_batch_and_has_a_name():
    assert sum(map(len, BATCHES.values())) == len(SABOTAGES)
    assert len({case.name for case in SABOTAGES}) == len(SABOTAGES)
    wide = [check for case in BATCHES["many rows each"] for check in case.caught_by]
    assert len(wide) == len(set(wide)), "two that touch many rows would hide each other from one check"


ROWS = f"SELECT hash({T}), kafka_partition, kafka_offset, business_date, currency, event_type FROM {T}"


def touched(reader, case):
    """Do a sabotage and return the landing's rows that it changed, as they were and as they are."""
    before = Counter(reader.db.execute(ROWS).fetchall())
    for change in case.changes:
        assert reader.db.execute(translated(change)).fetchone()[0] >= 1, f"touched nothing: {case.name}"
    after = Counter(reader.db.execute(ROWS).fetchall())
    return [
        (f"partition {p} offset {o}", f"{day} {currency} {kind}:")
        for _, p, o, day, currency, kind in (before - after) + (after - before)
    ]


def named(check, mine, others):
    """Whether an offender is of this sabotage and of no other in the batch."""
    if check.name == "exact_totals":
        groups = {group for _, group in mine} - {group for _, group in others}
        return any(offender.startswith(group) for offender in check.offenders for group in groups)
    if check.name == "epochs_disjoint":  # names ranges: that of the row alone, or one in a partition left to it
        alone = {re.sub(r"offset (\d+)", r"offsets \1 to \1", row) for row, _ in mine}
        left = {row.split(" offset ")[0] for row, _ in mine} - {row.split(" offset ")[0] for row, _ in others}
        return any(offender.startswith((*alone, *(f"{one} " for one in left))) for offender in check.offenders)
    rows = {row for row, _ in mine} - {row for row, _ in others}
    where = [re.search(r"partition \d+ offset \d+", offender) for offender in check.offenders]
    found = {match[0] for match in where if match}
    return bool(found & rows) if mine else bool(found - {row for row, _ in others})


def missed(world, reader, batch, monkeypatch):
    """Do all sabotages of a batch together and return those of which a check whose job it is named no row."""
    for module in (audit.asking, audit.cards, audit.payments):  # a batch has more offenders than a report names
        monkeypatch.setattr(module, "OFFENDERS_SHOWN", 10_000)
    monkeypatch.setattr(audit.payments, "BUCKETS_OPENED", 64)
    with reader.sabotaged():
        rows = [touched(reader, case) for case in batch]
        places = [place for of in rows for place in {place for place, _ in of}]
        assert len(places) == len(set(places)), "each touches rows of its own"
        report = audited(world, reader)
    assert report.verdict == "FAIL"
    return [
        f"{case.name}: {check}"
        for n, case in enumerate(batch)
        for check in sorted(case.caught_by)
        if not named(report.check(check), rows[n], [row for m, of in enumerate(rows) if m != n for row in of])
    ]


@pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES)
def test_sabotage_is_caught_by_the_check_whose_job_it_is(world, reader, batch, monkeypatch):
    assert missed(world, reader, batch, monkeypatch) == []


def test_a_batch_does_not_hide_a_sabotage_that_is_not_caught(world, reader, monkeypatch):
    unseen = sabotage("not audited", "status", f"UPDATE {T} SET kafka_topic = 'x' WHERE {at(3, SOME_OK)}")
    seen = sabotage("audited", "status", f"UPDATE {T} SET status = 'QUARANTINED_X' WHERE {at(5, SOME_OK)}")
    assert missed(world, reader, [unseen, seen], monkeypatch) == ["not audited: status"]


@pytest.mark.parametrize("case", SABOTAGES, ids=lambda case: case.name)
def test_sabotage_alone_is_caught(world, reader, case):
    with reader.sabotaged(*map(translated, case.changes)):
        report = audited(world, reader)
    assert report.verdict == "FAIL"
    assert case.caught_by <= failed(report)
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


def test_a_card_number_in_an_id_passes_where_the_pipeline_was_told_to_let_it(world, reader):
    with reader.sabotaged(translated(f"UPDATE {T} SET event_id = '6011111111111117' WHERE {at(4, SOME_OK)}")):
        assert "no_card_numbers" in failed(audited(world, reader))
        assert "no_card_numbers" not in failed(audited(world, reader, cards_in_ids=True))
