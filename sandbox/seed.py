"""Publish the synthetic world's reference data into a sandbox warehouse, as a batch system would have by now."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from assets.warehouse.publish import publish_fx_rates, publish_merchants
from sandbox.world.merchants import merchants_history
from sandbox.world.rates import rates_published

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

HISTORY_DAYS = 45
"""A record may be 30 days late and a provisional rate 5 TARGET days old: 31 days and a fortnight cover both."""


def seed(client: "Client", dataset: str, seed: int, now: datetime, say: Callable[[str], None] = print) -> None:
    """Publish merchants and FX rates of the world `seed` as they stand at `now`. Does nothing the second time."""
    version = f"world-{seed}-{now:%Y%m%d}"
    merchants = merchants_history(seed, now.date())
    if publish_merchants(client, dataset, merchants, version, now):
        say(f"published {len(merchants):,} merchant versions as {version}")
    rates = rates_published(seed, now, HISTORY_DAYS)
    if publish_fx_rates(client, dataset, rates, version, now):
        say(f"published {len(rates):,} rates of {rates['rate_date'].n_unique()} days as {version}")
