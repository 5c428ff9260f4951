"""The one write path: a crash or a lost answer at any call, then a retry, is exactly once."""

from datetime import timedelta

import polars as pl
import pytest
from batch_contract import BatchWarehouseContract
from pending_mutants import MUTANTS, alive
from superseding_world import AT, DAY, NEXT, RUN, corrected, landed

from assets.payments import pending
from assets.payments.pending import WriteMismatch, write
from assets.payments.pending_memory import EFFECTS, Crash, MemoryBatchWarehouse
from assets.payments.superseding import NotSuperseding, supersede
from streaming.ports import Unavailable, WarehouseError

ROWS = corrected(1, 2, 3, 4, moved=4)
PLACE = ["kafka_offset", "business_date"]


@pytest.fixture
def warehouse():
    return MemoryBatchWarehouse()


class TestMemory(BatchWarehouseContract):
    """The promises, in memory."""


def attempts(warehouse, rows=ROWS, limit=4):
    """Call `write` until it answers, as a scheduler retries."""
    for attempt in range(limit):
        try:
            return write(warehouse, rows, RUN, DAY, kind="correction", at=AT + timedelta(minutes=attempt))
        except (Crash, Unavailable):
            continue
    raise AssertionError(f"no answer in {limit} attempts")


def exactly_once(warehouse, rows=ROWS):
    assert warehouse.landing.sort(PLACE).select(PLACE).rows() == rows.sort(PLACE).select(PLACE).rows()
    assert warehouse.landing["ownership_epoch"].null_count() == rows.height


def calls_of_a_write():
    quiet = MemoryBatchWarehouse()
    write(quiet, ROWS, RUN, DAY, kind="correction", at=AT)
    return quiet.calls


def a_fault_at_any_call_is_exactly_once():
    for first in range(len(calls_of_a_write())):
        for effect in EFFECTS:
            for error in (Crash(), Unavailable("no answer")):
                warehouse = MemoryBatchWarehouse()
                warehouse.fail(first, effect, error)
                attempts(warehouse)
                attempts(warehouse)
                exactly_once(warehouse)


def two_faults_are_exactly_once():
    """The second fault meets the retry of the first: also what a retry does can be cut off anywhere."""
    for first in range(len(calls_of_a_write())):
        for effect in EFFECTS:
            for later in range(1, 9):
                warehouse = MemoryBatchWarehouse()
                warehouse.fail(first, effect, Crash())
                with pytest.raises(Crash):
                    write(warehouse, ROWS, RUN, DAY, kind="correction", at=AT)
                warehouse.fail(len(warehouse.calls) + later, effect, Unavailable("no answer"))
                attempts(warehouse)
                attempts(warehouse)
                exactly_once(warehouse)


def expired_streams_are_exactly_once():
    for first in range(len(calls_of_a_write())):
        for effect in EFFECTS:
            warehouse = MemoryBatchWarehouse()
            warehouse.fail(first, effect, Crash())
            with pytest.raises(Crash):
                write(warehouse, ROWS, RUN, DAY, kind="correction", at=AT)
            warehouse.forget_streams()
            attempts(warehouse)
            exactly_once(warehouse)


class LateRows(MemoryBatchWarehouse):
    """Committed rows show in a query a little later than the commit, as a distributed table may do."""

    def rows_of(self, replay_id, day):
        super().rows_of(replay_id, day)
        return 0


def rows_that_show_late_are_exactly_once():
    for first in range(len(calls_of_a_write())):
        for effect in EFFECTS:
            warehouse = LateRows()
            warehouse.fail(first, effect, Crash())
            attempts(warehouse)
            attempts(warehouse)
            exactly_once(warehouse)


def the_stream_is_recorded_before_its_first_append():
    calls = calls_of_a_write()
    assert calls.index("record") < calls.index("append")


PROOFS = {
    proof.__name__: proof
    for proof in (
        a_fault_at_any_call_is_exactly_once,
        two_faults_are_exactly_once,
        expired_streams_are_exactly_once,
        rows_that_show_late_are_exactly_once,
        the_stream_is_recorded_before_its_first_append,
    )
}


@pytest.mark.parametrize("proof", PROOFS)
def test_exactly_once(proof):
    PROOFS[proof]()


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_proof_sees_each_mutant(mutant):
    killers = MUTANTS[mutant][1]
    with alive(mutant):
        for killer in killers:
            with pytest.raises((AssertionError, WarehouseError)):
                PROOFS[killer]()


def test_two_days_of_one_run_do_not_take_each_others_rows_for_their_own(warehouse):
    """A row that moved to the next day carries the run, but not that day's write."""
    write(warehouse, ROWS, RUN, DAY, kind="correction", at=AT)
    there = landed(9, day=NEXT)
    rows = supersede(there.with_columns(merchant_status=pl.lit("KNOWN")), there, RUN, NEXT)
    assert not write(warehouse, rows, RUN, NEXT, kind="correction", at=AT).again
    exactly_once(warehouse, pl.concat([ROWS, rows]))


def test_nothing_to_write_opens_no_stream(warehouse):
    assert write(warehouse, ROWS.clear(), RUN, DAY, kind="correction", at=AT) == pending.Written("", 0, False)
    assert warehouse.calls == ["recorded"]


def test_a_retry_that_finds_nothing_left_to_write_still_commits_what_is_recorded(warehouse):
    warehouse.fail(calls_of_a_write().index("commit"), "before", Crash())
    with pytest.raises(Crash):
        write(warehouse, ROWS, RUN, DAY, kind="correction", at=AT)
    assert write(warehouse, ROWS.clear(), RUN, DAY, kind="correction", at=AT).again
    exactly_once(warehouse)


def test_rows_are_cut_to_what_a_request_holds_and_numbered(warehouse, monkeypatch):
    monkeypatch.setattr(pending, "ROWS_PER_REQUEST", 2)
    write(warehouse, ROWS, RUN, DAY, kind="correction", at=AT)
    assert warehouse.calls.count("append") == 3
    exactly_once(warehouse)


def test_the_largest_rows_fit_into_a_request():
    worst = corrected(*range(pending.ROWS_PER_REQUEST_WITH_PAYLOADS)).with_columns(
        payload_scrubbed=pl.lit("x" * 65_536), description=pl.lit("\U0001f600" * 1_000)
    )
    long = corrected(*range(pending.ROWS_PER_REQUEST)).with_columns(description=pl.lit("\U0001f600" * 1_000))
    for rows in (worst, long):
        assert [len(batch) < 9 * 2**20 for batch, _ in pending._requests(rows, AT)] == [True]


def test_a_stream_with_another_count_is_not_committed(warehouse, monkeypatch):
    counted = warehouse.finalize
    monkeypatch.setattr(warehouse, "finalize", lambda stream: counted(stream) - 1)
    with pytest.raises(WriteMismatch, match="holds 4 rows, 5 were appended"):
        write(warehouse, ROWS, RUN, DAY, kind="correction", at=AT)
    assert warehouse.landing.is_empty()


def test_a_bad_frame_or_kind_is_refused_before_any_call(warehouse):
    with pytest.raises(NotSuperseding):
        write(warehouse, ROWS, "another", DAY, kind="correction", at=AT)
    with pytest.raises(ValueError, match="correction, replay, redrive"):
        write(warehouse, ROWS, RUN, DAY, kind="fix", at=AT)
    assert warehouse.calls == []


def test_a_zombie_whose_stream_a_retry_finalized_can_not_commit(warehouse):
    """The first process was only slow: it appends again after the retry has finished."""
    stream = warehouse.create_pending()
    old = pending.BatchWrite(RUN, DAY, stream, ROWS.height, AT, "correction")
    warehouse.record(old)
    attempts(warehouse, limit=1)
    with pytest.raises(WarehouseError):
        pending._fill(warehouse, old, ROWS)
    exactly_once(warehouse)
