"""Revisions of FX snapshots: a day is published as a whole, and counted as a whole."""

from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from streaming.landing import FX_RATES

FRANKFURT: Final = ZoneInfo("Europe/Berlin")
PUBLISHED_AT: Final = time(16, 0)
"""The ECB publishes its reference rates around 16:00 Frankfurt time (ecb.europa.eu, euro reference rates)."""


def effective_from(rate_date: date) -> datetime:
    """Return the instant from which a day's rates apply, UTC."""
    return datetime.combine(rate_date, PUBLISHED_AT, FRANKFURT).astimezone(UTC)


def next_revisions(published: pl.DataFrame, rates: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Return the rows to add, in the schema `FX_RATES`, so that `rates` is what stands from `at` on.

    `published` has the schema FX_RATES, `rates` the columns rate_date, currency, rate, source. A day whose rates
    equal its newest revision gets none; any difference gets a complete snapshot under the next number. Days that
    `rates` lacks are left alone. Raises ValueError for a rate that is not positive, a repeated one or one for EUR.
    """
    _refuse_nonsense(rates)
    newest = published.group_by("rate_date").agg(pl.col("revision").max())
    standing = published.join(newest, on=["rate_date", "revision"])
    changed = rates.join(newest, on="rate_date", how="left").filter(
        pl.col("rate_date").is_in(_changed_days(standing, rates).implode())
    )
    starts = [effective_from(day) for day in changed["rate_date"]]
    return changed.select(
        "rate_date",
        "currency",
        pl.col("rate").cast(FX_RATES["rate"]),
        revision=pl.col("revision").fill_null(0) + 1,
        effective_from=pl.Series("effective_from", starts, FX_RATES["effective_from"]),
        recorded_at=pl.lit(at, FX_RATES["recorded_at"]),
        source=pl.col("source"),
    ).sort("rate_date", "currency")


def _changed_days(standing: pl.DataFrame, rates: pl.DataFrame) -> pl.Series:
    key = ["rate_date", "currency", "rate"]
    new = rates.with_columns(pl.col("rate").cast(FX_RATES["rate"])).select(key)
    old = standing.select(key).filter(pl.col("rate_date").is_in(new["rate_date"].unique().implode()))
    differing = pl.concat([new.join(old, on=key, how="anti"), old.join(new, on=key, how="anti")])
    return differing["rate_date"].unique()


def _refuse_nonsense(rates: pl.DataFrame) -> None:
    wrong = rates.filter(
        pl.col("rate").is_null()
        | (pl.col("rate") <= 0)
        | (pl.col("currency") == "EUR")
        | pl.struct("rate_date", "currency").is_duplicated()
    )
    if len(wrong):
        day, currency = wrong.select("rate_date", "currency").row(0)
        raise ValueError(f"rate of {currency} on {day} is repeated, not positive, or the euro's own")
