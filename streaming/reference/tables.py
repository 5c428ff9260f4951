"""Reference data as the stages use it: one immutable `Reference` per pair of published versions.

Built once per version and then only read: merchants behind an index from id to its versions (a join would build a
hash table of 80,000 rows for every window), FX snapshots by day as integers in units of 10^-9.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import polars as pl

from streaming.landing import FX_RATES, MERCHANTS

RATE_SCALE: Final = 10**9
"""Rates are NUMERIC with nine decimals; one unit of these integers is 10^-9."""

MAX_RATE: Final = 10**18
"""No currency is near it; below it the products of a conversion fit 128 bits."""


class ReferenceError(Exception):
    """Reference data that must not be used; one line that says what is wrong and in which rows."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One day's rates: currency to units per EUR x 10^9 as published; EUR is 1 and not among them."""

    revision: int
    rates: Mapping[str, int]

    def rate(self, currency: str) -> int | None:
        """Units per EUR x 10^9, None if the snapshot lacks the currency."""
        return RATE_SCALE if currency == "EUR" else self.rates.get(currency)


@dataclass(frozen=True, slots=True)
class Reference:
    """Merchants and FX snapshots of one pair of versions."""

    merchants_version: str
    fx_version: str
    merchants: pl.DataFrame
    """Sorted by merchant_id, valid_from; the rows that `newest` points to."""
    newest: Mapping[str, int]
    """merchant_id -> row of its newest version; older ones stand right before it."""
    snapshots: Mapping[date, Snapshot]
    days: tuple[date, ...]
    """Days that have a snapshot, ascending."""
    remembered: dict[object, pl.DataFrame] = field(default_factory=dict, repr=False, compare=False)
    """Tables that stages derive from these rates, kept as long as the rates are."""

    @classmethod
    def build(
        cls, merchants: pl.DataFrame, fx_rates: pl.DataFrame, merchants_version: str, fx_version: str
    ) -> "Reference":
        """Check and index frames in the schemas `landing.MERCHANTS` and `landing.FX_RATES`.

        Raises ReferenceError for a missing or mistyped column, a null where none may be, two versions of a merchant
        that begin together or overlap, a rate that is not positive, given twice or of mixed revisions.
        """
        ordered = _typed(merchants, MERCHANTS, "merchants").sort("merchant_id", "valid_from")
        _check_merchants(ordered)
        rates = _typed(fx_rates, FX_RATES, "fx_rates")
        _check_rates(rates)
        snapshots = _snapshots(rates)
        return cls(
            merchants_version, fx_version, ordered.rechunk(), _newest(ordered), snapshots, tuple(sorted(snapshots))
        )


def _typed(frame: pl.DataFrame, schema: Mapping[str, pl.DataType | type[pl.DataType]], name: str) -> pl.DataFrame:
    missing = [column for column in schema if column not in frame.columns]
    if missing:
        raise ReferenceError(f"{name}: column {missing[0]} is missing")
    wrong = [column for column, dtype in schema.items() if frame.schema[column] != dtype]
    if wrong:
        raise ReferenceError(f"{name}: {wrong[0]} is {frame.schema[wrong[0]]}, must be {schema[wrong[0]]}")
    return frame.select(list(schema))


def _refuse(frame: pl.DataFrame, where: pl.Expr, what: str, *keys: str) -> None:
    found = frame.filter(where)
    if not found.is_empty():
        first = ", ".join(str(value) for value in found.select(keys).row(0))
        raise ReferenceError(f"{what}: {found.height} rows, the first is ({first})")


def _check_merchants(ordered: pl.DataFrame) -> None:
    needed = pl.any_horizontal(pl.col("merchant_id", "valid_from", "merchant_version").is_null())
    _refuse(ordered, needed, "merchants: null merchant_id, valid_from or merchant_version", "merchant_id", "valid_from")
    ended = pl.col("valid_to") <= pl.col("valid_from")
    _refuse(ordered, ended, "merchants: a version ends before it begins", "merchant_id", "valid_from")
    same = pl.col("merchant_id") == pl.col("merchant_id").shift(1)
    twice = same & (pl.col("valid_from") == pl.col("valid_from").shift(1))
    _refuse(ordered, twice, "merchants: two versions begin together", "merchant_id", "valid_from")
    before = pl.col("valid_to").shift(1)
    overlap = same & (before.is_null() | (before > pl.col("valid_from")))
    _refuse(ordered, overlap, "merchants: versions overlap", "merchant_id", "valid_from")


def _check_rates(rates: pl.DataFrame) -> None:
    keys = ("rate_date", "currency")
    needed = pl.any_horizontal(pl.col("rate_date", "currency", "rate", "revision").is_null())
    _refuse(rates, needed, "fx_rates: null rate_date, currency, rate or revision", *keys)
    _refuse(rates, pl.col("rate") <= 0, "fx_rates: a rate that is not positive", *keys)
    _refuse(rates, pl.col("rate") >= MAX_RATE, "fx_rates: a rate of 10^18 or more", *keys)
    _refuse(rates, pl.col("currency") == "EUR", "fx_rates: EUR is 1 by definition and not listed", *keys)
    _refuse(rates, pl.struct(keys).is_duplicated(), "fx_rates: a currency twice on a day", *keys)
    mixed = pl.col("revision").n_unique().over("rate_date") > 1
    _refuse(rates, mixed, "fx_rates: a day of mixed revisions", *keys)


def _newest(ordered: pl.DataFrame) -> dict[str, int]:
    """Rows of one merchant are neighbours, oldest first: the last one stays."""
    return dict(zip(ordered["merchant_id"].to_list(), range(ordered.height), strict=True))


def _snapshots(rates: pl.DataFrame) -> dict[date, Snapshot]:
    days: dict[date, Snapshot] = {}
    columns = rates.select("rate_date", "revision", "currency", pl.col("rate").to_physical())
    for (day,), rows in columns.partition_by("rate_date", as_dict=True).items():
        pairs = zip(rows["currency"].to_list(), rows["rate"].to_list(), strict=True)
        days[day] = Snapshot(rows["revision"][0], dict(pairs))
    return days
