"""The synthetic world as the sources that the reference tables are loaded from."""

from collections.abc import Callable
from datetime import date, datetime

import polars as pl

from assets.fx.source import Fetched, FxSource
from assets.merchants.source import MerchantSource
from sandbox.world.merchant_feed import merchant_snapshot
from sandbox.world.merchants import MERCHANTS
from sandbox.world.rates import rates_published


def sandbox_merchants(seed: int, count: int = MERCHANTS) -> MerchantSource:
    """Return the world's merchants as of each day's beginning; they agree with what `sandbox.seed` publishes."""

    def read(day: date) -> pl.DataFrame:
        return merchant_snapshot(seed, day, count)

    return read


def sandbox_rates(seed: int, now: Callable[[], datetime]) -> FxSource:
    """Return the world's rates: a day has them from 16:00 in Frankfurt on, by the clock `now`."""

    def read(first: date, last: date) -> Fetched:
        at = now()
        days = max((at.date() - first).days, 0)
        rates = rates_published(seed, at, days).filter(pl.col("rate_date").is_between(first, last))
        return Fetched(rates, "synthetic world: the ECB's history, a seeded walk where it ends")

    return read
