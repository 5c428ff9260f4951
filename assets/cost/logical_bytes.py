"""Logical bytes of rows, as BigQuery bills them: by column types, before any compression.

The rule is BigQuery's own (cloud.google.com/bigquery/docs/reference/standard-sql/data-types, "Data type sizes"): a
size a type, text by its UTF-8 length, NULL nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from assets.cost.yaml_file import read_yaml
from assets.warehouse.ddl import Column, statements

COLUMNS: Final = Path(__file__).with_name("column_bytes.yaml")
"""Mean bytes of each column of the landing table, as the benchmark found them in rows that were read back."""
LANDING: Final = "payments_landing"
FIXED: Final[Mapping[str, int]] = {
    "INT64": 8, "FLOAT64": 8, "NUMERIC": 16, "BIGNUMERIC": 32, "BOOL": 1, "DATE": 8, "DATETIME": 8, "TIME": 8,
    "TIMESTAMP": 8,
}  # fmt: skip
"""Bytes of a value by type; the page as above."""
TEXT_HEAD: Final = 2
"""Bytes that a STRING or a BYTES takes besides its content; the page as above."""
WINDOWED: Final = (
    "business_date", "kafka_topic_id", "kafka_partition", "kafka_offset", "enrichment_revision", "loaded_at", "status",
    "event_id", "broker_timestamp",
)  # fmt: skip
"""Columns that the view `payments` reads of each row of the open tail whatever is asked of it: those that its two
windows and its filters name (sql/parts/payments_of_landing.sql)."""


def landing_columns() -> tuple[Column, ...]:
    """Columns of the landing table with their types, from its DDL."""
    return next(found.columns for found in statements("p", "d") if found.name == LANDING)


def size_of(value: Any, base_type: str) -> int:
    """Logical bytes of one value of a type such as `NUMERIC`. Raises KeyError for a type whose size is not known."""
    size = _SIZES.get(base_type) or _fixed(FIXED[base_type])
    return 0 if value is None else size(value)


def _fixed(size: int) -> Callable[[Any], int]:
    return lambda _: size


_SIZES: Final[Mapping[str, Callable[[Any], int]]] = {
    "STRING": lambda text: TEXT_HEAD + len(text.encode()),
    "BYTES": lambda data: TEXT_HEAD + len(data),
}


def means(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> dict[str, Decimal]:
    """Mean logical bytes of each column over the rows, at least one. Their sum is that of a row.

    Raises ValueError without rows; KeyError if a row lacks a column.
    """
    totals, count = {column.name: 0 for column in columns}, 0
    for row in rows:
        count += 1
        for column in columns:
            totals[column.name] += size_of(row[column.name], column.base_type)
    if not count:
        raise ValueError("no rows: bytes of a row are a mean over some")
    return {name: Decimal(total) / count for name, total in totals.items()}


def column_bytes(path: Path = COLUMNS) -> Mapping[str, Decimal]:
    """Mean logical bytes of a landed row by column, in the table's order."""
    found = read_yaml(path)["columns"]
    return {name: Decimal(str(size)) for name, size in found.items()}
