"""What the consumer counts and measures about itself. Plain numbers; the heartbeat shows them."""

from array import array
from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from streaming.contract import STATUS_OK
from streaming.ports import Clock
from streaming.stages.plan import Block

LATENCY_WINDOW_S: Final = 60.0
"""Percentiles are of the events acknowledged in the last minute."""
LATE_MS: Final = 3_600_000
"""Events older than an hour came late from the producer: their age says nothing about this pipeline."""
SAMPLES_PER_BLOCK: Final = 100
"""Bound on what one append contributes, so that a minute at 5,000/s stays a few hundred kB."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
        self._latencies: deque[tuple[float, array[int]]] = deque()

    def landed(self, block: Block) -> None:
        """An append of these rows is acknowledged. Without a frame: on twenty rows that would cost more than landing
        them."""
        self.appends += 1
        self.rows_landed += len(block)
        counted: Any = pc.value_counts(block.column("status"))
        self.by_status.update({entry["values"]: entry["counts"] for entry in counted.to_pylist()})
        ages = self._ages_ms(block)
        if ages:
            self._of_second(self._clock.monotonic()).extend(ages)

    def latency_ms(self) -> dict[str, float | None]:
        """p50, p95 and p99 from `occurred_at` to the append's acknowledgement over the last minute."""
        horizon = self._clock.monotonic() - LATENCY_WINDOW_S
        while self._latencies and self._latencies[0][0] < horizon:
            self._latencies.popleft()
        ages = array("q")
        for _, second in self._latencies:
            ages.extend(second)
        if not ages:
            return {"p50": None, "p95": None, "p99": None}
        column = pa.Array.from_buffers(pa.int64(), len(ages), [None, pa.py_buffer(ages)])
        return {f"p{q}": _quantile(column, q / 100) for q in (50, 95, 99)}

    def _of_second(self, now: float) -> "array[int]":
        """The ages noted in the second that `now` is in: a minute is sixty pieces, however many appends it had."""
        if not self._latencies or now - self._latencies[-1][0] >= 1.0:
            self._latencies.append((now, array("q")))
        return self._latencies[-1][1]

    def _ages_ms(self, block: Block) -> list[int]:
        """Ages of rows that are OK, whole milliseconds, from all over the block: the newest alone would flatter."""
        places = pa.array(range(0, len(block), -(-len(block) // SAMPLES_PER_BLOCK)))
        statuses = block.column("status").take(places).to_pylist()
        occurred_us = block.column("occurred_at").take(places).view(pa.int64()).to_pylist()
        now_us = (self._clock.now() - _EPOCH) // timedelta(microseconds=1)
        of_rows = zip(statuses, occurred_us, strict=True)
        ages = [(now_us - at) // 1_000 for status, at in of_rows if status == STATUS_OK and at is not None]
        return [age for age in ages if age < LATE_MS]


def _quantile(ages: "pa.Array[Any]", at: float) -> float:
    found = pc.quantile(ages, q=at, interpolation="nearest")[0].as_py()
    assert found is not None, "a quantile of nothing"
    return round(float(found), 1)
