"""plan: what one append carries. Rows of one partition in offset order, cut to size, and their Arrow bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

import polars as pl
import pyarrow as pa

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


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one partition, in offset order, at least one. Immutable: every change is a new block."""

    partition: int
    rows: pl.DataFrame
    """`COLUMNS`, in that order."""
    payloads: pl.Series
    """Raw bytes (Binary, null for a tombstone) of the same records."""
    nbytes: int
    """Estimate of the serialised size, on the high side: what requests and buffers are bounded by."""

    @classmethod
    def of(cls, rows: pl.DataFrame, payloads: pl.Series) -> "Block":
        """A block of rows that belong to one partition and are in offset order. Raises ValueError if empty."""
        if rows.is_empty() or rows.height != len(payloads):
            raise ValueError(f"a block of {rows.height} rows and {len(payloads)} payloads")
        text = int(payloads.bin.size().sum() or 0) + int(rows["payload_scrubbed"].str.len_bytes().sum() or 0)
        nbytes = _BYTES_PER_BLOCK + _BYTES_PER_ROW * rows.height + text
        return cls(rows["kafka_partition"][0], rows, payloads, nbytes)

    def __len__(self) -> int:
        return self.rows.height

    @property
    def first_offset(self) -> int:
        """Offset of the first record."""
        return int(self.rows["kafka_offset"][0])

    @property
    def next_offset(self) -> int:
        """Offset after the last record: where a consumer goes on."""
        return int(self.rows["kafka_offset"][-1]) + 1

    @property
    def last_timestamp(self) -> datetime:
        """Broker timestamp of the last record, UTC."""
        last = self.rows["broker_timestamp"][-1]
        assert isinstance(last, datetime)
        return last

    def tail(self, n_skip: int) -> "Block":
        """Without the first `n_skip` records (fewer than all)."""
        return Block.of(self.rows.slice(n_skip), self.payloads.slice(n_skip))

    def head(self, n: int) -> "Block":
        """The first `n` records (at least one)."""
        return Block.of(self.rows.head(n), self.payloads.head(n))

    def quarantined(self, reasons: Mapping[int, str]) -> "Block":
        """The same records with the rows at these places as QUARANTINED_WAREHOUSE_REJECTED.

        The service's words may quote a value, so they are not kept; `reasons` says only which rows.
        """
        places = sorted(reasons)
        refused = self.rows.select(pl.int_range(pl.len()).is_in(places).alias("refused"))["refused"]
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
        return Block.of(self.rows.with_columns(changed), self.payloads)


def split(rows: pl.DataFrame, payloads: pl.Series, max_rows: int) -> list[Block]:
    """Cut a window's rows by partition and to at most `max_rows`, offsets ascending within a partition."""
    if rows.is_empty():
        return []
    both = rows.with_columns(payloads.alias("_payload")).sort("kafka_partition", "kafka_offset", maintain_order=True)
    ordered, raw = both.drop("_payload"), both["_payload"]
    blocks = []
    start = 0
    for height in ordered["kafka_partition"].rle().struct.field("len").to_list():
        for first in range(start, start + height, max_rows):
            length = min(max_rows, start + height - first)
            blocks.append(Block.of(ordered.slice(first, length), raw.slice(first, length)))
        start += height
    return blocks


def join(blocks: Sequence[Block]) -> Block:
    """One block of several of one partition that follow one another. Raises ValueError if they do not."""
    for before, after in pairwise(blocks):
        if before.partition != after.partition or before.next_offset > after.first_offset:
            raise ValueError("blocks that do not follow one another")
    if len(blocks) == 1:
        return blocks[0]
    rows = pl.concat((block.rows for block in blocks), how="vertical")
    return Block.of(rows, pl.concat(block.payloads for block in blocks))


def arrow_schema() -> bytes:
    """The schema as an Arrow IPC message: `ArrowData.writer_schema.serialized_schema`."""
    return bytes(SCHEMA.serialize())


def serialise(block: Block, epoch: str, loaded_at: datetime) -> bytes:
    """The block as one Arrow IPC record batch message, without schema: `rows.serialized_record_batch`."""
    stamped = block.rows.with_columns(
        ownership_epoch=pl.lit(epoch, dtype=pl.String), loaded_at=pl.lit(loaded_at, dtype=TIMESTAMP)
    ).select(list(LANDING))
    table = stamped.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(SCHEMA).combine_chunks()
    batches = table.to_batches()
    assert len(batches) == 1, "a block must be one record batch"
    return bytes(batches[0].serialize())
