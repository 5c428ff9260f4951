"""The batch warehouse in memory. It can lose an answer or die at every call, before or after the call took effect."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, TypeVar

import polars as pl
import pyarrow as pa

from assets.payments.batch_warehouse import AlreadyCommitted, BatchWrite
from assets.payments.superseding import write_id
from streaming.landing import LANDING
from streaming.ports import AlreadyExists, OffsetOutOfRange, StreamFinalized, StreamNotFound, Unavailable
from streaming.stages.plan import SCHEMA

Result = TypeVar("Result")
Effect = Literal["before", "after"]
EFFECTS: Final[tuple[Effect, ...]] = ("before", "after")


class Crash(Exception):
    """The writing process is gone; the warehouse stays."""


@dataclass(slots=True)
class _Stream:
    batches: list[pa.RecordBatch] = field(default_factory=list)
    state: Literal["open", "finalized", "committed"] = "open"

    @property
    def count(self) -> int:
        return sum(batch.num_rows for batch in self.batches)


class MemoryBatchWarehouse:
    """`fail(call, effect, error)` makes the call with that number (from 0) raise, before or after it takes effect."""

    def __init__(self) -> None:
        self.landing = pl.DataFrame(schema=LANDING)
        self.writes: list[BatchWrite] = []
        self.calls: list[str] = []
        """Names of the calls made, in order."""
        self._streams: dict[str, _Stream] = {}
        self._opened = 0
        self._fault: tuple[int, Effect, Exception] | None = None

    def fail(self, call: int, effect: Effect, error: Exception | None = None) -> None:
        """Plan one fault; the default is an answer that is lost, or a request that never arrived."""
        self._fault = (call, effect, error or Unavailable("no answer"))

    def forget_streams(self) -> None:
        """As after their expiry: rows of committed streams stay."""
        self._streams.clear()

    def create_pending(self) -> str:
        """Open a PENDING stream."""
        return self._call("create_pending", self._open)

    def append(self, stream: str, offset: int, rows: bytes) -> None:
        """Append one serialised record batch at `offset`."""
        self._call("append", lambda: self._append(stream, offset, rows))

    def finalize(self, stream: str) -> int:
        """Refuse further appends and count."""
        return self._call("finalize", lambda: self._finalize(stream))

    def commit(self, stream: str) -> None:
        """Make all rows visible at once."""
        self._call("commit", lambda: self._commit(stream))

    def record(self, write: BatchWrite) -> None:
        """Keep this write."""
        self._call("record", lambda: self.writes.append(write))

    def recorded(self, replay_id: str, day: date) -> BatchWrite | None:
        """The newest recorded write of this run and day."""
        return self._call("recorded", lambda: self._newest(replay_id, day))

    def rows_of(self, replay_id: str, day: date) -> int:
        """Visible landing rows of this run and day."""
        mine = {"business_date": day, "replay_id": write_id(replay_id, day)}
        return self._call("rows_of", lambda: self.landing.filter(**mine).height)

    def _call(self, name: str, apply: Callable[[], Result]) -> Result:
        number = len(self.calls)
        self.calls.append(name)
        planned, effect, error = self._fault or (-1, "before", Unavailable(""))
        if planned == number and effect == "before":
            raise error
        result = apply()
        if planned == number:
            raise error
        return result

    def _open(self) -> str:
        self._opened += 1
        self._streams[f"pending-{self._opened}"] = _Stream()
        return f"pending-{self._opened}"

    def _get(self, stream: str) -> _Stream:
        if stream not in self._streams:
            raise StreamNotFound(stream)
        return self._streams[stream]

    def _append(self, stream: str, offset: int, rows: bytes) -> None:
        found = self._get(stream)
        if found.state != "open":
            raise StreamFinalized(stream)
        if offset < found.count:
            raise AlreadyExists(stream, found.count)
        if offset > found.count:
            raise OffsetOutOfRange(stream)
        found.batches.append(pa.ipc.read_record_batch(pa.py_buffer(rows), SCHEMA))

    def _finalize(self, stream: str) -> int:
        found = self._get(stream)
        if found.state == "committed":
            raise StreamFinalized(stream)
        found.state = "finalized"
        return found.count

    def _commit(self, stream: str) -> None:
        found = self._get(stream)
        if found.state == "committed":
            raise AlreadyCommitted(stream)
        if found.state == "open":
            raise StreamFinalized(f"{stream} is not finalized")
        found.state = "committed"
        rows = pl.from_arrow(pa.Table.from_batches(found.batches, SCHEMA))
        assert isinstance(rows, pl.DataFrame)
        self.landing = pl.concat([self.landing, rows.cast(pl.Schema(LANDING))])

    def _newest(self, replay_id: str, day: date) -> BatchWrite | None:
        mine = [w for w in self.writes if (w.replay_id, w.business_date) == (replay_id, day)]
        return mine[-1] if mine else None
