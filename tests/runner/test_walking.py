"""A window is walked beside polling: what happens to its partitions meanwhile decides what becomes of its blocks."""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest
from runner_rig import TURN_S, Rig

from streaming.protocol.halts import FenceAgain
from streaming.runner.consumer import CROWDED_S, REST_S, Consumer
from streaming.runner.window import WALKED_S, Window
from streaming.service import WEDGED_S, Watchdog


class Held(Executor):
    """Walks when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self.waiting.append((future, lambda: fn(*args, **kwargs)))
        return future

    def walk(self) -> None:
        waiting, self.waiting = self.waiting, []
        for future, call in waiting:
            future.set_result(call())


def walking(partitions: int = 2, **settings: Any) -> tuple[Rig, Held, Consumer]:
    """A running member whose first window, five records a partition, is in its walk."""
    rig = Rig(partitions=partitions, **settings)
    rig.walker = held = Held()
    consumer = rig.start()
    rig.turn(6)
    for partition in range(partitions):
        rig.produce(partition, 5)
    rig.turn(3)
    assert len(held.waiting) == 1
    return rig, held, consumer


def finish(rig: Rig, held: Held, turns: int = 12) -> None:
    for _ in range(turns):
        held.walk()
        rig.turn(1)


def test_polling_goes_on_and_one_window_walks_at_a_time() -> None:
    rig, held, consumer = walking()
    rig.produce(0, 7)
    rig.turn(5)
    assert len(held.waiting) == 1
    assert consumer.meters.polled == 17
    assert consumer.meters.windows == 0
    finish(rig, held)
    assert consumer.meters.windows == 2
    rig.assert_exactly_once()


def test_a_walk_that_ends_rings() -> None:
    rig, held, consumer = walking()
    bell = consumer._world.bell
    rings = bell.rings  # type: ignore[attr-defined]  # the rig's bell counts
    held.walk()
    assert bell.rings == rings + 1  # type: ignore[attr-defined]
    finish(rig, held)
    rig.assert_exactly_once()


def test_a_partition_fenced_during_the_walk_gets_its_records_once() -> None:
    rig, held, consumer = walking()
    consumer.lanes.interrupt(0, FenceAgain("as if the stream had gone"))
    rig.turn(1)
    finish(rig, held)
    rig.assert_exactly_once()


def test_a_member_that_starts_over_during_the_walk_lands_each_record_once() -> None:
    rig, held, consumer = walking()
    consumer.ownership.start_over("a commit's fate is open")
    for _ in range(8):
        rig.turn(1)  # assigned again, recovered and fetching before the walk ends
    held.walk()
    finish(rig, held)
    rig.assert_exactly_once()
    assert "fence_again" not in [name for name, _ in rig.journal.events], "records came twice; the protocol noticed"


def test_partitions_that_moved_during_the_walk_are_the_other_s() -> None:
    rig, held, _ = walking(partitions=4)
    rig.start("member-1")
    rig.turn(12)
    finish(rig, held, 30)
    rig.assert_exactly_once()


def test_a_full_window_waits_for_the_walk_instead_of_growing() -> None:
    rig = Rig(partitions=1, window_max_rows=4)
    with ThreadPoolExecutor(1) as walker:
        rig.walker = walker
        rig.start()
        rig.turn(6)
        rig.produce(0, 50)
        turns = 0
        while not rig.at_end():
            rig.turn(1)
            turns += 1
            assert turns < 50_000
    rig.assert_exactly_once()


def crowded(partitions: int = 1) -> tuple[Rig, Held, Consumer]:
    """A member whose window is full (it takes four) while the one before is walked."""
    rig, held, consumer = walking(partitions=partitions, window_max_rows=4)
    for partition in range(partitions):
        rig.produce(partition, 5)
    rig.turn(1)
    assert consumer.window.full(4)
    return rig, held, consumer


def test_a_full_window_behind_a_long_walk_takes_no_more_and_the_member_goes_on_turning() -> None:
    rig, held, consumer = crowded()
    polled, size = consumer.meters.polled, len(consumer.window)
    for _ in range(100):
        rig.produce(0, 3)
        rig.turn(1)
    assert (consumer.meters.polled, len(consumer.window)) == (polled, size)
    assert len(held.waiting) == 1
    assert 0 not in consumer.ownership.fetching - consumer.ownership.paused
    bell = consumer._world.bell
    assert bell.asked[-1] == REST_S, "no hot loop"  # type: ignore[attr-defined]
    for _ in range(400):
        finish(rig, held, 1)
        if rig.at_end():
            break
    assert not consumer.ownership.paused
    rig.assert_exactly_once()


def test_a_short_wait_for_the_walk_pauses_nothing() -> None:
    """A resumed partition fetches anew what had been fetched: dear in a backlog, where each window waits a moment."""
    rig, held, consumer = crowded()
    rig.turn(int(CROWDED_S / TURN_S) - 1)
    assert not consumer.ownership.paused
    finish(rig, held)
    rig.assert_exactly_once()


def test_answers_and_the_group_are_served_while_the_window_is_full() -> None:
    """Commits are answered, and a second member gets its share, before the walk ends."""
    rig, held, consumer = walking(partitions=2, window_max_rows=4)
    finish(rig, held, 1)  # lands the first ten; their commit goes out while the next walk lasts
    for partition in (0, 1):
        rig.produce(partition, 5)
    rig.turn(2)
    for partition in (0, 1):
        rig.produce(partition, 5)
    rig.turn(int(CROWDED_S / TURN_S) + 4)
    assert consumer._crowded()
    assert sorted(commit.offset for commit in rig.cluster.group.commits.values()) == [5, 5]
    assert all(lane.partition.outstanding is None for lane in consumer.lanes)
    rig.start("member-1")
    rig.turn(12)
    assert [len(list(member.lanes)) for member in rig.members.values()] == [1, 1]
    for _ in range(60):
        finish(rig, held, 1)
    assert rig.at_end()
    rig.assert_exactly_once()


def test_a_partition_that_starts_while_the_window_is_full_waits_too() -> None:
    rig, held, consumer = crowded(partitions=2)
    rig.turn(20)
    consumer.lanes.interrupt(0, FenceAgain("as if the stream had gone"))
    rig.turn(20)
    size = len(consumer.window)
    rig.produce(0, 50)
    rig.turn(20)
    assert len(consumer.window) == size
    for _ in range(60):
        finish(rig, held, 1)
    rig.assert_exactly_once()


def test_a_walk_that_never_ends_is_wedged_though_the_loop_turns() -> None:
    rig, held, consumer = walking()
    watchdog = Watchdog(rig.clock, rig.journal)

    def turn() -> str | None:
        rig.turn(1)
        watchdog.turned(consumer.walking_since)
        return watchdog.stuck()

    assert turn() is None
    rig.clock.advance(WEDGED_S - 1)
    assert turn() is None
    rig.clock.advance(1)
    assert turn() == "walk"
    finish(rig, held)
    assert consumer.walking_since is None
    assert turn() is None
    rig.clock.advance(WEDGED_S + 1)
    assert watchdog.stuck() == "loop"


def test_polling_rests_a_little_while_the_next_window_is_due_and_the_last_one_walks() -> None:
    window = Window(taken=10.0)
    window.offsets = [1]
    assert window.rest_s(11.0, 0.25, 5_000, backlog=False) == 0.0
    assert window.rest_s(11.0, 0.25, 5_000, backlog=False, busy=True) == WALKED_S


def test_blocks_handed_out_whatever_happened_meanwhile_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant forgets that a partition was dropped since."""
    monkeypatch.setattr(Window, "drop", _drop_without_a_mark(Window.drop))
    with pytest.raises(AssertionError):
        test_a_member_that_starts_over_during_the_walk_lands_each_record_once()


def _drop_without_a_mark(drop: Callable[[Window, int], None]) -> Callable[[Window, int], None]:
    def mutant(window: Window, partition: int) -> None:
        drop(window, partition)
        window.dropped.clear()

    return mutant


def test_a_window_grows_half_as_large_while_blocks_wait_for_their_append() -> None:
    rig, held, consumer = walking(partitions=1, window_max_rows=40)
    assert consumer._bounds()[1] == 40
    held.walk()
    consumer._walked_off()
    assert consumer.lanes.get(0).partition.queue
    assert consumer._bounds()[1] == 20
    finish(rig, held)
    assert consumer._bounds()[1] == 40
