"""Clocks: the system's, and one that tests move by hand."""

import threading
import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Current time, UTC with zone."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        return time.monotonic()


class ManualClock:
    """Stands still until `advance`. Safe to call from any thread."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock starts at a time with its zone")
        self._lock = threading.Lock()
        self._start = start.astimezone(UTC)
        self._passed = 0.0
        self._shift = timedelta()

    def now(self) -> datetime:
        """Current time, UTC with zone."""
        with self._lock:
            return self._start + timedelta(seconds=self._passed) + self._shift

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        with self._lock:
            return self._passed

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks. Raises ValueError for a negative step: that is `set_wall`'s."""
        if seconds < 0:
            raise ValueError("time does not pass backwards; use set_wall for a corrected wall clock")
        with self._lock:
            self._passed += seconds

    def set_wall(self, at: datetime) -> None:
        """Set the wall clock alone, as a time service does: it may go back, `monotonic` does not notice."""
        with self._lock:
            self._shift = at.astimezone(UTC) - self._start - timedelta(seconds=self._passed)
