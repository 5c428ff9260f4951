"""Stopwatches: own time only, taken off afterwards, and on what the walk really calls."""

import pytest

from benchmarks import stopwatches
from benchmarks.stopwatches import CALLS_PER_WINDOW, Stopwatches, name_of, weight
from streaming import walk
from streaming.stages import plan


@pytest.fixture
def ticks(monkeypatch):
    """A clock that `spend` moves; wall and CPU alike."""
    now = [0.0]
    monkeypatch.setattr(stopwatches.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(stopwatches.time, "process_time", lambda: now[0] / 2)

    def spend(seconds):
        now[0] += seconds

    return spend


def test_own_time_leaves_out_what_is_timed_inside(ticks):
    watches = Stopwatches()
    inner = watches._timed("inner", lambda: ticks(3.0))

    def work():
        ticks(1.0)
        inner()
        inner()
        ticks(0.5)

    watches._timed("outer", work)()
    outer, within = watches.spent["outer"], watches.spent["inner"]
    assert (outer.wall_s, outer.cpu_s, outer.calls) == (1.5, 0.75, 1)
    assert (within.wall_s, within.cpu_s, within.calls) == (6.0, 3.0, 2)


def test_time_is_counted_when_a_step_raises(ticks):
    watches = Stopwatches()

    def failing():
        ticks(2.0)
        raise ValueError

    with pytest.raises(ValueError):
        watches._timed("failing", failing)()
    assert watches.spent["failing"].wall_s == 2.0
    assert watches._inner == []


def test_the_walk_is_timed_while_it_runs_and_left_as_it_was():
    from benchmarks import pipeline

    before = (pipeline.enrich, pipeline.split, pipeline.serialise, dict(vars(walk)))
    watches = Stopwatches()
    with watches.running():
        assert pipeline.enrich is not before[0]
        assert {"walk.enrich", "plan.split", "plan.serialise", "window.take", "decode", "validate"} <= set(
            watches.spent
        )
    assert (pipeline.enrich, pipeline.split, pipeline.serialise, dict(vars(walk))) == before


def test_what_runs_for_single_records_is_left_alone():
    watches = Stopwatches()
    busy = watches._timed("busy", lambda: None)
    watches._timed("calm", lambda: None)()
    for _ in range(CALLS_PER_WINDOW + 1):
        busy()
    assert watches.hot(windows=1) == {"busy"}
    assert watches.hot(windows=2) == set()
    with Stopwatches(frozenset({"plan.split"})).running() as others:
        assert "plan.split" not in others.spent


def test_names_and_weights():
    assert name_of(plan.serialise) == "plan.serialise"
    assert name_of(walk.decode) == "decode"
    assert weight(b"12345") == 5
    assert weight(None) == 0
