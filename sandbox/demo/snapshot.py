"""What the viewer is shown, four times a second: plain numbers, no clients, no processes."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

STARTING: Final = "starting"
STREAMING: Final = "streaming"
RECOVERING: Final = "recovering"
DRAINING: Final = "draining"

HISTORY: Final = 60


@dataclass(frozen=True, slots=True)
class Happening:
    """Something worth a line: seconds since the stream began, what, and how it is coloured (good, bad, plain)."""

    at_s: float
    text: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a demo at one moment."""

    phase: str = STARTING
    elapsed_s: float = 0.0
    """Since the stream began."""
    duration_s: float = 0.0
    rate: float = 0.0
    produced: int = 0
    """Records that Kafka acknowledged."""
    landed: int = 0
    lag: int = 0
    events_per_s: float = 0.0
    """Rows landed a second, over the last few seconds."""
    p50_ms: float | None = None
    p95_ms: float | None = None
    quarantined: dict[str, int] = field(default_factory=dict)
    collapsed: int = 0
    behind_ms: int = 0
    """How far the producer is behind its own schedule."""
    members: list[tuple[str, int | None, str]] = field(default_factory=list)
    """Name, pid while it runs, state."""
    rss_mb: float = 0.0
    happenings: list[Happening] = field(default_factory=list)
    lag_history: list[float] = field(default_factory=list)
    rate_history: list[float] = field(default_factory=list)
    p95_history: list[float] = field(default_factory=list)
    trouble: str | None = None
    address: str | None = None
    """Where Dagster's pages are."""


class History:
    """One value a second, the last minute of them."""

    def __init__(self) -> None:
        self.lag: deque[float] = deque(maxlen=HISTORY)
        self.rate: deque[float] = deque(maxlen=HISTORY)
        self.p95: deque[float] = deque(maxlen=HISTORY)

    def note(self, lag: float, rate: float, p95: float | None) -> None:
        """Take one second's values."""
        self.lag.append(lag)
        self.rate.append(rate)
        self.p95.append(p95 or 0.0)


class Pace:
    """Rows a second over a sliding few seconds, from counts at times."""

    WINDOW_S: Final = 4.0

    def __init__(self) -> None:
        self._points: deque[tuple[float, int]] = deque()

    def note(self, at_s: float, count: int) -> float:
        """Take a count and return the pace in rows a second."""
        if not self._points or self._points[-1][1] != count or at_s - self._points[-1][0] > 1.0:
            self._points.append((at_s, count))
        while len(self._points) > 2 and at_s - self._points[0][0] > self.WINDOW_S:
            self._points.popleft()
        (first_s, first), (last_s, last) = self._points[0], self._points[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0
