"""Landing rows for the contract suites: valid, small, told apart by their coordinates."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from streaming.adapters.memory_rows import landing_schema

TOPIC = "payments"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def row(offset: int, *, partition: int = 0, topic_id: str = "topic-a", **other: Any) -> dict[str, Any]:
    """One live landing row; `other` replaces columns."""
    return {
        **dict.fromkeys(landing_schema().names),
        "event_id": f"event-{partition}-{offset}",
        "amount": Decimal("12.30"),
        "currency": "EUR",
        "occurred_at": NOON,
        "status": "OK",
        "business_date": date(2026, 11, 20),
        "kafka_topic": TOPIC,
        "kafka_topic_id": topic_id,
        "kafka_partition": partition,
        "kafka_offset": offset,
        "broker_timestamp": NOON,
        "ownership_epoch": "epoch-1",
        "enrichment_revision": 0,
        "loaded_at": NOON,
        **other,
    }


def batch(rows: Iterable[dict[str, Any]]) -> pa.RecordBatch:
    """Rows as one Arrow record batch of the landing schema."""
    return pa.RecordBatch.from_pylist(list(rows), schema=landing_schema())


def block(*offsets: int, partition: int = 0, topic_id: str = "topic-a", **other: Any) -> bytes:
    """Live rows at these offsets, serialised as an append takes them."""
    rows = (row(offset, partition=partition, topic_id=topic_id, **other) for offset in offsets)
    return batch(rows).serialize().to_pybytes()
