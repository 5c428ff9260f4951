"""plan: what one append carries. Rows of one partition in offset order, cut to size, and their Arrow bytes."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from streaming import contract
from streaming.landing import LANDING, NUMERIC, STAMPED_AT_SERIALISATION, TIMESTAMP
from streaming.stages.evidence import scrub

COLUMNS: Final = tuple(name for name in LANDING if name not in STAMPED_AT_SERIALISATION)
"""Columns of a block's rows: the landing row without what is known only when it is serialised."""

KEPT_WHEN_REJECTED: Final = frozenset(
    {
        "kafka_topic",
        "kafka_topic_id",
        "kafka_partition",
        "kafka_offset",
        "broker_timestamp",
        "replay_id",
        "enrichment_revision",
        "payload_mac",
    }
)
"""What stays of a row that the warehouse refused: where the record came from, and evidence."""

_BYTES_PER_ROW: Final = 600
_BYTES_PER_BLOCK: Final = 8_192
"""What is not bounded by the payload: fixed-width columns, string offsets, validity, constants, the merchant; and a
batch's own header. A test holds the estimate against what is really sent."""

_ARROW: Final[Mapping[object, pa.DataType]] = {
    pl.String: pa.string(),
    pl.Int64: pa.int64(),
    pl.Date: pa.date32(),
    NUMERIC: pa.decimal128(38, 9),
    TIMESTAMP: pa.timestamp("us", "UTC"),
}
SCHEMA: Final = pa.schema([(name, _ARROW[dtype]) for name, dtype in LANDING.items()])
"""BigQuery's Arrow types: Utf8 (not LargeUtf8), decimal128(38, 9), microseconds in UTC, date32, int64."""

_ROWS: Final = pa.schema([SCHEMA.field(name) for name in COLUMNS])
_TEXT: Final = pl.sum_horizontal(pl.col("payload").bin.size(), pl.col("scrubbed").str.len_bytes()).cast(pl.Int64)
_PLACES: Final = {name: place for place, name in enumerate(COLUMNS)}
_EPOCH_AT: Final = SCHEMA.get_field_index("ownership_epoch")
_CASTS: Final = {kind: pc.CastOptions.safe(kind) for kind in set(_ROWS.types)}
_LOADED_AT: Final = SCHEMA.get_field_index("loaded_at")


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one partition, in offset order, at least one. Immutable: every change is a new block.

    The rows are Arrow already: a window is converted once, its blocks are slices of it without a copy.
    """

    partition: int
    batch: pa.RecordBatch = field(repr=False)
    """`COLUMNS` in that order, in the types of `SCHEMA`."""
    payloads: pl.Series = field(repr=False)
    """Raw bytes (Binary, null for a tombstone) of the same records."""
    nbytes: int
    """Estimate of the serialised size, on the high side: what requests and buffers are bounded by."""

    @classmethod
    def of(cls, rows: pl.DataFrame, payloads: pl.Series) -> "Block":
        """A block of rows (`COLUMNS`) of one partition in offset order. Raises ValueError if empty."""
        if rows.is_empty() or rows.height != len(payloads):
            raise ValueError(f"a block of {rows.height} rows and {len(payloads)} payloads")
        text = int(_texts(rows["payload_scrubbed"], payloads).sum())
        return cls(rows["kafka_partition"][0], _to_arrow(rows), payloads, _nbytes(rows.height, text))

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def column(self, name: str) -> "pa.Array[Any]":
        """One column."""
        return self.batch.column(_PLACES[name])

    @property
    def rows(self) -> pl.DataFrame:
        """The rows as a frame. Costs a conversion: not for every block."""
        frame = pl.from_arrow(self.batch)
        assert isinstance(frame, pl.DataFrame)
        return frame

    @property
    def first_offset(self) -> int:
        """Offset of the first record."""
        return int(self.column("kafka_offset")[0].as_py())

    @property
    def next_offset(self) -> int:
        """Offset after the last record: where a consumer goes on."""
        return int(self.column("kafka_offset")[-1].as_py()) + 1

    @property
    def last_timestamp(self) -> datetime:
        """Broker timestamp of the last record, UTC."""
        last = self.column("broker_timestamp")[-1].as_py()
        assert isinstance(last, datetime)
        return last.astimezone(UTC)

    def tail(self, n_skip: int) -> "Block":
        """Without the first `n_skip` records (fewer than all)."""
        return self._part(n_skip, len(self) - n_skip)

    def head(self, n: int) -> "Block":
        """The first `n` records (at least one)."""
        return self._part(0, min(n, len(self)))

    def _part(self, first: int, length: int) -> "Block":
        if length < 1:
            raise ValueError(f"a block of {length} rows")
        batch, payloads = self.batch.slice(first, length), self.payloads.slice(first, length)
        scrubbed = pl.Series(batch.column(_PLACES["payload_scrubbed"]), dtype=pl.String)
        return Block(self.partition, batch, payloads, _nbytes(length, int(_texts(scrubbed, payloads).sum())))

    def quarantined(self, reasons: Mapping[int, str]) -> "Block":
        """The same records with the rows at these places as QUARANTINED_WAREHOUSE_REJECTED.

        The service's words may quote a value, so they are not kept; `reasons` says only which rows.
        """
        places = sorted(reasons)
        rows = self.rows
        refused = rows.select(pl.int_range(pl.len()).is_in(places).alias("refused"))["refused"]
        texts: list[str | None] = [None] * len(self)
        for place in places:
            texts[place] = scrub(self.payloads[place])
        anew: dict[str, pl.Expr | pl.Series] = {
            "status": pl.lit(f"{contract.QUARANTINED_PREFIX}{contract.WAREHOUSE_REJECTED}"),
            "status_detail": pl.lit("the warehouse refused the row"),
            "business_date": pl.col("broker_timestamp").dt.date(),
            "payload_scrubbed": pl.Series(texts, dtype=pl.String),
        }
        lost = [name for name in COLUMNS if name not in KEPT_WHEN_REJECTED]
        changed = (
            pl.when(refused).then(anew.get(name, pl.lit(None, dtype=LANDING[name]))).otherwise(name).alias(name)
            for name in lost
        )
        return Block.of(rows.with_columns(changed), self.payloads)


def split(rows: pl.DataFrame, payloads: pl.Series, max_rows: int) -> list[Block]:
    """Cut a window's rows by partition and to at most `max_rows`, offsets ascending within a partition."""
    if rows.is_empty():
        return []
    runs = _runs(rows)
    if runs is None:
        both = rows.with_columns(payloads.alias("_payload")).sort("kafka_partition", "kafka_offset")
        rows, payloads = both.drop("_payload"), both["_payload"]
        runs = _runs(rows)
    assert runs is not None
    batch, text = _to_arrow(rows), [0, *_texts(rows["payload_scrubbed"], payloads).cum_sum().to_list()]
    blocks = []
    for partition, start, end in runs:
        for first in range(start, end, max_rows):
            after = min(first + max_rows, end)
            nbytes = _nbytes(after - first, text[after] - text[first])
            part = batch.slice(first, after - first), payloads.slice(first, after - first)
            blocks.append(Block(partition, *part, nbytes))
    return blocks


def _runs(rows: pl.DataFrame) -> list[tuple[int, int, int]] | None:
    """(partition, start, end) of each partition's rows; None if partitions or their offsets do not ascend.

    A window comes in order; anything else is sorted first, which for a window of a hundred rows costs as much as
    everything else here together.
    """
    if not rows["kafka_partition"].is_sorted():
        return None
    partitions, runs = rows["kafka_partition"].to_list(), []
    start = 0
    while start < len(partitions):
        end = bisect_right(partitions, partitions[start], lo=start)
        if not rows["kafka_offset"].slice(start, end - start).is_sorted():
            return None
        runs.append((partitions[start], start, end))
        start = end
    return runs


def _to_arrow(rows: pl.DataFrame) -> pa.RecordBatch:
    """`COLUMNS` as one batch in the types of `SCHEMA`. Polars exports string views, the service takes plain strings;
    casting only these, by the kernel itself, takes half as long as casting the table."""
    reader = pa.RecordBatchReader.from_stream(rows.select(COLUMNS).rechunk() if rows.n_chunks() > 1 else rows)
    exported = reader.read_next_batch()
    assert exported.num_rows == rows.height, "a frame of one chunk is one batch"
    columns = [
        column if column.type.equals(wanted.type) else pc.call_function("cast", [column], _CASTS[wanted.type])
        for column, wanted in zip(exported.columns, _ROWS, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_ROWS)


def _texts(scrubbed: pl.Series, payloads: pl.Series) -> pl.Series:
    """Bytes of each record that have no bound of their own. One expression: each costs a window as much as a row."""
    return pl.DataFrame([payloads.alias("payload"), scrubbed.alias("scrubbed")]).select(_TEXT).to_series()


def _nbytes(rows: int, text: int) -> int:
    return _BYTES_PER_BLOCK + _BYTES_PER_ROW * rows + text


def join(blocks: Sequence[Block]) -> Block:
    """One block of several of one partition that follow one another. Raises ValueError if they do not."""
    for before, after in pairwise(blocks):
        if before.partition != after.partition or before.next_offset > after.first_offset:
            raise ValueError("blocks that do not follow one another")
    if len(blocks) == 1:
        return blocks[0]
    batch = pa.concat_batches([block.batch for block in blocks])  # type: ignore[attr-defined]  # the stubs are older
    nbytes = _BYTES_PER_BLOCK + sum(block.nbytes - _BYTES_PER_BLOCK for block in blocks)
    return Block(blocks[0].partition, batch, pl.concat(block.payloads for block in blocks), nbytes)


def arrow_schema() -> bytes:
    """The schema as an Arrow IPC message: `ArrowData.writer_schema.serialized_schema`."""
    return bytes(SCHEMA.serialize())


def serialise(block: Block, epoch: str | None, loaded_at: datetime) -> bytes:
    """The block as one Arrow IPC record batch message, without schema: `rows.serialized_record_batch`.

    `epoch` is None in a superseding row, which no owner of a partition landed.
    """
    epochs = pa.repeat(pa.scalar(epoch, pa.string()), len(block))
    times = pa.repeat(pa.scalar(loaded_at, SCHEMA.field(_LOADED_AT).type), len(block))
    stamped = block.batch.add_column(_EPOCH_AT, SCHEMA.field(_EPOCH_AT), epochs)
    stamped = stamped.add_column(_LOADED_AT, SCHEMA.field(_LOADED_AT), times)
    return stamped.serialize().to_pybytes()
