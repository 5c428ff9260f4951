"""The window: polled records gathered until it is worth enriching them, as columns."""

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from streaming.landing import WINDOW
from streaming.ports import Records

BACKLOG_AGES: Final = 4
"""Bounds what one slow partition costs the others: at most this many window lengths."""


MAX_BYTES: Final = 8_388_608
"""Payloads a window holds before it is enriched whatever its age: enriching needs a few times as much."""


@dataclass(slots=True)
class Window:
    """Records of all partitions of this member, in the order they were polled."""

    partitions: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    timestamps_ms: list[int] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    nbytes: int = 0
    """Bytes of the payloads."""
    opened: float | None = None
    """Monotonic time of the first record."""

    def __len__(self) -> int:
        return len(self.offsets)

    def add(self, records: Records, fetching: set[int], now: float) -> None:
        """Take polled records; those of partitions that are not being fetched are delivered again later."""
        if not len(records):
            return
        if not fetching.issuperset(records.partitions):
            records = _only(records, fetching)
        self.opened = now if self.opened is None else self.opened
        self.partitions += records.partitions
        self.offsets += records.offsets
        self.timestamps_ms += records.timestamps_ms
        self.values += records.values
        self.nbytes += sum(len(value) for value in records.values if value)

    def drop(self, partition: int) -> None:
        """Forget a partition's records: it is being given up, or fetched again from an earlier offset."""
        kept = _only(
            Records(self.partitions, self.offsets, self.timestamps_ms, self.values), set(self.partitions) - {partition}
        )
        self.partitions, self.offsets = kept.partitions, kept.offsets
        self.timestamps_ms, self.values = kept.timestamps_ms, kept.values
        self.nbytes = sum(len(value) for value in self.values if value)

    def due(self, now: float, max_age_s: float, max_rows: int, backlog: bool) -> bool:
        """Whether to enrich now: it is full or old enough.

        While blocks of earlier windows still wait for their append (`backlog`), another window would only queue up
        behind them: it grows up to `BACKLOG_AGES` times as old, and appends become fewer and larger by themselves.
        """
        if self.opened is None:
            return False
        age = (now - self.opened) / max_age_s
        return len(self) >= max_rows or self.nbytes >= MAX_BYTES or age >= (BACKLOG_AGES if backlog else 1)

    def take(self) -> pl.DataFrame:
        """The records as a frame of schema `landing.WINDOW`; the window is empty afterwards."""
        frame = pl.DataFrame(
            {
                "kafka_partition": self.partitions,
                "kafka_offset": self.offsets,
                "broker_timestamp": pl.Series(self.timestamps_ms, dtype=pl.Int64).cast(pl.Datetime("ms", "UTC")),
                "payload": self.values,
            },
            schema_overrides={"payload": pl.Binary},
        ).cast({"broker_timestamp": WINDOW["broker_timestamp"]})
        self.partitions, self.offsets, self.timestamps_ms, self.values = [], [], [], []
        self.opened, self.nbytes = None, 0
        return frame.select(list(WINDOW)).cast(dict(WINDOW))  # type: ignore[arg-type]  # dtype classes are fine


def _only(records: Records, partitions: set[int]) -> Records:
    keep = [index for index, number in enumerate(records.partitions) if number in partitions]
    return Records(
        [records.partitions[i] for i in keep],
        [records.offsets[i] for i in keep],
        [records.timestamps_ms[i] for i in keep],
        [records.values[i] for i in keep],
    )
