"""One partition by example: its states, what it may commit and when, and what an interrupt does to it."""

from datetime import timedelta
from typing import Any

import pytest
from offset_blocks import TODAY, Offsets
from protocol_script import NOW, committed, identity, position

from streaming.ports import CommitAnswer, CommitOutcome, Refused, StreamFinalized
from streaming.protocol import actions as a
from streaming.protocol.halts import FenceAgain, Halt, HaltReason, Ousted
from streaming.protocol.metadata import decode
from streaming.protocol.partition import Partition, State


class Driver:
    """Performs what is asked, in a world where nothing goes wrong, until `at` rests on something."""

    def __init__(self, **partition: Any) -> None:
        self.said: list[tuple[str, dict[str, object]]] = []
        self.landed: list[int] = []
        self.partition = Partition(
            identity(),
            lambda rows, epoch, at: repr(rows.offsets).encode(),  # type: ignore[attr-defined]  # Offsets stand in
            on_landed=lambda block: self.landed.append(len(block)),
            on_event=lambda event, **facts: self.said.append((event, facts)),
            **partition,
        )
        self.steps = self.partition.steps()
        self.action: a.Action | None = next(self.steps)
        self.answers: dict[type, Any] = {
            a.ReadPosition: position(committed(100)),
            a.Finalize: 6,
            a.OpenStream: "stream-2",
            a.Publish: CommitOutcome.APPLIED,
            a.CountLive: 2,
        }

    def send(self, answer: Any) -> None:
        step = self.steps.throw if isinstance(answer, Exception) else self.steps.send
        try:
            self.action = step(answer)
        except StopIteration:
            self.action = None

    def until(self, *kinds: type) -> "Driver":
        while self.action is not None and not isinstance(self.action, kinds):
            self.send(self.answers.get(type(self.action)))
        return self

    def land(self, *offsets: int) -> None:
        self.until(a.NextBlock).send(Offsets(offsets))
        self.until(a.NextBlock)


def due(driver: Driver, **how: bool) -> tuple[int, int] | None:
    commit = driver.partition.commit_due(**how)
    meta = decode(commit.metadata) if commit else None
    return (commit.offset, meta.row) if commit and meta else None


def test_the_walk_of_a_good_start():
    driver = Driver()
    assert driver.partition.state is State.RECOVERING
    assert driver.partition.position is None
    driver.until(a.NextBlock)
    assert driver.partition.state is State.RUNNING
    assert driver.partition.stream == "stream-2"
    assert driver.partition.position == 100
    assert ("recovered", {"partition": 3, "offset": 100, "skip": 2}) in driver.said


def test_the_check_comes_before_the_first_fetch():
    driver = Driver()
    seen = []
    while not isinstance(driver.action, a.NextBlock):
        seen.append(type(driver.action))
        driver.send(driver.answers.get(type(driver.action)))
    assert seen[-2:] == [a.CountLive, a.StartFetch]


def test_commits_say_what_is_acknowledged_offset_and_row_together():
    driver = Driver().until(a.NextBlock)
    assert due(driver) is None
    driver.land(100, 101)
    assert due(driver) == (102, 0)
    driver.land(104, 109)
    assert due(driver) == (110, 2)
    assert driver.landed == [2]
    commit = driver.partition.commit_due()
    meta = decode(commit.metadata if commit else None)
    assert meta is not None
    assert meta.at == TODAY + timedelta(seconds=109)


def test_nothing_unacknowledged_is_committed():
    driver = Driver().until(a.NextBlock)
    driver.send(Offsets((100, 101, 105)))
    assert isinstance(driver.action, a.Append)
    assert due(driver) is None


def test_one_commit_at_a_time_but_the_last_does_not_wait():
    driver = Driver().until(a.NextBlock)
    driver.land(100, 101, 102)
    commit = driver.partition.commit_due()
    assert commit is not None
    driver.partition.commit_sent(commit)
    driver.land(103)
    assert due(driver) is None
    assert due(driver, last=True) == (104, 2)
    driver.partition.commit_answered(CommitAnswer(3, CommitOutcome.APPLIED))
    assert driver.partition.committed == 103
    assert due(driver) == (104, 2)


def test_a_commit_refused_by_a_rebalance_is_due_again():
    driver = Driver().until(a.NextBlock)
    driver.land(100)
    before = due(driver)
    driver.partition.commit_sent(driver.partition.commit_due())  # type: ignore[arg-type]  # due, as just seen
    driver.partition.commit_answered(CommitAnswer(3, CommitOutcome.REBALANCING))
    assert due(driver) == before


@pytest.mark.parametrize(
    ("outcome", "rejoin"),
    [(CommitOutcome.FENCED, False), (CommitOutcome.DEAD, True), (CommitOutcome.UNKNOWN, True)],
)
def test_a_commit_that_puts_ownership_in_doubt(outcome, rejoin):
    driver = Driver().until(a.NextBlock)
    with pytest.raises(Ousted) as caught:
        driver.partition.commit_answered(CommitAnswer(3, outcome))
    assert caught.value.rejoin is rejoin


def test_doubt_drops_what_is_queued_and_recovers_anew():
    driver = Driver().until(a.NextBlock)
    driver.partition.queue.append(Offsets((107, 108)))  # type: ignore[arg-type]  # Offsets stand in for a block
    assert driver.partition.buffered == 2
    driver.send(Offsets((100, 101, 105)))
    driver.send(StreamFinalized("another owner"))
    assert isinstance(driver.action, a.StopFetch)
    assert due(driver, last=True) is None
    driver.until(a.ReadPosition)
    assert driver.partition.buffered == 0
    assert driver.partition.state is State.RECOVERING
    driver.until(a.NextBlock)
    assert driver.partition.state is State.RUNNING


@pytest.mark.parametrize("again", [(100, 101, 105), (104, 107), (105,)])
def test_records_that_come_again_are_doubt_and_are_not_appended(again):
    driver = Driver().until(a.NextBlock)
    driver.land(100, 101, 105)
    driver.send(Offsets(again))
    assert isinstance(driver.action, a.StopFetch)
    assert "came again, 106 was next" in str(driver.said[-1][1]["why"])


def test_doubt_may_come_from_outside():
    driver = Driver().until(a.NextBlock)
    driver.send(FenceAgain("cannot fetch"))
    assert isinstance(driver.action, a.StopFetch)
    assert driver.said[-1][0] == "fence_again"


def test_a_halt_ends_the_steps_and_is_kept():
    driver = Driver().until(a.NextBlock)
    halt = Halt(3, HaltReason.TOPIC_REPLACED, "seen by the guard")
    driver.send(halt)
    driver.until(type(None))
    assert driver.action is None
    assert driver.partition.halt is halt
    assert driver.partition.state is State.HALTED
    assert due(driver, last=True) is None


@pytest.mark.parametrize("asked", [a.ReadPosition, a.CountLive])
def test_a_refused_question_halts_this_partition_and_not_the_process(asked):
    driver = Driver()
    driver.answers[asked] = Refused("no permission")
    driver.until(asked).send(Refused("no permission"))
    driver.until(type(None))
    assert driver.partition.halt is not None
    assert driver.partition.halt.reason is HaltReason.REFUSED
    assert "no permission" in str(driver.partition.halt)


def test_a_check_behind_lets_fetching_start_but_holds_the_commit_back():
    driver = Driver(check_first=False).until(a.NextBlock)
    driver.land(100, 101, 102)
    assert due(driver) is None
    assert due(driver, last=True) is None
    beside = driver.partition.check_landed()
    assert isinstance(next(beside), a.CountLive)
    with pytest.raises(StopIteration):
        beside.send(2)
    assert due(driver) == (103, 1)


def test_a_check_of_the_start_before_says_nothing_about_this_one():
    driver = Driver(check_first=False).until(a.NextBlock)
    before = driver.partition.check_landed()
    next(before)
    driver.send(FenceAgain("doubt"))
    driver.until(a.NextBlock)
    with pytest.raises(StopIteration):
        before.send(2)
    driver.land(100, 101, 102)
    assert due(driver) is None


def test_blocks_are_stamped_when_they_are_serialised():
    stamps = []
    driver = Driver()
    driver.partition.serialiser = lambda rows, epoch, at: stamps.append((epoch, at)) or b""
    driver.land(100, 101, 102)
    assert stamps == [("epoch-2", NOW)]
