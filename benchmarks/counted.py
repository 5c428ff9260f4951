"""A warehouse that counts: the protocol's checks of a COMMITTED stream, and no rows.

`streaming.adapters.memory_warehouse` keeps every row and an index of them, which takes a hundred times what the
consumer takes. Here an append is decoded (without copying), its offset within the stream and the Kafka offsets within
the batch are checked, and three numbers go to a file. Files, because several members share the table.
"""

import fcntl
import json
import os
import struct
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa

from streaming.ports import (
    AlreadyExists,
    CountQuery,
    OffsetOutOfRange,
    Refused,
    StreamFinalized,
    StreamNotFound,
)
from streaming.stages.plan import SCHEMA

_APPEND: Final = struct.Struct("<qqq")
"""First and last Kafka offset of an append, and rows of the stream after it."""
Append = tuple[int, int, int]


class CountingWarehouse:
    """The Warehouse port on a folder, which has `merchants.arrow` and `fx_rates.arrow` too. Safe from any thread and
    process. Queries ignore business dates: they count a superset, and every row is of today's run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._streams = folder / "streams"
        self._streams.mkdir(parents=True, exist_ok=True)

    # --- streams ---

    def open_stream(self, timeout_s: float) -> str:
        """Create a stream."""
        name = uuid.uuid4().hex
        (self._streams / name).touch(exist_ok=False)
        return name

    def append(self, stream: str, offset: int, rows: bytes, timeout_s: float) -> None:
        """Check and count one serialised record batch."""
        batch = pa.ipc.read_record_batch(pa.py_buffer(rows), SCHEMA)
        first, last = _offsets(batch)
        with self._locked(stream) as file:
            if self._ended(stream).exists():
                raise StreamFinalized(f"stream {stream} is finalized")
            held = _appends(file)
            end = held[-1][2] if held else 0
            if offset < end:
                raise AlreadyExists(f"offset {offset} exists; expected offset {end}", end)
            if offset > end:
                raise OffsetOutOfRange(f"offset {offset} is beyond the stream's end {end}")
            if not held:
                self._describe(stream, batch)
            os.pwrite(file, _APPEND.pack(first, last, end + batch.num_rows), len(held) * _APPEND.size)

    def finalize(self, stream: str, timeout_s: float) -> int:
        """Refuse further appends and count."""
        with self._locked(stream) as file:
            self._ended(stream).touch()
            held = _appends(file)
            return held[-1][2] if held else 0

    def close_stream(self, stream: str) -> None:
        """Nothing to let go of."""

    @contextmanager
    def _locked(self, stream: str) -> Iterator[int]:
        try:
            file = os.open(self._streams / stream, os.O_RDWR)
        except FileNotFoundError:
            raise StreamNotFound(f"stream {stream} does not exist") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _ended(self, stream: str) -> Path:
        return self._streams / f"{stream}.ended"

    def _describe(self, stream: str, batch: Any) -> None:
        names = ("kafka_topic", "kafka_topic_id", "kafka_partition", "ownership_epoch")
        facts = {name: batch.column(name)[0].as_py() for name in names}
        fresh = self._streams / f"{stream}.fresh"
        fresh.write_text(json.dumps(facts))
        fresh.replace(self._streams / f"{stream}.json")

    # --- queries ---

    def appends(self) -> list[tuple[dict[str, Any], list[Append]]]:
        """What each stream that has rows is of, and its appends."""
        found = []
        for described in sorted(self._streams.glob("*.json")):
            with self._locked(described.stem) as file:
                found.append((json.loads(described.read_text()), _appends(file)))
        return found

    def rows(self) -> int:
        """Rows of all streams."""
        return sum(held[-1][2] for _, held in self.appends() if held)

    def table_created(self, timeout_s: float) -> str:
        """The same for as long as the folder lives."""
        return "2026-01-01T00:00:00+00:00"

    def count_live(self, topic_id: str, queries: Sequence[CountQuery], timeout_s: float) -> dict[int, int]:
        """Rows per partition at or after an offset."""
        counts = {query.partition: 0 for query in queries}
        for facts, held in self.appends():
            for query in queries:
                mine = (topic_id, query.partition) == (facts["kafka_topic_id"], facts["kafka_partition"])
                if mine and facts["ownership_epoch"] != query.besides_epoch:
                    counts[query.partition] += sum(
                        max(0, last - max(first, query.offset) + 1) for first, last, _ in held
                    )
        return counts

    def highest_live(self, topic_id: str, partition: int, timeout_s: float) -> int | None:
        """Highest offset of the partition."""
        mine = (topic_id, partition)
        lasts = [
            held[-1][1] for facts, held in self.appends() if (facts["kafka_topic_id"], facts["kafka_partition"]) == mine
        ]
        return max(lasts, default=None)

    def topic_ids_landed(self, topic: str, partition: int, timeout_s: float) -> set[str]:
        """Topic ids with rows."""
        mine = (topic, partition)
        found = [facts for facts, _ in self.appends() if (facts["kafka_topic"], facts["kafka_partition"]) == mine]
        return {str(facts["kafka_topic_id"]) for facts in found}

    # --- reference data ---

    def reference_versions(self, timeout_s: float) -> dict[str, str]:
        """One version that never changes."""
        return {"merchants": "bench", "fx_rates": "bench"}

    def load_merchants(self, version: str, timeout_s: float) -> pl.DataFrame:
        """The file's rows."""
        return pl.read_ipc(self.folder / "merchants.arrow")

    def load_fx_rates(self, version: str, timeout_s: float) -> pl.DataFrame:
        """The file's rows."""
        return pl.read_ipc(self.folder / "fx_rates.arrow")

    def close(self) -> None:
        """Nothing to close."""


def _offsets(batch: Any) -> tuple[int, int]:
    """First and last Kafka offset. Raises Refused unless the rows are one unbroken run of one partition."""
    offsets, partitions = batch.column("kafka_offset"), batch.column("kafka_partition")
    first, last = offsets[0].as_py(), offsets[-1].as_py()
    if last - first + 1 != batch.num_rows or partitions[0].as_py() != partitions[-1].as_py():
        raise Refused(f"{batch.num_rows} rows of offsets {first} to {last}: not one run of one partition")
    return first, last


def _appends(file: int) -> list[Append]:
    size = os.fstat(file).st_size
    return [(first, last, rows) for first, last, rows in _APPEND.iter_unpack(os.pread(file, size, 0))]


def unbroken(appends: list[tuple[dict[str, Any], list[Append]]]) -> int:
    """Rows of all partitions, if every offset from 0 on is there exactly once. Raises ValueError."""
    runs: dict[int, list[tuple[int, int]]] = {}
    for facts, held in appends:
        runs.setdefault(int(facts["kafka_partition"]), []).extend((first, last) for first, last, _ in held)
    for partition, found in runs.items():
        expected = 0
        for first, last in sorted(found):
            if first != expected:
                raise ValueError(f"partition {partition}: an append begins at {first} instead of {expected}")
            expected = last + 1
    return sum(last - first + 1 for found in runs.values() for first, last in found)
