"""What a batch write needs of the warehouse: the port, its errors, and the record of a write."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Protocol

import polars as pl

from streaming.landing import TIMESTAMP
from streaming.ports import WarehouseError

BATCH_WRITES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "replay_id": pl.String,
    "business_date": pl.Date,
    "stream": pl.String,
    "row_count": pl.Int64,
    "recorded_at": TIMESTAMP,
    "kind": pl.String,
    "touches": pl.Date,
}
"""Columns of the table `batch_writes`: the fields of `BatchWrite`, a row for each date that it touches."""


class AlreadyCommitted(WarehouseError):
    """The stream was committed before: its rows are in the table, once."""


@dataclass(frozen=True, slots=True)
class BatchWrite:
    """One PENDING stream of a run and day, as the table `batch_writes` keeps it."""

    replay_id: str
    business_date: date
    stream: str
    row_count: int
    """Rows the stream must hold before it may be committed."""
    recorded_at: datetime = field(compare=False)
    """UTC, with zone: `loaded_at` of the rows. The table keeps the service's own time of the recording instead."""
    kind: str
    touches: tuple[date, ...] = field(default=(), compare=False)
    """Business dates on which the rows lie, for whoever builds something of days; `recorded` leaves it empty."""


class BatchWarehouse(Protocol):
    """PENDING write streams of the landing table, and the record of them.

    Every method may raise WarehouseError; after Unavailable the request may have been applied or not.
    """

    def create_pending(self) -> str:
        """Open a PENDING stream: nothing of it is visible before it is committed."""
        ...

    def append(self, stream: str, offset: int, rows: bytes) -> None:
        """Append one serialised record batch at `offset`. Raises StreamFinalized, StreamNotFound, RowsRejected."""
        ...

    def finalize(self, stream: str) -> int:
        """Refuse further appends and return the rows the stream holds, the same number each time until it is
        committed; then it may raise StreamFinalized instead. Raises StreamNotFound."""
        ...

    def commit(self, stream: str) -> None:
        """Make all rows of a finalized stream visible at once. Raises AlreadyCommitted, StreamNotFound."""
        ...

    def record(self, write: BatchWrite) -> None:
        """Keep this write, as the newest. Its answer means that `recorded` finds it from now on."""
        ...

    def recorded(self, replay_id: str, day: date) -> BatchWrite | None:
        """The newest recorded write of this run and day."""
        ...

    def rows_of(self, replay_id: str, day: date) -> int:
        """Visible landing rows on `day` whose `replay_id` is `write_id(replay_id, day)`."""
        ...
