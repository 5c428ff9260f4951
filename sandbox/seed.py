"""Publish the synthetic world's reference data into a sandbox warehouse, as a batch system would have by now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from assets.warehouse.publish import publish_fx_rates, publish_merchants
from sandbox.world.merchants import merchants_history
from sandbox.world.rates import rates_published

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

HISTORY_DAYS = 45
"""A record may be 30 days late and a provisional rate 5 TARGET days old: 31 days and a fortnight cover both."""


@dataclass(frozen=True, slots=True)
class Frames:
    """The world's reference data, made but not published."""

    merchants: pl.DataFrame
    rates: pl.DataFrame


def frames(seed: int, now: datetime) -> Frames:
    """Merchants and FX rates of the world `seed` as they stand at `now`. Takes about a second."""
    return Frames(merchants_history(seed, now.date()), rates_published(seed, now, HISTORY_DAYS))


def seed(
    client: "Client",
    dataset: str,
    seed: int,
    now: datetime,
    say: Callable[[str], None] = print,
    *,
    made: Frames | None = None,
    clock: Callable[[], datetime] | None = None,
) -> None:
    """Publish `made`, or the frames of `seed` at `now` if none were made before. Does nothing the second time.

    The merchants take seconds: `clock` tells the time at which the rates are then published, since a running Dagster
    may have published a day's rates meanwhile. Without one they are of `now` as well.
    """
    version = f"world-{seed}-{now:%Y%m%d}"
    made = made or frames(seed, now)
    if publish_merchants(client, dataset, made.merchants, version, now):
        say(f"published {len(made.merchants):,} merchant versions as {version}")
    if publish_fx_rates(client, dataset, made.rates, version, clock() if clock else now):
        say(f"published {len(made.rates):,} rates of {made.rates['rate_date'].n_unique()} days as {version}")
