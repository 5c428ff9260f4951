"""Which rows of the bitemporal reference tables make up a published version."""

from datetime import datetime

import polars as pl

from streaming.landing import FX_RATES, MERCHANTS


def merchants_at(rows: pl.DataFrame, published_at: datetime) -> pl.DataFrame:
    """Rows recorded by `published_at` and not superseded by then."""
    superseded = pl.col("superseded_at")
    return rows.filter(
        (pl.col("recorded_at") <= published_at) & (superseded.is_null() | (superseded > published_at))
    ).select(MERCHANTS.keys())


def fx_rates_at(rows: pl.DataFrame, published_at: datetime) -> pl.DataFrame:
    """Of each day the newest revision recorded by `published_at`."""
    known = rows.filter(pl.col("recorded_at") <= published_at)
    newest = pl.col("revision").max().over("rate_date")
    return known.filter(pl.col("revision") == newest).select(FX_RATES.keys())
