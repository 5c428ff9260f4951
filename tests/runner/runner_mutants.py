"""The runner with one tempting shortcut each; each with the test that must see it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import test_consumer as t
import test_lanes as lanes
import test_ownership as o
from held_appends import HeldAppends
from schedules import Schedule

from streaming.ports import CommitAnswer, CommitOutcome
from streaming.protocol.partition import Partition
from streaming.runner.lanes import Lanes
from streaming.runner.ownership import Ownership
from streaming.runner.patience import Patience

_answered, _send, _send_counts = Partition.commit_answered, Ownership.send_commits, Lanes.send_counts
_patient = Patience.__init__


def keep_what_is_lost(self: Ownership, partitions: Any) -> None: ...


def keep_what_is_revoked(self: Ownership, partitions: Any) -> None:
    """Commits, but goes on with the partition."""
    self._commit_last([lane for lane in self.lanes if lane.partition.number in partitions])


def keep_the_window(self: Ownership, partition: int) -> None:
    if partition in self.fetching:
        self._broker.hold([partition])
    self.fetching.discard(partition)


def believe_an_unknown_commit(self: Partition, answer: CommitAnswer) -> None:
    unknown = answer.outcome is CommitOutcome.UNKNOWN
    _answered(self, CommitAnswer(answer.partition, CommitOutcome.APPLIED) if unknown else answer)


def retry_an_unknown_commit(self: Partition, answer: CommitAnswer) -> None:
    unknown = answer.outcome is CommitOutcome.UNKNOWN
    _answered(self, CommitAnswer(answer.partition, CommitOutcome.REBALANCING) if unknown else answer)


def rejoin_without_dropping(self: Ownership, why: str) -> None:
    self._journal.say("rejoin", why=why)
    self._broker.rejoin()


def commit_what_is_polled(self: Ownership, periodic: bool) -> int:
    """Offsets of what was handed to the lane, not of what was acknowledged."""
    for lane in self.lanes:
        if lane.partition.landed and lane.partition.queue:
            lane.partition.landed.offset = lane.partition.queue[-1].next_offset
    return _send(self, periodic)


def ignore_interrupts(self: Lanes, number: int, error: Exception) -> None: ...


def commit_what_is_lost(self: Ownership, partitions: Any) -> None:
    self._commit_last([lane for lane in self.lanes if lane.partition.number in partitions])
    self._drop(partitions)


def give_up_without_waiting(self: Lanes, numbers: Any, limit_s: float) -> list[Any]:
    return [lane for number in numbers if (lane := self.get(number))]


def wait_only_after_a_loss(self: Patience) -> None:
    _patient(self)
    self._waiting = False


def ask_without_end(self: Patience) -> None:
    _patient(self)
    self._left = None


def stay_for_ever(self: Ownership, answers: int) -> None: ...


def count_each_alone(self: Lanes) -> None:
    """A query a partition."""
    gathered, self._counts = self._counts, {}
    for key, asked in gathered.items():
        self._counts = {key: asked}
        _send_counts(self)


def held(scenario: Callable[[Any, HeldAppends], None]) -> Callable[[], None]:
    def run() -> None:
        rig = o.recovered_rig()
        try:
            scenario(None, rig)
        finally:
            rig.close()

    return run


MUTANTS: dict[str, tuple[tuple[Any, str, Any], Callable[[], None]]] = {
    "keep what is lost": (
        (Ownership, "lost", keep_what_is_lost),
        t.test_a_zombie_that_wakes_neither_doubles_nor_moves_the_commit,
    ),
    "keep what is revoked": (
        (Ownership, "revoked", keep_what_is_revoked),
        t.test_a_second_member_takes_its_share,
    ),
    "keep the window of a stopped partition": (
        (Ownership, "stop", keep_the_window),
        t.test_what_waits_in_the_window_is_dropped_with_the_stream,
    ),
    "take an unknown commit as applied": (
        (Partition, "commit_answered", believe_an_unknown_commit),
        t.test_a_commit_that_arrives_late_cannot_take_the_stream_back,
    ),
    "retry an unknown commit": (
        (Partition, "commit_answered", retry_an_unknown_commit),
        t.test_a_commit_that_arrives_late_cannot_take_the_stream_back,
    ),
    "rejoin without dropping": (
        (Ownership, "start_over", rejoin_without_dropping),
        t.test_a_new_client_starts_with_nothing_of_the_old_one,
    ),
    "commit what is polled": (
        (Ownership, "send_commits", commit_what_is_polled),
        t.test_what_waits_in_the_queue_is_not_committed,
    ),
    "commit what is lost": (
        (Ownership, "lost", commit_what_is_lost),
        held(o.TestLost.test_nothing_is_committed_or_finalized),
    ),
    "give up without waiting for the append": (
        (Lanes, "close", give_up_without_waiting),
        held(o.TestRevoked.test_the_append_in_flight_is_awaited_then_committed_and_the_stream_finalized),
    ),
    "count each partition alone": (
        (Lanes, "send_counts", count_each_alone),
        lanes.test_partitions_that_recover_together_are_counted_in_one_query,
    ),
    "wait for an assignment for ever": (
        (Ownership, "stay_no_longer", stay_for_ever),
        t.test_a_member_that_is_assigned_nothing_again_joins_with_a_new_client,
    ),
    "wait for the first assignment for ever": (
        (Patience, "__init__", wait_only_after_a_loss),
        t.test_a_member_that_is_never_assigned_anything_joins_with_a_new_client_too,
    ),
    "ask for a first partition for ever": (
        (Patience, "__init__", ask_without_end),
        t.test_members_without_a_partition_stop_asking,
    ),
    "ignore interrupts": (
        (Lanes, "interrupt", ignore_interrupts),
        t.test_a_check_behind_lands_at_once_and_halts_when_it_finds_a_mismatch,
    ),
}
"""Where it is planted, and the test that must see it."""


@contextmanager
def alive(name: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*MUTANTS[name][0])
        yield


def dies_in_schedule(name: str, seed: int) -> bool:
    with alive(name):
        schedule = Schedule(seed)
        try:
            rig = schedule.run()
            schedule.assert_exactly_once()
        except Exception:  # whatever it dies of
            return True
    return bool(rig.halts())


if __name__ == "__main__":
    for mutant in MUTANTS:
        deaths = sum(dies_in_schedule(mutant, seed) for seed in range(60))
        print(f"{mutant:40} dies in {deaths:2} of 60 schedules", flush=True)
