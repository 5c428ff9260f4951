"""What the auditor reads of the warehouse and of the consumer group, and nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Position:
    """One partition: the log holds `[low, end)` for a read_committed reader, the group has committed `committed`."""

    partition: int
    low: int
    end: int
    committed: int | None


class WarehouseReader(Protocol):
    """Read-only. Both methods raise AuditError with one line when the warehouse does not answer."""

    def rows(self, table: str, columns: Sequence[str], where: str) -> Iterator[pa.RecordBatch]:
        """Stream the named columns of a table's rows that meet `where` (simple predicates; empty: all rows)."""

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a Standard SQL query with unqualified table names; NUMERIC arrives as Decimal."""


class GroupReader(Protocol):
    """Where the consumer group stands on the topic."""

    def positions(self) -> list[Position]:
        """Every partition of the topic. Raises AuditError."""
