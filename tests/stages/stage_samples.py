"""Small, fixed inputs for the stages: one valid payment, its reference data, and windows made of payloads."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from streaming.landing import FX_RATES, MERCHANTS, WINDOW
from streaming.reference.tables import Reference
from streaming.walk import Enriched, Policy, Source, enrich

BROKER = datetime(2026, 11, 23, 10, 0, 1, tzinfo=UTC)  # a Monday, before 16:00 in Frankfurt
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
CHANGED = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SOURCE = Source("payments", "a-topic-id")
POLICY = Policy(mac_key=b"0123456789abcdef")
VALID: dict[str, Any] = {
    "schema_version": 1,
    "event_id": "ev_1",
    "transaction_id": "tx_1",
    "event_type": "capture",
    "sequence": 1,
    "merchant_id": "m1",
    "amount": "12.30",
    "currency": "USD",
    "occurred_at": "2026-11-23T10:00:00.123456Z",
    "card_token": "tok_abc",
    "channel": "ecom",
    "country": "DE",
}


class Absent:
    """Stands for a field that is left out."""


def payload(**changes: Any) -> bytes:
    record = {name: value for name, value in (VALID | changes).items() if value is not Absent}
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass")


def window(payloads: Sequence[bytes | None], broker: datetime = BROKER, first_offset: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "kafka_partition": [0] * len(payloads),
            "kafka_offset": list(range(first_offset, first_offset + len(payloads))),
            "broker_timestamp": [broker] * len(payloads),
            "payload": list(payloads),
        },
        schema=WINDOW,
    )


def merchant(merchant_id: str, begin: datetime, end: datetime | None, name: str) -> tuple[Any, ...]:
    version = f"{merchant_id}@{begin:%Y%m%dT%H%M%S}"
    return (merchant_id, name, "5411", "DE", "low", begin, end, BEGINNING, None, version)


def merchants(*rows: tuple[Any, ...]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=MERCHANTS, orient="row")


def rates(day: date, revision: int = 1, **units: str) -> pl.DataFrame:
    at = datetime.combine(day, datetime.min.time(), UTC)
    rows = [(day, code, Decimal(rate), revision, at, at, "test") for code, rate in units.items()]
    return pl.DataFrame(rows, schema=FX_RATES, orient="row")


def reference(fx: pl.DataFrame | None = None, dimension: pl.DataFrame | None = None) -> Reference:
    if dimension is None:
        dimension = merchants(
            merchant("m1", BEGINNING, CHANGED, "Old name"),
            merchant("m1", CHANGED, None, "New name"),
            merchant("closed", BEGINNING, CHANGED, "Closed"),
        )
    if fx is None:
        fx = rates(date(2026, 11, 20), USD="1.0912", JPY="163.45", BHD="0.4112", GBP="0.8412", BGN="1.9558")
    return Reference.build(dimension, fx, "m-1", "f-1")


REFERENCE = reference()


def land(*payloads: bytes | None, policy: Policy = POLICY, known: Reference = REFERENCE) -> Enriched:
    return enrich(window(payloads), SOURCE, known, policy)


def land_one(**changes: Any) -> dict[str, Any]:
    return land(payload(**changes)).rows.row(0, named=True)
