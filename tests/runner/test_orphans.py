"""Partitions that the group gave to nobody are noticed and dealt again; what is somebody's is left alone."""

from concurrent.futures import Future
from itertools import pairwise
from types import SimpleNamespace

import pytest
from runner_rig import Rig

from streaming.runner.orphans import LOOK_S, REVOKED_S, Orphans

PATIENCE_S = 10.0 + REVOKED_S
"""With `drain_s` as it is by default."""


def shared() -> Rig:
    """Two members that have two partitions each and delivered something."""
    rig = Rig(partitions=4)
    rig.start("member-0")
    rig.turn(6)
    rig.start("member-1")
    rig.turn(12)
    for partition in range(4):
        rig.produce(partition, 2)
    rig.settle()
    return rig


def pass_time(rig: Rig, seconds: float) -> None:
    for _ in range(round(seconds)):
        rig.clock.advance(1.0)
        rig.turn()


def orphaned(rig: Rig) -> list[int]:
    """A member dies after it gave partitions up and is back before anybody missed it."""
    gone = sorted(rig.states()["member-1"])
    rig.kill("member-1")
    rig.cluster.orphan(*gone)
    rig.start("member-1")
    for partition in range(4):
        rig.produce(partition, 2)
    return gone


def test_partitions_of_nobody_are_dealt_again() -> None:
    rig = shared()
    gone = orphaned(rig)
    pass_time(rig, 3 * PATIENCE_S)
    rig.settle()
    rig.assert_exactly_once()
    assert [facts["partitions"] for facts in rig.said("deal_again")] == [gone], "by one member, once"
    assert sorted(len(partitions) for partitions in rig.states().values()) == [2, 2]


def test_without_that_they_stay_with_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Orphans, "found", lambda self: [])
    rig = shared()
    orphaned(rig)
    pass_time(rig, 3 * PATIENCE_S)
    assert not rig.at_end()


def test_a_group_at_rest_is_left_alone() -> None:
    rig = shared()
    pass_time(rig, 6 * LOOK_S)
    assert rig.said("deal_again") == []


def test_a_look_that_is_not_answered_says_nothing() -> None:
    rig = shared()
    rig.cluster.stop()
    pass_time(rig, 4 * LOOK_S)
    rig.cluster.start()
    pass_time(rig, 1)
    assert rig.said("deal_again") == []
    assert rig.said("orphans_not_asked") == []


def test_a_member_that_is_slow_to_give_up_is_waited_for() -> None:
    """While it does, its partitions are nobody's as well."""
    rig = shared()
    rig.cluster.orphan(3)
    pass_time(rig, PATIENCE_S - 1)
    rig.cluster.rebalance()
    pass_time(rig, 4 * PATIENCE_S)
    assert rig.said("deal_again") == []


def test_partitions_that_stay_with_nobody_are_dealt_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = shared()
    rig.cluster.orphan(3)
    monkeypatch.setattr(rig.members["member-0"]._world.broker, "deal_again", lambda: None)
    times = []
    for second in range(400):
        pass_time(rig, 1)
        if len(rig.said("deal_again")) > len(times):
            times.append(second)
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert len(waits) >= 3
    assert all(later >= 1.5 * earlier for earlier, later in pairwise(waits)), waits


def test_a_look_of_another_time_says_nothing() -> None:
    """The process stood still between its question and the answer."""
    clock, looks = SimpleNamespace(at=0.0), []
    pool = SimpleNamespace(submit=lambda call, limit: looks.append(Future()) or looks[-1])
    world = SimpleNamespace(
        clock=SimpleNamespace(monotonic=lambda: clock.at), pool=pool, broker=SimpleNamespace(unowned=None)
    )
    orphans = Orphans(world, patience_s=12.0)

    def ask_and_answer(later: float) -> list[int]:
        clock.at += LOOK_S
        orphans.found()
        looks[-1].set_result([3])
        clock.at += later
        return orphans.found()

    assert ask_and_answer(600.0) == []
    assert [ask_and_answer(0.0) for _ in range(4)] == [[], [], [], [3]], "it counts from the looks that are fresh"
