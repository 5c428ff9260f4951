"""How the polling thread rests, and what ends its rest."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from runner_rig import Rig

from streaming.adapters.clock import SystemClock
from streaming.protocol import actions as a
from streaming.runner.bell import Restless, ThreadBell
from streaming.runner.consumer import POLL_S, REST_S, Consumer
from streaming.runner.lanes import Lanes
from streaming.runner.world import AtOnce

LONG_S = 60.0


class HeldInPool(AtOnce):
    """Appends wait until a test answers them; all else has answered at once."""

    def __init__(self) -> None:
        self.appends: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        if not (args and isinstance(args[-1], a.Append)):
            return super().submit(fn, *args, **kwargs)
        held: Future[Any] = Future()
        self.appends.append((held, lambda: fn(*args, **kwargs)))
        return held

    def answer(self) -> None:
        """Perform and answer the oldest append."""
        future, call = self.appends.pop(0)
        future.set_result(call())


def resting(partitions: int = 2, **settings: Any) -> tuple[Rig, Consumer, Restless, HeldInPool]:
    """A member that has recovered all its partitions; its bell remembers; its appends are held."""
    rig = Rig(partitions, **settings)
    rig.pool = pool = HeldInPool()
    consumer = rig.start()
    rig.turn(20)
    bell = consumer._world.bell
    assert isinstance(bell, Restless)
    bell.asked.clear()
    bell.rings = 0
    return rig, consumer, bell, pool


def test_a_ring_before_the_rest_ends_it() -> None:
    bell, began = ThreadBell(), SystemClock().monotonic()
    bell.ring()
    bell.rest(LONG_S)
    assert SystemClock().monotonic() - began < LONG_S


def test_a_ring_ends_one_rest_only() -> None:
    bell = ThreadBell()
    bell.ring()
    bell.rest(0.0)
    began = SystemClock().monotonic()
    bell.rest(0.02)
    assert SystemClock().monotonic() - began >= 0.02


def test_while_partitions_recover_the_rest_is_short() -> None:
    rig = Rig(2, window_ms=250)
    consumer = rig.start()
    rig.turn(3)
    bell = consumer._world.bell
    assert isinstance(bell, Restless)
    assert bell.asked[:3] == [POLL_S] * 3


def test_a_running_member_rests_until_its_window_is_due() -> None:
    rig, _, bell, _ = resting(window_ms=250)
    rig.produce(0)
    rig.turn(2)  # the first takes the record at once after the pause, the second has nearly a window's time
    assert bell.asked[0] == pytest.approx(0.1)
    assert bell.asked[1] == pytest.approx(0.25 - 0.06)


def test_no_rest_is_longer_than_the_bound() -> None:
    rig, _, bell, _ = resting(window_ms=10_000)
    rig.produce(0)
    rig.turn(3)
    assert max(bell.asked) == REST_S


def test_a_lane_that_waits_for_a_time_is_not_overslept() -> None:
    rig, consumer, bell, _ = resting(window_ms=250)
    lane = next(iter(consumer.lanes))
    lane.until = rig.clock.monotonic() + 0.03
    rig.turn()
    assert bell.asked == [pytest.approx(0.03)]


def rings_of_two_appends() -> list[int]:
    """Rings heard after each of two appends of one window that end one after the other."""
    rig, _, bell, pool = resting()
    rig.produce(0)
    rig.produce(1)
    rig.turn()
    assert len(pool.appends) == 2
    heard = []
    for _ in range(2):
        pool.answer()
        heard.append(bell.rings)
    return heard


def test_appends_of_one_window_ring_once_when_the_last_has_ended() -> None:
    assert rings_of_two_appends() == [0, 1]


def test_an_append_with_a_block_behind_it_rings_at_once() -> None:
    rig, consumer, bell, pool = resting()
    rig.produce(0)
    rig.produce(1)
    rig.turn()
    rig.produce(0)
    rig.turn(10)
    lane = consumer.lanes.get(0)
    assert lane is not None
    assert len(lane.partition.queue) == 1
    pool.answer()
    assert bell.rings == 1


def test_ringing_for_nobody_or_for_everything_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants: no ring, so that the last answer waits out a rest; a ring for each, so that a window has six turns."""
    monkeypatch.setattr(Lanes, "_ring_after", lambda self, future, lane=None: None)
    assert rings_of_two_appends() == [0, 0]
    monkeypatch.setattr(
        Lanes, "_ring_after", lambda self, future, lane=None: future.add_done_callback(lambda _: self._bell.ring())
    )
    assert rings_of_two_appends() == [1, 2]
