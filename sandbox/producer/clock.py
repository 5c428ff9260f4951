"""The producer's clock: wall time for stamps, monotonic time for pace."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall clock and monotonic clock."""

    def now(self) -> datetime:
        """Current time, UTC with zone."""

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Current time, UTC with zone."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        return time.monotonic()
