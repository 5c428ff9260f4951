"""What the merchants' source system hands out: as each day begins, one row per merchant that is open."""

from datetime import UTC, date, datetime, time

import polars as pl

from sandbox.world.merchants import MERCHANTS, merchants_history


def merchant_snapshot(seed: int, day: date, count: int = MERCHANTS) -> pl.DataFrame:
    """The merchants open at 00:00 UTC of `day`: merchant_id, name, category, country, risk_tier. Sorted by id.

    It agrees with `merchants_history` of that day. Takes about a second.
    """
    at = datetime.combine(day, time(), UTC)
    history = merchants_history(seed, day, count)
    valid = (pl.col("valid_from") <= at) & (pl.col("valid_to").is_null() | (pl.col("valid_to") > at))
    return history.filter(valid).drop("valid_from", "valid_to").sort("merchant_id")
