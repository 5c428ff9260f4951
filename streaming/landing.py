"""The landing row: columns of `payments_landing` with their Polars and BigQuery types, in table order.

BigQuery's Arrow types: STRING is Utf8, NUMERIC is decimal128(38, 9), TIMESTAMP is microseconds in UTC
(docs.cloud.google.com/bigquery/docs/supported-data-types).
"""

from typing import Final

import polars as pl

TIMESTAMP: Final = pl.Datetime("us", "UTC")
NUMERIC: Final = pl.Decimal(38, 9)

LANDING: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    # the event's own, null where the field did not pass its rule
    "event_id": pl.String,
    "transaction_id": pl.String,
    "event_type": pl.String,
    "sequence": pl.Int64,
    "merchant_id": pl.String,
    "amount": NUMERIC,
    "currency": pl.String,
    "occurred_at": TIMESTAMP,
    "card_token": pl.String,
    "channel": pl.String,
    "country": pl.String,
    "description": pl.String,
    "schema_version": pl.Int64,
    # money
    "signed_amount": NUMERIC,
    "reporting_currency": pl.String,
    "reporting_amount": NUMERIC,
    "signed_reporting_amount": NUMERIC,
    "fx_rate_from": NUMERIC,
    "fx_rate_to": NUMERIC,
    "fx_rate_date": pl.Date,
    "fx_revision": pl.Int64,
    "fx_status": pl.String,
    "rounding_rule": pl.String,
    # the merchant as of occurred_at
    "merchant_name": pl.String,
    "merchant_category": pl.String,
    "merchant_country": pl.String,
    "merchant_risk_tier": pl.String,
    "merchant_version": pl.String,
    "merchant_status": pl.String,
    # what became of the record
    "status": pl.String,
    "status_detail": pl.String,
    "business_date": pl.Date,
    # where it came from and who landed it
    "kafka_topic": pl.String,
    "kafka_topic_id": pl.String,
    "kafka_partition": pl.Int64,
    "kafka_offset": pl.Int64,
    "broker_timestamp": TIMESTAMP,
    "ownership_epoch": pl.String,
    "replay_id": pl.String,
    "enrichment_revision": pl.Int64,
    "payload_mac": pl.String,
    "payload_scrubbed": pl.String,
    "loaded_at": TIMESTAMP,
}

STAMPED_AT_SERIALISATION: Final = ("ownership_epoch", "loaded_at")
"""Set when a block is serialised for one stream: constants of the block, not of the record."""

REQUIRED: Final = frozenset(
    {
        "status",
        "business_date",
        "kafka_topic",
        "kafka_topic_id",
        "kafka_partition",
        "kafka_offset",
        "broker_timestamp",
        "enrichment_revision",
        "loaded_at",
    }
)
"""NOT NULL in the table."""

WINDOW: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "kafka_partition": pl.Int64,
    "kafka_offset": pl.Int64,
    "broker_timestamp": TIMESTAMP,
    "payload": pl.Binary,
}
"""A window as the walk receives it: one row per delivered record, `payload` null for a tombstone."""

MERCHANTS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "merchant_id": pl.String,
    "name": pl.String,
    "category": pl.String,
    "country": pl.String,
    "risk_tier": pl.String,
    "valid_from": TIMESTAMP,
    "valid_to": TIMESTAMP,
    "recorded_at": TIMESTAMP,
    "superseded_at": TIMESTAMP,
    "merchant_version": pl.String,
}
"""SCD2, half-open `[valid_from, valid_to)`, `valid_to` null while current; bitemporal by the last two times."""

FX_RATES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "rate_date": pl.Date,
    "currency": pl.String,
    "rate": NUMERIC,
    "revision": pl.Int64,
    "effective_from": TIMESTAMP,
    "recorded_at": TIMESTAMP,
    "source": pl.String,
}
"""Units of `currency` per 1 EUR as published; `revision` counts the whole day's snapshot from 1."""

REFERENCE_VERSIONS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "name": pl.String,
    "version": pl.String,
    "published_at": TIMESTAMP,
}
"""`name` is `merchants` or `fx_rates`. A version is the rows recorded at or before `published_at` and not
superseded by then (FX: of each day the newest revision recorded by then)."""
