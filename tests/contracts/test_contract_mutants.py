"""The contract suites can fail: each tempting wrong adapter here breaks the promise it is listed with."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import polars as pl
import pytest
import test_broker_contract as broker_contract
import test_warehouse_contract as warehouse_contract
from kafka_worlds import MemoryWorld, Polling
from warehouse_worlds import MemoryWarehouseWorld

from streaming.adapters.memory_broker import MemoryBroker
from streaming.adapters.memory_warehouse import MemoryWarehouse
from streaming.ports import (
    OFFSET_BEGINNING,
    AlreadyExists,
    Commit,
    CommitAnswer,
    CommitOutcome,
    CountQuery,
    LogRange,
    Polled,
    Rebalances,
    RowsRejected,
    StreamFinalized,
)

# --- warehouses ---


class TakesPastOffsetsForSuccess(MemoryWarehouse):
    def append(self, stream: str, offset: int, rows: bytes, timeout_s: float) -> None:
        with suppress(AlreadyExists):
            super().append(stream, offset, rows, timeout_s)


class StatesTheOffsetItWasSent(MemoryWarehouse):
    def append(self, stream: str, offset: int, rows: bytes, timeout_s: float) -> None:
        try:
            super().append(stream, offset, rows, timeout_s)
        except AlreadyExists as error:
            raise AlreadyExists(str(error), offset) from None


class ReopensAFinalizedStream(MemoryWarehouse):
    def append(self, stream: str, offset: int, rows: bytes, timeout_s: float) -> None:
        try:
            super().append(stream, offset, rows, timeout_s)
        except StreamFinalized:
            self._streams.find(stream).finalized = False
            super().append(stream, offset, rows, timeout_s)


class CountsOnFinalizeOnlyOnce(MemoryWarehouse):
    def finalize(self, stream: str, timeout_s: float) -> int:
        count = super().finalize(stream, timeout_s)
        self._streams.find(stream).rows = 0
        return count


class AppendsTheGoodRowsOfABadRequest(MemoryWarehouse):
    def append(self, stream: str, offset: int, rows: bytes, timeout_s: float) -> None:
        try:
            super().append(stream, offset, rows, timeout_s)
        except RowsRejected:
            self.put(warehouse_contract.batch([warehouse_contract.row(1)]))
            raise


class ForgetsTheRowsOfAFailedAppendButNotTheirCount(MemoryWarehouse):
    def append(self, stream: str, offset: int, rows: bytes, timeout_s: float) -> None:
        try:
            super().append(stream, offset, rows, timeout_s)
        except RowsRejected:
            self._streams.find(stream).rows += 3
            raise


class CountsSupersedingRows(MemoryWarehouse):
    def count_live(self, topic_id: str, queries: Sequence[CountQuery], timeout_s: float) -> dict[int, int]:
        frame = self.rows().filter(pl.col("kafka_topic_id") == topic_id)
        return {
            q.partition: frame.filter(
                (pl.col("kafka_partition") == q.partition) & (pl.col("kafka_offset") >= q.offset)
            ).height
            for q in queries
        }


class CountsOneRangeForAll(MemoryWarehouse):
    def count_live(self, topic_id: str, queries: Sequence[CountQuery], timeout_s: float) -> dict[int, int]:
        first = queries[0]
        same = [CountQuery(q.partition, first.offset, first.since, first.besides_epoch) for q in queries]
        return super().count_live(topic_id, same, timeout_s)


class LooksAtTheLastEpochOnly(MemoryWarehouse):
    def highest_live(self, topic_id: str, partition: int, timeout_s: float) -> int | None:
        frame = self.rows().filter((pl.col("kafka_topic_id") == topic_id) & (pl.col("kafka_partition") == partition))
        last = frame.filter(pl.col("ownership_epoch") == "new")
        found = (last if last.height else frame)["kafka_offset"].max()
        return None if found is None else int(found)  # type: ignore[arg-type]  # a column of integers


class LoadsWhateverIsNewest(MemoryWarehouse):
    def load_merchants(self, version: str, timeout_s: float) -> pl.DataFrame:
        return super().load_merchants(self.reference.newest()["merchants"], timeout_s)


class IgnoresRevisions(MemoryWarehouse):
    def load_fx_rates(self, version: str, timeout_s: float) -> pl.DataFrame:
        at = self.reference.published_at("fx_rates", version)
        return self.reference.fx_rates.filter(pl.col("recorded_at") <= at)


WAREHOUSES: list[tuple[type[MemoryWarehouse], Any]] = [
    (
        TakesPastOffsetsForSuccess,
        warehouse_contract.test_an_append_at_a_past_offset_is_refused_and_says_what_it_expected,
    ),
    (StatesTheOffsetItWasSent, warehouse_contract.test_an_append_into_the_middle_says_the_same),
    (ReopensAFinalizedStream, warehouse_contract.test_nothing_is_applied_after_finalize),
    (CountsOnFinalizeOnlyOnce, warehouse_contract.test_finalize_counts_exactly_and_the_same_again),
    (AppendsTheGoodRowsOfABadRequest, warehouse_contract.test_corrupt_rows_append_none_of_the_request),
    (ForgetsTheRowsOfAFailedAppendButNotTheirCount, warehouse_contract.test_corrupt_rows_append_none_of_the_request),
    (CountsSupersedingRows, warehouse_contract.test_count_live_sees_all_epochs_but_one_and_only_live_rows),
    (CountsOneRangeForAll, warehouse_contract.test_count_live_takes_each_partition_by_its_own_limits),
    (LooksAtTheLastEpochOnly, warehouse_contract.test_highest_live_is_over_all_epochs_and_dates),
    (LoadsWhateverIsNewest, warehouse_contract.test_versions_of_merchants_can_be_loaded_again),
    (IgnoresRevisions, warehouse_contract.test_versions_of_fx_rates_take_the_newest_revision_recorded_by_then),
]


def try_warehouse(kind: type[MemoryWarehouse], promise: Any) -> None:
    world = MemoryWarehouseWorld(kind)
    asked = {"world": world, "stream": world.memory.open_stream(1)}
    promise(**{name: asked[name] for name in promise.__annotations__ if name in asked})


@pytest.mark.parametrize(("mutant", "promise"), WAREHOUSES, ids=lambda found: getattr(found, "__name__", None))
def test_a_wrong_warehouse_is_caught(mutant: type[MemoryWarehouse], promise: Any) -> None:
    try_warehouse(MemoryWarehouse, promise)
    with pytest.raises((AssertionError, pytest.fail.Exception, AlreadyExists)):
        try_warehouse(mutant, promise)


# --- brokers ---


class FetchesWhatItIsAssigned(MemoryBroker):
    def poll(self, max_records: int, timeout_s: float) -> Polled:
        before = set(self._owned)
        super().poll(0, timeout_s)
        self.fetch_from(dict.fromkeys(self._owned - before, OFFSET_BEGINNING))
        return super().poll(max_records, timeout_s)


class StartsAtTheBeginning(MemoryBroker):
    def fetch_from(self, starts: Mapping[int, int]) -> None:
        super().fetch_from(dict.fromkeys(starts, OFFSET_BEGINNING))


class GoesOnWhileHeld(MemoryBroker):
    def hold(self, partitions: Sequence[int]) -> None:
        """Nothing."""


class ResetsAStalledPosition(MemoryBroker):
    def poll(self, max_records: int, timeout_s: float) -> Polled:
        polled = super().poll(max_records, timeout_s)
        self.fetch_from({stalled.partition: OFFSET_BEGINNING for stalled in polled.stalled})
        return Polled(polled.records, polled.commits, [], polled.dead)


class LosesMetadata(MemoryBroker):
    def commit(self, offsets: Mapping[int, Commit]) -> None:
        super().commit({partition: Commit(commit.offset, "") for partition, commit in offsets.items()})


class AnswersBeforeItKnows(MemoryBroker):
    def commit_now(self, offsets: Mapping[int, Commit], timeout_s: float) -> list[CommitAnswer]:
        super().commit_now(offsets, timeout_s)
        return [CommitAnswer(partition, CommitOutcome.APPLIED) for partition in offsets]


class LeavesWithoutAWord(MemoryBroker):
    def leave(self) -> None:
        self._drop_client()


class SaysLostOnRejoin(MemoryBroker):
    def rejoin(self) -> None:
        assert self._rebalances is not None
        self._rebalances.lost(sorted(self._owned))
        super().rejoin()


class RejoinsAsAnotherMember(MemoryBroker):
    def rejoin(self) -> None:
        self._member += "-again"
        super().rejoin()


class KeepsAnswersAfterRevocation(MemoryBroker):
    def _forget(self, partitions: Sequence[int]) -> None:
        kept = dict(self._answers)
        super()._forget(partitions)
        self._answers = kept


class TakesTheHighWatermarkForTheEnd(MemoryBroker):
    def log_ranges(self, partitions: Sequence[int], timeout_s: float) -> dict[int, LogRange]:
        return {p: LogRange(self._cluster.logs[p].low, self._cluster.logs[p].end) for p in partitions}


class SwallowsCallbackErrors(MemoryBroker):
    def join(self, rebalances: Rebalances) -> None:
        heard = rebalances.assigned

        def quiet(partitions: Sequence[int]) -> None:
            with suppress(Exception):
                heard(partitions)

        rebalances.assigned = quiet  # type: ignore[method-assign]  # the mutant's point
        super().join(rebalances)


BROKERS: list[tuple[type[MemoryBroker], Any]] = [
    (FetchesWhatItIsAssigned, broker_contract.test_an_assignment_is_held_until_fetch_from),
    (StartsAtTheBeginning, broker_contract.test_fetching_starts_at_the_given_offsets),
    (GoesOnWhileHeld, broker_contract.test_hold_stops_fetching_and_fetch_from_starts_it_anew),
    (
        ResetsAStalledPosition,
        lambda world, member: broker_contract.test_a_position_outside_the_log_stalls_once_and_can_be_mended(
            world, member, 0
        ),
    ),
    (LosesMetadata, broker_contract.test_a_commit_and_its_metadata_come_back_as_sent),
    (AnswersBeforeItKnows, broker_contract.test_too_much_metadata_is_invalid_and_spares_the_others),
    (LeavesWithoutAWord, broker_contract.test_leave_asks_for_the_last_time_and_twice_is_once),
    (SaysLostOnRejoin, broker_contract.test_rejoin_gets_the_partitions_again_without_lost),
    (RejoinsAsAnotherMember, broker_contract.test_rejoin_gets_the_partitions_again_without_lost),
    (KeepsAnswersAfterRevocation, broker_contract.test_an_answer_that_comes_after_revocation_concerns_nobody),
    (TakesTheHighWatermarkForTheEnd, broker_contract.test_an_open_transaction_holds_the_stable_end_back),
    (
        SwallowsCallbackErrors,
        lambda world, member: broker_contract.test_an_exception_in_a_callback_comes_out_of_poll(
            MemoryWorld(world._kind)
        ),
    ),
]


def try_broker(kind: type[MemoryBroker], promise: Any) -> None:
    world = MemoryWorld(kind)
    asked = {"world": world, "member": Polling(world).join().until_holds(0, 1)}
    names = promise.__code__.co_varnames[: promise.__code__.co_argcount]
    promise(**{name: asked[name] for name in names})


@pytest.mark.parametrize(("mutant", "promise"), BROKERS, ids=lambda found: getattr(found, "__name__", None))
def test_a_wrong_broker_is_caught(mutant: type[MemoryBroker], promise: Any) -> None:
    try_broker(MemoryBroker, promise)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        try_broker(mutant, promise)
