"""validate: the contract's rules over decoded records; typed columns, a status and its reason for every record.

Only fields that passed their own rule are filled. First match wins, in this order: the record as a whole,
`schema_version`, then missing or bad fields in the contract's order, then card numbers. Good records are accepted as
columns (`accept`), all others are judged one by one (`judge`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import polars as pl

from streaming import contract
from streaming.landing import NUMERIC, TIMESTAMP
from streaming.stages.accept import JUDGED, accept
from streaming.stages.evidence import macs
from streaming.stages.judge import Judge

Read = Callable[[bytes | None], tuple[dict[str, Any], tuple[str, str] | None]]
"""A payload's keys and values, and if it is no record the reason and its detail."""

_RAW: Final = dict(JUDGED) | {"amount": pl.String, "occurred_at": pl.Int64, "business_date": pl.Int32}
"""`JUDGED` as `Judge.row` spells it."""


@dataclass(frozen=True, slots=True)
class Validated:
    """One row a record, in the window's order."""

    rows: pl.DataFrame = field(repr=False)
    """The event's own columns of the landing row, `status`, `status_detail`, `business_date` (UTC date of occurred_at
    if that passed, else of the broker's timestamp), where the record came from, `payload_mac`, `payload_scrubbed`."""
    unknown_fields: int
    """Keys that the contract does not know, over all records."""


def validate(
    window: pl.DataFrame,
    columns: pl.DataFrame,
    others: list[int],
    read: Read,
    *,
    mac_key: bytes,
    max_future: timedelta,
    max_past: timedelta,
    pan_in_ids: bool,
) -> Validated:
    """Judge the records of a window (`landing.WINDOW`) as decode left them: `Decoded.columns`, `.others`, `.read`.

    `pan_in_ids` says whether a card number in an id quarantines the record (in `card_token` it always does).
    """
    broker = window["broker_timestamp"]
    accepted = accept(columns, broker, max_future=max_future, max_past=max_past, pan_in_ids=pan_in_ids)
    others = others + accepted.doubtful
    judged, strange = _judged(window, others, read, Judge.of(max_future, max_past, pan_in_ids))
    rows = accepted.rows if judged.is_empty() else pl.concat([accepted.rows, judged])
    if not rows["row"].is_sorted():
        rows = rows[rows["row"].arg_sort()]
    origin = window.select("kafka_partition", "kafka_offset", "broker_timestamp")
    mac = pl.Series("payload_mac", macs(window["payload"], mac_key), dtype=pl.String)
    return Validated(origin.hstack([*rows.get_columns()[1:], mac]), accepted.unknown_fields + strange)


def _judged(window: pl.DataFrame, places: list[int], read: Read, judge: Judge) -> tuple[pl.DataFrame, int]:
    """The records at these places one by one, and how many unknown keys they have."""
    if not places:
        return pl.DataFrame(schema=JUDGED), 0
    kept = window[places]
    payloads, broker_us = kept["payload"].to_list(), kept["broker_timestamp"].to_physical().to_list()
    rows, unknown = [], 0
    for place, payload, at in zip(places, payloads, broker_us, strict=True):
        record, broken = read(payload)
        if not _KNOWN.issuperset(record):
            unknown += sum(key not in _KNOWN for key in record)
        rows.append((place, *judge.row(record, broken, payload, at)))
    columns = zip(_RAW.items(), zip(*rows, strict=True), strict=True)
    raw = pl.DataFrame([pl.Series(name, values, dtype=dtype) for (name, dtype), values in columns])
    typed = raw.with_columns(
        pl.col("amount").cast(NUMERIC), pl.col("occurred_at").cast(TIMESTAMP), pl.col("business_date").cast(pl.Date)
    )
    return typed, unknown


_KNOWN: Final = frozenset(contract.FIELDS)
