"""What the probe's threads have seen so far: shared between them and the screen."""

import threading
from dataclasses import dataclass, field

import polars as pl

from sandbox.demo.latency import SAMPLES


@dataclass(frozen=True, slots=True)
class Census:
    """The landing table at one moment, against the log's ends read just before."""

    at_us: int
    """When the answer was there, microseconds since the epoch."""
    logged: int
    """Records in Kafka's log, all partitions."""
    by_status: dict[str, int] = field(default_factory=dict)
    """Rows by status, every business date."""
    collapsed: int = 0
    """OK rows that the view shows under an earlier one of the same event."""

    @property
    def landed(self) -> int:
        """Rows in the table."""
        return sum(self.by_status.values())

    @property
    def lag(self) -> int:
        """Records in the log that had no row yet."""
        return max(0, self.logged - self.landed)

    @property
    def quarantined(self) -> dict[str, int]:
        """Rows by quarantine reason, the most frequent first."""
        reasons = {status.removeprefix("QUARANTINED_"): n for status, n in self.by_status.items() if status != "OK"}
        return dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))


class Sightings:
    """Answers of the view, in the order they came. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: list[tuple[int, int, int, int]] = []
        self._census: list[Census] = []
        self.first_row_us: int | None = None
        """When an answer first showed a row."""

    def saw(self, asked_us: int, answered_us: int, highest: dict[int, int]) -> None:
        """The view showed these offsets as the highest of their partitions."""
        with self._lock:
            self._rows += [(asked_us, answered_us, partition, offset) for partition, offset in highest.items()]
            if highest and self.first_row_us is None:
                self.first_row_us = answered_us

    def counted(self, census: Census) -> None:
        """A count of the landing table is there."""
        with self._lock:
            self._census.append(census)

    def samples(self, since_us: int = 0) -> pl.DataFrame:
        """Samples asked at or after `since_us` in the schema `latency.SAMPLES`."""
        with self._lock:
            rows = list(self._rows)
        start = next((i for i in range(len(rows) - 1, -1, -1) if rows[i][0] < since_us), -1) + 1
        return pl.DataFrame(rows[start:], schema=SAMPLES, orient="row")

    @property
    def census(self) -> Census | None:
        """The newest count."""
        with self._lock:
            return self._census[-1] if self._census else None

    def censuses(self) -> list[Census]:
        """Every count, oldest first."""
        with self._lock:
            return list(self._census)
