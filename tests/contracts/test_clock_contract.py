"""The Clock port's promises on both clocks."""

from datetime import UTC, datetime, timedelta

import pytest

from streaming.adapters.clock import ManualClock, SystemClock
from streaming.ports import Clock


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()], ids=["system", "manual"])
def test_time_has_its_zone_and_does_not_go_back(clock: Clock) -> None:
    assert clock.now().utcoffset() == timedelta(0)
    seconds = [clock.monotonic() for _ in range(3)]
    assert seconds == sorted(seconds)


def test_the_manual_clock_stands_still_until_it_is_advanced() -> None:
    clock = ManualClock(datetime(2026, 3, 1, 1, tzinfo=UTC))
    assert clock.now() == clock.now() == datetime(2026, 3, 1, 1, tzinfo=UTC)
    clock.advance(90.5)
    assert clock.now() == datetime(2026, 3, 1, 1, 1, 30, 500_000, tzinfo=UTC)
    assert clock.monotonic() == 90.5


def test_a_corrected_wall_clock_does_not_move_the_monotonic_one() -> None:
    clock = ManualClock()
    clock.advance(10)
    earlier = datetime(2025, 1, 1, tzinfo=UTC)
    clock.set_wall(earlier)
    assert clock.now() == earlier
    assert clock.monotonic() == 10
    clock.advance(1)
    assert clock.now() == earlier + timedelta(seconds=1)


def test_misuse_is_said() -> None:
    with pytest.raises(ValueError, match="zone"):
        ManualClock(datetime(2026, 1, 1))  # noqa: DTZ001  # the point
    with pytest.raises(ValueError, match="backwards"):
        ManualClock().advance(-1)
