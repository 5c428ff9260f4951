"""What `MemoryWarehouse` has stored: landing rows with the moment they can be queried, and the reference tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from streaming.landing import FX_RATES, LANDING, MERCHANTS, REFERENCE_VERSIONS
from streaming.ports import Refused
from streaming.stages.plan import SCHEMA


def landing_schema() -> pa.Schema:
    """The landing row in BigQuery's Arrow types, as the plan stage serialises it."""
    return SCHEMA


class Key(NamedTuple):
    """The columns that recovery asks for."""

    kafka_topic: str
    kafka_topic_id: str
    kafka_partition: int
    kafka_offset: int
    business_date: date
    ownership_epoch: str | None
    live: bool


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of one applied append."""

    batch: pa.RecordBatch
    keys: list[Key]
    visible_at: float
    """Monotonic seconds from which queries see these rows."""


def block(batch: pa.RecordBatch, visible_at: float) -> Block:
    """Index one batch for the queries."""
    columns = [batch.column(name).to_pylist() for name in Key._fields[:-1]]
    replays = batch.column("replay_id").to_pylist()
    revisions = batch.column("enrichment_revision").to_pylist()
    live = [replay is None and revision == 0 for replay, revision in zip(replays, revisions, strict=True)]
    return Block(batch, [Key(*key) for key in zip(*columns, live, strict=True)], visible_at)


class Rows:
    """Landing blocks in the order they were applied. Not thread-safe: the warehouse holds the lock."""

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self._blocks: list[Block] = []

    def add(self, new: Block) -> None:
        """Store one append."""
        self._blocks.append(new)

    def keys(self, now: float) -> Iterator[Key]:
        """Keys of the rows that a query sees at this moment."""
        for stored in self._blocks:
            if stored.visible_at <= now:
                yield from stored.keys

    def frame(self, now: float) -> pl.DataFrame:
        """The rows that a query sees at this moment, in the schema `LANDING`."""
        table = pa.Table.from_batches([b.batch for b in self._blocks if b.visible_at <= now], schema=self.schema)
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        return frame.cast(LANDING)  # type: ignore[arg-type]  # the dtype mapping is wider than polars declares


class Reference:
    """The bitemporal reference tables and their published versions. Not thread-safe."""

    def __init__(self) -> None:
        self.merchants = pl.DataFrame(schema=MERCHANTS)
        self.fx_rates = pl.DataFrame(schema=FX_RATES)
        self.versions = pl.DataFrame(schema=REFERENCE_VERSIONS)

    def publish(self, name: str, version: str, at: datetime) -> None:
        """Add a version: the rows recorded by then. Raises ValueError for an unknown name or a time without zone."""
        if name not in ("merchants", "fx_rates") or at.tzinfo is None:
            raise ValueError("a version is of merchants or fx_rates, published at a time with its zone")
        row: dict[str, Any] = {"name": [name], "version": [version], "published_at": [at.astimezone(UTC)]}
        self.versions = pl.concat([self.versions, pl.DataFrame(row, schema=REFERENCE_VERSIONS)])

    def newest(self) -> dict[str, str]:
        """Newest version by name."""
        ordered = self.versions.sort("published_at", maintain_order=True)
        return dict(zip(ordered["name"].to_list(), ordered["version"].to_list(), strict=True))

    def published_at(self, name: str, version: str) -> datetime:
        """When a version was published. Raises Refused for one that never was."""
        found = self.versions.filter((pl.col("name") == name) & (pl.col("version") == version))
        if found.is_empty():
            raise Refused(f"version {version} of {name} was never published")
        at = found["published_at"].max()
        assert isinstance(at, datetime)
        return at
