"""A re-drive as a whole: exactly once through any crash, on the records' own dates, newest revision only."""

from datetime import date, timedelta

import polars as pl
import pytest
from redrive_mutants import MUTANTS, alive
from redrive_world import (
    AT,
    DAY,
    OWN,
    PLACE,
    REASON,
    RUN,
    WIDE,
    asks,
    held,
    landed,
    live,
    newest,
    payload,
    reference,
    run,
    shown,
)  # fmt: skip
from test_reconsider import (
    a_masked_token_is_no_token,
    records_still_refused_are_not_accepted,
    the_mac_is_that_of_the_raw_bytes,
)

from assets.payments import redrive
from assets.payments.pages import TooManyRows
from assets.payments.pending_memory import EFFECTS, Crash
from assets.payments.reconsider import QUARANTINED
from assets.payments.superseding import MOVED, write_id
from streaming.landing import TIMESTAMP
from streaming.ports import Unavailable, WarehouseError

RECORDS = (payload(event_id="e0"), payload(event_id="e1"), payload(event_id="e2", currency="EURO"))


def accepted_records_are_on_their_own_dates():
    warehouse = landed(*RECORDS)
    (done,) = run(warehouse)
    assert (done.quarantined, done.accepted, done.dates, done.appended) == (2, 2, (OWN,), 4)
    assert shown(warehouse.landing).select("business_date", "event_id").rows() == [(OWN, "e0"), (OWN, "e1")]
    old = newest(warehouse.landing).filter(business_date=DAY)
    assert old["status"].to_list() == [MOVED, MOVED, "QUARANTINED_BAD_CURRENCY"]
    written = warehouse.landing.filter(pl.col("replay_id").is_not_null())
    assert written["replay_id"].unique().to_list() == [write_id(RUN, DAY)]
    assert written["enrichment_revision"].unique().to_list() == [1]


def a_look_changes_nothing():
    warehouse = landed(*RECORDS)
    before = warehouse.landing
    (done,) = run(warehouse, publish=False)
    assert (done.accepted, done.appended, warehouse.calls) == (2, 0, [])
    assert warehouse.landing.equals(before)


def repeats_append_nothing():
    warehouse = landed(*RECORDS)
    run(warehouse)
    after = warehouse.landing
    assert [done.appended for done in run(warehouse)] == [0]
    assert [done.appended for done in run(warehouse, name=redrive.redrive_id(REASON, "2"))] == [0]
    assert warehouse.landing.equals(after)


def a_crash_at_any_call_is_exactly_once():
    quiet = landed(*RECORDS)
    run(quiet)
    want = quiet.landing.sort(PLACE)
    for call in range(len(quiet.calls)):
        for effect in EFFECTS:
            for error in (Crash(), Unavailable("no answer")):
                warehouse = landed(*RECORDS)
                warehouse.fail(call, effect, error)
                with pytest.raises((Crash, Unavailable)):
                    run(warehouse)
                run(warehouse)
                run(warehouse)
                assert warehouse.landing.sort(PLACE).equals(want)


def the_newest_revision_is_superseded():
    """Re-driven once, quarantined again by a published replay under a stricter rule, and asked for by the real SQL."""
    warehouse = landed(*RECORDS)
    again = live(*RECORDS).with_columns(
        enrichment_revision=pl.lit(4, pl.Int64),
        ownership_epoch=pl.lit(None, pl.String),
        loaded_at=pl.lit(AT, TIMESTAMP),
    )
    warehouse.landing = pl.concat([warehouse.landing, again.select(warehouse.landing.columns)])
    sql = redrive.records_sql("p.d", DAY, f"QUARANTINED_{REASON}")
    found = asks(warehouse, sql, dict(QUARANTINED))
    assert found.equals(held(again.filter(pl.col("kafka_offset") < 2)))
    list(redrive.redrive(lambda _: [found], warehouse, reference(), WIDE, [DAY], replay_id=RUN, at=AT))
    assert warehouse.landing.filter(business_date=OWN)["enrichment_revision"].to_list() == [5, 5]
    assert shown(warehouse.landing)["business_date"].to_list() == [OWN, OWN]


def what_is_mended_is_not_asked_for():
    warehouse = landed(*RECORDS)
    run(warehouse)
    status = f"QUARANTINED_{REASON}"
    sql = redrive.records_sql("p.d", DAY, status)
    assert asks(warehouse, sql, dict(QUARANTINED)).is_empty()
    days = redrive._DAYS.format(dataset="p.d", first=DAY, last=DAY, status=status)
    assert asks(warehouse, days, {"business_date": pl.Date})["business_date"].to_list() == [DAY]


PROOFS = {
    proof.__name__: proof
    for proof in (
        accepted_records_are_on_their_own_dates,
        a_look_changes_nothing,
        repeats_append_nothing,
        a_crash_at_any_call_is_exactly_once,
        the_newest_revision_is_superseded,
        what_is_mended_is_not_asked_for,
        a_masked_token_is_no_token,
        records_still_refused_are_not_accepted,
        the_mac_is_that_of_the_raw_bytes,
    )
}


@pytest.mark.parametrize("proof", PROOFS)
def test_redrive_holds(proof):
    PROOFS[proof]()


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_proof_sees_each_mutant(mutant):
    with alive(mutant):
        for killer in MUTANTS[mutant][1]:
            with pytest.raises((AssertionError, WarehouseError, ValueError)):
                PROOFS[killer]()


def test_a_day_with_too_many_is_not_written_at_all():
    warehouse = landed(*RECORDS)
    with pytest.raises(TooManyRows, match=r"2026-11-23: more than 3 rows change"):
        run(warehouse, max_rows=3)
    assert warehouse.calls == []


def test_days_are_done_one_after_the_other():
    """The second day fails, the first one is written and told of."""
    warehouse = landed(*RECORDS)
    ran = redrive.redrive(_fails_on_the_second(warehouse), warehouse, reference(), WIDE, DAYS, replay_id=RUN, at=AT)
    assert next(ran).appended == 4
    with pytest.raises(Unavailable):
        next(ran)
    assert shown(warehouse.landing).height == 2


DAYS: list[date] = [DAY, DAY + timedelta(days=1)]


def _fails_on_the_second(warehouse):
    rows = newest(warehouse.landing).filter(status=f"QUARANTINED_{REASON}")

    def read(day):
        if day != DAY:
            raise Unavailable("no answer")
        return [held(rows)]

    return read


def test_pages_of_a_day_are_one_write():
    warehouse = landed(*RECORDS)
    rows = held(newest(warehouse.landing).filter(status=f"QUARANTINED_{REASON}"))
    frames = [rows.head(1), rows.tail(1)]
    (done,) = redrive.redrive(lambda _: frames, warehouse, reference(), WIDE, [DAY], replay_id=RUN, at=AT)
    assert (done.quarantined, done.appended, warehouse.calls.count("commit")) == (2, 4, 1)


def test_refusals_are_counted_by_reason_with_a_few_examples():
    warehouse = landed(*(payload(event_id=f"e{n}", occurred_at="2026-10-01T00:00:00Z") for n in range(5)))
    (done,) = run(warehouse)
    assert done.refused == {REASON: 5}
    assert done.examples == {REASON: [f"partition 0 offset {n}" for n in range(3)]}
    assert (done.accepted, done.appended, done.dates) == (0, 0, ())
