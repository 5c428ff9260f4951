"""Landed records of one day and what replaces them, small enough to read."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl

from assets.payments.superseding import supersede
from streaming.landing import LANDING
from streaming.stages.plan import COLUMNS

DAY = date(2026, 11, 20)
NEXT = DAY + timedelta(days=1)
AT = datetime(2026, 11, 24, 10, tzinfo=UTC)
RUN = "run-1"


def landed(*offsets: int, day: date = DAY, revision: int = 0, amount: str = "1.00") -> pl.DataFrame:
    """Live rows (`COLUMNS`) of partition 0 at these offsets."""
    values = {
        "event_id": "e",
        "amount": Decimal(amount),
        "currency": "EUR",
        "merchant_status": "UNKNOWN",
        "status": "OK",
        "business_date": day,
        "kafka_topic": "payments",
        "kafka_topic_id": "t",
        "kafka_partition": 0,
        "broker_timestamp": datetime(2026, 11, 20, 9, tzinfo=UTC),
        "enrichment_revision": revision,
    }
    rows = [{**values, "kafka_offset": offset, "event_id": f"e{offset}"} for offset in offsets]
    full = [dict.fromkeys(COLUMNS) | row for row in rows]
    return pl.DataFrame(full, schema={name: LANDING[name] for name in COLUMNS})


def corrected(*offsets: int, moved: int | None = None) -> pl.DataFrame:
    """Superseding rows of these offsets; the record `moved` leaves for the next day."""
    old = landed(*offsets)
    new = old.with_columns(
        merchant_status=pl.lit("KNOWN"),
        business_date=pl.when(pl.col("kafka_offset") == (-1 if moved is None else moved))
        .then(pl.lit(NEXT))
        .otherwise("business_date"),
    )
    return supersede(new, old, RUN, DAY)
