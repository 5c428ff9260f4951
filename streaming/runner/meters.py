"""What the consumer counts and measures about itself. Plain numbers; the heartbeat shows them."""

from collections import Counter, deque
from datetime import datetime
from typing import Final

import polars as pl

from streaming.contract import STATUS_OK
from streaming.ports import Clock
from streaming.stages.plan import Block

LATENCY_WINDOW_S: Final = 60.0
"""Percentiles are of the events acknowledged in the last minute."""
LATE_MS: Final = 3_600_000
"""Events older than an hour came late from the producer: their age says nothing about this pipeline."""
SAMPLES_PER_BLOCK: Final = 500
"""Bound on what one append contributes, so that a minute at 5,000/s stays a few hundred kB."""


class Meters:
    """Counters since start, and latencies of the last minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.polled = 0
        self.unknown_fields = 0
        self.appends = 0
        self.commits = 0
        self.rows_landed = 0
        self.windows = 0
        self.by_status: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self._latencies: deque[tuple[float, pl.Series]] = deque()

    def landed(self, block: Block) -> None:
        """An append of these rows is acknowledged."""
        rows = block.rows
        self.appends += 1
        self.rows_landed += len(block)
        for status, count in rows["status"].value_counts().iter_rows():
            self.by_status[status] += count
        ages = self._ages_ms(rows, self._clock.now())
        if len(ages):
            self._latencies.append((self._clock.monotonic(), ages))

    def latency_ms(self) -> dict[str, float | None]:
        """p50, p95 and p99 from `occurred_at` to the append's acknowledgement over the last minute."""
        horizon = self._clock.monotonic() - LATENCY_WINDOW_S
        while self._latencies and self._latencies[0][0] < horizon:
            self._latencies.popleft()
        if not self._latencies:
            return {"p50": None, "p95": None, "p99": None}
        ages = pl.concat([series for _, series in self._latencies])
        return {f"p{q}": round(float(ages.quantile(q / 100) or 0.0), 1) for q in (50, 95, 99)}

    @staticmethod
    def _ages_ms(rows: pl.DataFrame, now: datetime) -> pl.Series:
        occurred = rows.filter(pl.col("status") == STATUS_OK)["occurred_at"].tail(SAMPLES_PER_BLOCK)
        ages = (pl.lit(now) - pl.col("occurred_at")).dt.total_milliseconds().alias("age")
        aged = occurred.to_frame().select(ages)["age"]
        return aged.filter(aged < LATE_MS)
