"""validate: the contract's rules over decoded records; typed columns, a status and its reason for every record.

Only fields that passed their own rule are filled. First match wins, in this order: the record as a whole,
`schema_version`, then missing or bad fields in the contract's order, then card numbers. Good records are accepted as
columns (`accept`), all others are judged one by one (`judge`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import polars as pl

from streaming import contract
from streaming.landing import NUMERIC, TIMESTAMP
from streaming.stages.accept import JUDGED, accept
from streaming.stages.evidence import macs
from streaming.stages.judge import Judge

Read = Callable[[int], tuple[dict[str, Any], tuple[str, str] | None]]
"""The record at a place of the window: its keys and values, and if it is no record the reason and its detail."""

_RAW: Final = dict(JUDGED) | {"amount": pl.String, "occurred_at": pl.Int64, "business_date": pl.Int32}
"""`JUDGED` as `Judge.row` spells it."""


@dataclass(frozen=True, slots=True)
class Validated:
    """One row a record, in the window's order."""

    rows: pl.DataFrame
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
    accepted, unknown = _accepted(columns, window["broker_timestamp"], max_future, max_past, pan_in_ids)
    if accepted.height < columns.height:
        others = others + sorted(set(columns["row"].to_list()).difference(accepted["row"].to_list()))
    judged, strange = _judged(window, others, read, Judge.of(max_future, max_past, pan_in_ids))
    rows = accepted if judged.is_empty() else pl.concat([accepted, judged])
    if not rows["row"].is_sorted():
        rows = rows[rows["row"].arg_sort()]
    landed = window.select("kafka_partition", "kafka_offset", "broker_timestamp").hstack(rows.drop("row").get_columns())
    return Validated(
        landed.with_columns(pl.Series("payload_mac", macs(window["payload"], mac_key), dtype=pl.String)),
        unknown + strange,
    )


def _accepted(
    columns: pl.DataFrame, broker: pl.Series, max_future: timedelta, max_past: timedelta, pan_in_ids: bool
) -> tuple[pl.DataFrame, int]:
    """Good records, and how many unknown keys they have."""
    if columns.is_empty():
        return pl.DataFrame(schema=JUDGED), 0
    accepted = accept(columns, broker, max_future=max_future, max_past=max_past, pan_in_ids=pan_in_ids)
    counted = columns if accepted.height == columns.height else columns.join(accepted, on="row", how="semi")
    return accepted, int(counted["unknown_fields"].sum())


def _judged(window: pl.DataFrame, places: Iterable[int], read: Read, judge: Judge) -> tuple[pl.DataFrame, int]:
    """The records at these places one by one, and how many unknown keys they have."""
    payloads, broker_us = window["payload"], window["broker_timestamp"].to_physical()
    rows, unknown = [], 0
    for place in places:
        fields, broken = read(place)
        unknown += sum(key not in _KNOWN for key in fields)
        rows.append([place, *judge.row(fields, broken, payloads[place], broker_us[place])])
    if not rows:
        return pl.DataFrame(schema=JUDGED), 0
    raw = pl.DataFrame(rows, schema=_RAW, orient="row")
    typed = raw.with_columns(
        pl.col("amount").cast(NUMERIC), pl.col("occurred_at").cast(TIMESTAMP), pl.col("business_date").cast(pl.Date)
    )
    return typed, unknown


_KNOWN: Final = frozenset(contract.FIELDS)
