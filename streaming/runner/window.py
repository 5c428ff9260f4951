"""The window: polled records gathered until it is worth enriching them, as columns."""

from dataclasses import dataclass, field
from math import inf
from typing import Final

import polars as pl

from streaming.landing import WINDOW
from streaming.ports import Records

BACKLOG_AGES: Final = 4
"""Bounds what one slow partition costs the others: at most this many window lengths."""
WALKED_S: Final = 0.005
"""Rest between polls while the window before is walked; its end rings."""
IDLE_S: Final = 0.1
"""Rest between polls while nothing comes: what a first record after a pause waits at most."""
MAX_BYTES: Final = 8_388_608
"""Payloads a window holds before it is enriched whatever its age: enriching needs a few times as much."""


@dataclass(slots=True)
class Window:
    """Records of all partitions of this member, in the order they were polled.

    A window's age counts from when the one before was taken: between polls, records wait in the client's queue.
    """

    partitions: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    timestamps_ms: list[int] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list, repr=False)
    nbytes: int = 0
    """Bytes of the payloads."""
    taken: float = -inf
    """Monotonic time at which the last window was taken."""
    dropped: set[int] = field(default_factory=set)
    """Partitions dropped since then: of the window taken last, their records are void too."""
    per_s: float = 0.0
    """Records a second, as the last poll brought them."""
    _polled: float = -inf

    def __len__(self) -> int:
        return len(self.offsets)

    def add(self, records: Records, fetching: set[int], now: float) -> None:
        """Take polled records; those of partitions that are not being fetched are delivered again later."""
        since, self._polled = now - self._polled, now
        self.per_s = len(records) / max(since, 0.001)
        if not len(records):
            return
        if not fetching.issuperset(records.partitions):
            records = _only(records, fetching)
        self.partitions += records.partitions
        self.offsets += records.offsets
        self.timestamps_ms += records.timestamps_ms
        self.values += records.values
        self.nbytes += _size(records.values)

    def drop(self, partition: int) -> None:
        """Forget a partition's records: it is being given up, or fetched again from an earlier offset."""
        self.dropped.add(partition)
        if partition not in self.partitions:
            return
        kept = _only(
            Records(self.partitions, self.offsets, self.timestamps_ms, self.values), set(self.partitions) - {partition}
        )
        self.partitions, self.offsets = kept.partitions, kept.offsets
        self.timestamps_ms, self.values = kept.timestamps_ms, kept.values
        self.nbytes = _size(self.values)

    def due(self, now: float, max_age_s: float, max_rows: int, backlog: bool) -> bool:
        """Whether to enrich now: there is something, and it is enough or waited long enough.

        While blocks of earlier windows still wait for their append (`backlog`), another window would only queue up
        behind them: it grows up to `BACKLOG_AGES` times as old, and appends become fewer and larger by themselves.
        """
        return bool(self.offsets) and (self.full(max_rows) or now >= self.taken + _age_s(max_age_s, backlog))

    def full(self, max_rows: int) -> bool:
        """Whether it must not grow further."""
        return len(self) >= max_rows or self.nbytes >= MAX_BYTES

    def rest_s(self, now: float, max_age_s: float, max_rows: int, backlog: bool, busy: bool = False) -> float:
        """How long polling can wait: until the window is due, or until it is half way to full at the present rate.
        While the window before is still walked (`busy`), it cannot be due."""
        idle = not self.offsets and now >= self.taken + max_age_s
        left = IDLE_S if idle else self.taken + _age_s(max_age_s, backlog) - now
        left = max(left, WALKED_S) if busy else left
        room = max_rows - len(self)
        return max(0.0, min(left, max_age_s, room / 2 / self.per_s if self.per_s else left))

    def take(self, now: float = -inf) -> pl.DataFrame:
        """The records as a frame of schema `landing.WINDOW`, partition by partition, in the order they came within
        each; the window is empty afterwards."""
        order = sorted(range(len(self)), key=self.partitions.__getitem__)
        times = pl.Series([self.timestamps_ms[n] for n in order], dtype=pl.Int64) * 1_000
        columns = [
            pl.Series("kafka_partition", [self.partitions[n] for n in order], dtype=pl.Int64),
            pl.Series("kafka_offset", [self.offsets[n] for n in order], dtype=pl.Int64),
            times.cast(WINDOW["broker_timestamp"]).alias("broker_timestamp"),
            pl.Series("payload", [self.values[n] for n in order], dtype=pl.Binary),
        ]
        self.partitions, self.offsets, self.timestamps_ms, self.values = [], [], [], []
        self.taken, self.nbytes, self.dropped = now, 0, set()
        return pl.DataFrame(columns)


def _age_s(max_age_s: float, backlog: bool) -> float:
    return max_age_s * BACKLOG_AGES if backlog else max_age_s


def _size(values: list[bytes | None]) -> int:
    return sum(map(len, filter(None, values)))


def _only(records: Records, partitions: set[int]) -> Records:
    keep = [index for index, number in enumerate(records.partitions) if number in partitions]
    return Records(
        [records.partitions[i] for i in keep],
        [records.offsets[i] for i in keep],
        [records.timestamps_ms[i] for i in keep],
        [records.values[i] for i in keep],
    )
