"""A partition that should deliver and does not is fenced and fetched anew, once a position."""

from runner_rig import Rig

from streaming.ports import LogRange
from streaming.runner.stalls import STALLED_S, Stalls


def settled() -> Rig:
    rig = Rig(partitions=1)
    rig.start()
    rig.produce(0, 5)
    rig.settle()
    return rig


def look(stalls: Stalls, rig: Rig, now: float, end: int, paused: set[int] | None = None) -> list[int]:
    return stalls.look(rig.members["member-0"].lanes, {0: LogRange(0, end)}, paused or set(), now)


def test_standing_still_behind_the_log_is_reported_once_a_position():
    rig, stalls = settled(), Stalls()
    assert look(stalls, rig, 0.0, end=9) == []
    assert look(stalls, rig, STALLED_S - 1, end=9) == []
    assert look(stalls, rig, STALLED_S, end=9) == [0]
    assert look(stalls, rig, 10 * STALLED_S, end=9) == []
    rig.produce(0, 1)
    rig.settle()
    assert look(stalls, rig, 11 * STALLED_S, end=9) == []
    assert look(stalls, rig, 12 * STALLED_S, end=9) == [0]


def test_at_the_end_paused_or_away_from_it_nothing_stalls():
    rig, stalls = settled(), Stalls()
    for now in (0.0, STALLED_S, 2 * STALLED_S):
        assert look(stalls, rig, now, end=5) == []
        assert look(stalls, rig, now, end=9, paused={0}) == []
    assert look(stalls, rig, 3 * STALLED_S, end=9) == [], "the clock starts when it should deliver"


def test_the_vitals_have_it_recover():
    from streaming.runner.vitals import Vitals

    rig = settled()
    consumer = rig.members["member-0"]
    vitals = Vitals(consumer, rig.world("member-0"), "member-0")
    rig.brokers["member-0"].hold([0])  # the client forgets the partition; nobody tells us
    rig.produce(0, 3)
    for _ in range(4):
        vitals.beat()
        rig.turn(2)
        rig.clock.advance(STALLED_S / 2)
    assert any(name == "stalled" for name, _ in rig.journal.events)
    rig.settle()
    rig.assert_exactly_once()
