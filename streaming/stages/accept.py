"""Records in columns that pass every rule of the contract, in the columns of the landing row.

`decode` left here only what is spelled as a good record; these are the rules that need another field or a table. A
record that fails one, or that may hold a card number, is not judged here: it is read again by itself (`judge`).
"""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import reduce
from operator import and_
from typing import Final

import polars as pl

from streaming import contract, pan
from streaming.landing import LANDING, NUMERIC, TIMESTAMP
from streaming.reference.countries import COUNTRIES
from streaming.reference.currencies import MINOR_UNITS, WITHDRAWN

FIELDS: Final = (*contract.FIELDS[1:], contract.FIELDS[0])
"""The contract's fields in the landing row's order."""
JUDGED: Final[dict[str, pl.DataType | type[pl.DataType]]] = (
    {"row": pl.UInt32}
    | {field: LANDING[field] for field in FIELDS}
    | {name: LANDING[name] for name in ("status", "status_detail", "business_date", "payload_scrubbed")}
)
"""What is known of a record once it is judged; `row` is its place in the window."""

_CURRENCY: Final = pl.Enum([code for code in MINOR_UNITS if code not in WITHDRAWN])
"""In use today and on every day that a record may be late; a withdrawn code is judged by itself."""
_DECIMALS: Final = pl.Series([MINOR_UNITS[code] for code in _CURRENCY.categories], dtype=pl.UInt32)
_COUNTRY: Final = pl.Enum(sorted(COUNTRIES))


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of `Decoded.columns`."""

    rows: pl.DataFrame = field(repr=False)
    """Schema `JUDGED`, status OK."""
    doubtful: list[int]
    """Places in the window of the others."""
    unknown_fields: int
    """Keys that the contract does not know, over `rows`."""


def accept(
    columns: pl.DataFrame, broker: pl.Series, *, max_future: timedelta, max_past: timedelta, pan_in_ids: bool
) -> Accepted:
    """Judge `Decoded.columns` as far as they are good. `broker`: the window's broker timestamps; `pan_in_ids`:
    whether a card number in an id matters."""
    if columns.is_empty():
        return Accepted(pl.DataFrame(schema=JUDGED), [], 0)
    timed = columns.with_columns(_broker=broker.gather(columns["row"]), occurred_at=_instant(columns))
    tests = (
        *(_short(field, contract.MAX_ID_LENGTH) for field in ("event_id", "transaction_id", "card_token")),
        _short("merchant_id", contract.MAX_MERCHANT_ID_LENGTH),
        pl.col("decimals").str.len_bytes().fill_null(0) <= _allowed(),
        pl.col("occurred_at").is_between(pl.col("_broker") - max_past, pl.col("_broker") + max_future),
        pl.col("country").cast(_COUNTRY, strict=False).is_not_null(),
        pl.col("description").str.len_chars().fill_null(0) <= contract.MAX_DESCRIPTION_CHARACTERS,
        *(~pl.col(field).str.contains(pan.CANDIDATE) for field in contract.pan_checked(pan_in_ids)),
    )
    fit = timed.select(fit=reduce(and_, tests).fill_null(False))["fit"]
    if fit.all():
        return Accepted(_typed(timed), [], int(columns["unknown_fields"].sum()))
    unknown = columns["unknown_fields"].filter(fit).sum()
    return Accepted(_typed(timed.filter(fit)), columns["row"].filter(~fit).to_list(), int(unknown))


def _short(field: str, most: int) -> pl.Expr:
    """ASCII: as many bytes as characters."""
    return pl.col(field).str.len_bytes() <= most


def _allowed() -> pl.Expr:
    """Decimals of the currency, null if it is none in use."""
    return pl.lit(_DECIMALS).gather(pl.col("currency").cast(_CURRENCY, strict=False).to_physical())


def _instant(columns: pl.DataFrame) -> pl.Expr:
    """Microseconds, UTC; null on a day that no calendar has."""
    second = pl.col("second").str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    fraction = pl.col("fraction").str.pad_end(6, "0").cast(pl.Int64).fill_null(0)
    micros = second.to_physical() + fraction
    zone = columns["zone"]
    if (zone != "Z").any():  # most windows have none
        minutes = pl.col("zone").str.slice(1, 2).cast(pl.Int64, strict=False) * 60
        minutes += pl.col("zone").str.slice(4, 2).cast(pl.Int64, strict=False)
        ahead = pl.when(pl.col("zone").str.starts_with("-")).then(-minutes).otherwise(minutes)
        micros -= ahead.fill_null(0) * 60_000_000
    return micros.cast(TIMESTAMP)


def _typed(passed: pl.DataFrame) -> pl.DataFrame:
    typed = passed.select(
        "row",
        *(_column(field) for field in FIELDS),
        pl.lit(contract.STATUS_OK).alias("status"),
        pl.lit(None, pl.String).alias("status_detail"),
        pl.col("occurred_at").dt.date().alias("business_date"),
        pl.lit(None, pl.String).alias("payload_scrubbed"),
    )
    text = typed["description"]
    suspects = text.str.contains(pan.CANDIDATE).arg_true().to_list()
    if not suspects:
        return typed
    return typed.with_columns(text.scatter(suspects, [pan.mask(text[row]) for row in suspects]))


def _column(field: str) -> pl.Expr:
    if field == "schema_version":
        return pl.lit(contract.SCHEMA_VERSION, pl.Int64).alias(field)
    if field == "sequence":
        return pl.col(field).cast(pl.Int64)
    return pl.col(field).cast(NUMERIC) if field == "amount" else pl.col(field)
