"""Records that yesterday's rules refused and today's accept, landed as the stream lands them."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb
import polars as pl
import sqlglot

from assets.merchants.versions import with_versions
from assets.payments import redrive
from assets.payments.pending_memory import MemoryBatchWarehouse
from assets.payments.reconsider import QUARANTINED
from streaming.landing import FX_RATES, LANDING, MERCHANTS, TIMESTAMP, WINDOW
from streaming.reference.tables import Reference
from streaming.walk import Policy, Source, enrich

BROKER = datetime(2026, 11, 23, 10, 0, 1, tzinfo=UTC)
DAY, OWN = BROKER.date(), date(2026, 11, 20)
"""Where a record lies that was refused for its time, and its own business date."""
AT = datetime(2026, 11, 24, 10, tzinfo=UTC)
REASON = "BAD_OCCURRED_AT"
RUN = redrive.redrive_id(REASON, "1")
KEY = b"0123456789abcdef"
STRICT = Policy(mac_key=KEY, max_past=timedelta(days=1))
WIDE = Policy(mac_key=KEY)
SOURCE = Source("payments", "topic-1")
PAN = "4111111111111111"
VALID: dict[str, Any] = {
    "schema_version": 1,
    "event_id": "ev_1",
    "transaction_id": "tx_1",
    "event_type": "capture",
    "sequence": 1,
    "merchant_id": "m1",
    "amount": "12.30",
    "currency": "EUR",
    "occurred_at": "2026-11-20T09:00:00Z",
    "card_token": "tok_abc",
    "channel": "ecom",
    "country": "DE",
}


def payload(**changes: Any) -> bytes:
    """A good record three days old, but for these fields; None leaves one out."""
    return json.dumps({name: value for name, value in (VALID | changes).items() if value is not None}).encode()


def merchants() -> pl.DataFrame:
    frame = pl.DataFrame(
        {"merchant_id": ["m1"], "name": ["shop"], "category": ["5411"], "country": ["DE"], "risk_tier": ["low"]}
    )
    return with_versions(frame.with_columns(pl.lit(None, TIMESTAMP).alias(name) for name in ("valid_from", "valid_to")))


def rates() -> pl.DataFrame:
    schema = {"rate_date": pl.Date, "currency": pl.String, "rate": FX_RATES["rate"], "source": pl.String}
    return pl.DataFrame([(date(2026, 11, 19), "USD", Decimal("1.25"), "test")], schema=schema, orient="row")


@cache
def reference() -> Reference:
    stamped = merchants().with_columns(recorded_at=pl.lit(AT, TIMESTAMP), superseded_at=pl.lit(None, TIMESTAMP))
    fx = rates().with_columns(
        revision=pl.lit(1, pl.Int64), effective_from=pl.lit(AT, TIMESTAMP), recorded_at=pl.lit(AT, TIMESTAMP)
    )
    return Reference.build(stamped.select(list(MERCHANTS)), fx.select(list(FX_RATES)), "m", "f")


def window(*payloads: bytes | None) -> pl.DataFrame:
    rows = [(0, offset, BROKER, each) for offset, each in enumerate(payloads)]
    return pl.DataFrame(rows, schema=WINDOW, orient="row")


def live(*payloads: bytes | None, policy: Policy = STRICT, source: Source = SOURCE) -> pl.DataFrame:
    """Live rows (`COLUMNS`) of these records, at offsets from 0."""
    return enrich(window(*payloads), source, reference(), policy).rows


def held(rows: pl.DataFrame) -> pl.DataFrame:
    """What a re-drive reads of rows."""
    return rows.select(list(QUARANTINED))


def landed(*payloads: bytes | None) -> MemoryBatchWarehouse:
    """A warehouse into which the stream landed these records."""
    warehouse = MemoryBatchWarehouse()
    stamped = live(*payloads).with_columns(
        ownership_epoch=pl.lit("epoch"), loaded_at=pl.lit(AT - timedelta(days=1), TIMESTAMP)
    )
    warehouse.landing = stamped.select(list(LANDING))
    return warehouse


PLACE = ["business_date", "kafka_topic_id", "kafka_partition", "kafka_offset"]


def newest(landing: pl.DataFrame) -> pl.DataFrame:
    """Of each record and date the newest revision."""
    ordered = landing.sort("enrichment_revision", descending=True)
    return ordered.unique(PLACE, keep="first", maintain_order=True).sort(PLACE)


def reads(warehouse: MemoryBatchWarehouse) -> redrive.Read:
    """What `quarantined` asks, of a landing table in memory."""
    status = f"QUARANTINED_{REASON}"
    return lambda day: [held(newest(warehouse.landing).filter(business_date=day, status=status))]


def asks(warehouse: MemoryBatchWarehouse, sql: str, schema: dict[str, Any]) -> pl.DataFrame:
    """The answer of DuckDB to the warehouse's own SQL."""
    translated = sqlglot.transpile(sql.replace("`p.d.", "`"), read="bigquery", write="duckdb")[0]
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        db.register("payments_landing", warehouse.landing.to_arrow())
        return pl.DataFrame(db.execute(translated).fetchall(), schema=schema, orient="row")


def run(
    warehouse: MemoryBatchWarehouse, *, days: Sequence[date] = (DAY,), name: str = RUN, publish: bool = True, **more
) -> list[redrive.DayRedriven]:
    batch = warehouse if publish else None
    made = redrive.redrive(reads(warehouse), batch, reference(), WIDE, days, replay_id=name, at=AT, **more)
    return list(made)


def shown(landing: pl.DataFrame) -> pl.DataFrame:
    """What the view `payments` shows of it, but for repeats of an event."""
    return newest(landing).filter(status="OK")
