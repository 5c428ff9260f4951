"""The walk's pure part: a window of records becomes landing rows, one each, in order.

decode -> validate -> attach_merchant -> convert_amount; `plan` then cuts the rows into appends.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import polars as pl

from streaming import contract
from streaming.failpoints import Passing, Point, unarmed
from streaming.landing import LANDING
from streaming.reference.currencies import MINOR_UNITS, WITHDRAWN
from streaming.reference.tables import Reference
from streaming.secrets import HiddenBytes
from streaming.settings import Settings, SettingsError
from streaming.stages.attach_merchant import attach_merchant
from streaming.stages.convert_amount import convert_amount
from streaming.stages.decode import decode
from streaming.stages.evidence import macs
from streaming.stages.plan import COLUMNS
from streaming.stages.validate import validate

_MAC_KEY_BYTES: Final = (16, 64)


@dataclass(frozen=True, slots=True)
class Policy:
    """What of the settings decides how a record becomes a row."""

    mac_key: bytes
    reporting_currency: str = "EUR"
    max_payload_bytes: int = 65_536
    max_future: timedelta = timedelta(minutes=5)
    max_past: timedelta = timedelta(days=30)
    pan_in_ids: bool = True

    @classmethod
    def of(cls, settings: Settings) -> "Policy":
        """From the settings. Raises SettingsError without a MAC key of 16 to 64 bytes, and for a reporting currency
        that is not in use."""
        key = HiddenBytes(settings.require("mac_key").mac_key.reveal().encode())
        if not _MAC_KEY_BYTES[0] <= len(key) <= _MAC_KEY_BYTES[1]:
            raise SettingsError("TIDEMARK_MAC_KEY must be 16 to 64 bytes of text")
        if settings.reporting_currency not in MINOR_UNITS or settings.reporting_currency in WITHDRAWN:
            raise SettingsError("TIDEMARK_REPORTING_CURRENCY must be an ISO 4217 currency in use")
        return cls(
            mac_key=key,
            reporting_currency=settings.reporting_currency,
            max_payload_bytes=settings.max_payload_bytes,
            max_future=timedelta(minutes=settings.max_future_minutes),
            max_past=timedelta(days=settings.max_past_days),
            pan_in_ids=settings.pan_in_ids == "quarantine",
        )

    def __repr__(self) -> str:
        return f"Policy(reporting_currency={self.reporting_currency!r}, mac_key=***)"


@dataclass(frozen=True, slots=True)
class Source:
    """The topic a window came from, by name and by the id that a recreated topic does not keep."""

    topic: str
    topic_id: str


@dataclass(frozen=True, slots=True)
class Enriched:
    """Landing rows (`plan.COLUMNS`) and raw payloads of one window, same height and order as the window."""

    rows: pl.DataFrame = field(repr=False)
    payloads: pl.Series = field(repr=False)
    unknown_fields: int = 0
    """Keys that the contract does not know, over all records."""
    internal: tuple[str, ...] = ()
    """Kinds of the exceptions that stages raised, one per record quarantined as INTERNAL: a defect, alert on it."""


def enrich(
    window: pl.DataFrame,
    source: Source,
    reference: Reference,
    policy: Policy,
    *,
    fast: bool = True,
    passing: Passing = unarmed,
) -> Enriched:
    """All stages over one window (`landing.WINDOW`). `fast=False` reads every record by itself, for the same rows.

    Stages are total. Should one fail all the same, the window is halved until the record that fails alone is found;
    it is quarantined as INTERNAL instead of stopping the stream.
    """
    try:
        return _stages(window, source, reference, policy, fast=fast, passing=passing)
    except MemoryError:
        raise
    except (Exception, pl.exceptions.PanicException) as error:  # Polars panics are no Exceptions
        if window.height == 1:
            return _internal(window, source, policy, type(error).__name__)
        if window.is_empty():
            raise
    half = window.height // 2
    first = enrich(window.slice(0, half), source, reference, policy, fast=fast)
    second = enrich(window.slice(half), source, reference, policy, fast=fast)
    return Enriched(
        rows=pl.concat([first.rows, second.rows]),
        payloads=window["payload"],
        unknown_fields=first.unknown_fields + second.unknown_fields,
        internal=first.internal + second.internal,
    )


def _stages(
    window: pl.DataFrame, source: Source, reference: Reference, policy: Policy, *, fast: bool, passing: Passing
) -> Enriched:
    decoded = decode(window, policy.max_payload_bytes, fast=fast)
    passing(Point.MID_DECODE)
    validated = validate(
        window,
        decoded.columns,
        decoded.others,
        decoded.read,
        mac_key=policy.mac_key,
        max_future=policy.max_future,
        max_past=policy.max_past,
        pan_in_ids=policy.pan_in_ids,
    )
    attached = attach_merchant(validated.rows, reference)
    converted = convert_amount(attached, reference, policy.reporting_currency)
    rows = _landing(converted, source)
    assert rows.height == window.height, "a stage lost or doubled a row"
    return Enriched(rows, window["payload"], validated.unknown_fields)


def _landing(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Columns of a live landing row in table order; what a row does not have is null."""
    constants = {
        "kafka_topic": pl.lit(source.topic, dtype=pl.String),
        "kafka_topic_id": pl.lit(source.topic_id, dtype=pl.String),
        "replay_id": pl.lit(None, dtype=pl.String),
        "enrichment_revision": pl.lit(0, dtype=pl.Int64),
    }
    absent = {name: pl.lit(None, dtype=LANDING[name]) for name in COLUMNS if name not in rows.columns}
    return rows.with_columns(**(absent | constants)).select(pl.col(name).cast(LANDING[name]) for name in COLUMNS)


def _internal(window: pl.DataFrame, source: Source, policy: Policy, kind: str) -> Enriched:
    """The row of a record on which a stage failed: where it came from, its MAC, and nothing that looked inside."""
    row = window.drop("payload").with_columns(
        status=pl.lit(f"{contract.QUARANTINED_PREFIX}{contract.INTERNAL}"),
        status_detail=pl.lit(f"a stage failed: {kind}"),
        business_date=pl.col("broker_timestamp").dt.date(),
        payload_mac=pl.Series(macs(window["payload"], policy.mac_key)),
    )
    return Enriched(_landing(row, source), window["payload"], internal=(kind,))
