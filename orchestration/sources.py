"""Which sources the reference tables are loaded from: files and feeds that settings name, or the sandbox's world."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from assets.fx.source import FxSource, bundled, bundled_until, feed
from assets.merchants.source import MerchantSource, snapshot_files
from streaming.settings import Settings

WORLD: Final = 7
"""Seed of the sandbox's world, as `tidemark seed` and the demo use it."""


def in_sandbox(settings: Settings) -> bool:
    """Whether the warehouse is the emulator of the local platform in the state folder: only there may made-up data be
    published, whatever else is in that folder."""
    from sandbox.platform.instance import PlatformDown, load

    try:
        local = load(Path(settings.state_dir))
    except PlatformDown:
        return False
    return settings.bigquery_rest_endpoint == local.rest_endpoint


def merchant_source(settings: Settings) -> MerchantSource:
    """Return the source of the merchants. Raises ValueError where there is none or the path is of no use."""
    if settings.merchant_snapshots:
        return snapshot_files(settings.merchant_snapshots)
    if in_sandbox(settings):
        from sandbox.reference_sources import sandbox_merchants

        return sandbox_merchants(WORLD)
    raise ValueError("TIDEMARK_MERCHANT_SNAPSHOTS is not set: name the source's files, with {day} in the path")


def fx_source(settings: Settings) -> FxSource:
    """Return the source of the rates: the feed, the sandbox's world, or the bundled history. Raises ValueError."""
    if settings.fx_feed:
        return feed(settings.fx_feed)
    if in_sandbox(settings):
        from sandbox.reference_sources import sandbox_rates

        return sandbox_rates(WORLD, lambda: datetime.now(UTC))
    return bundled


def fx_until(settings: Settings) -> date | None:
    """Return the last day that the source of the rates will ever have: of the bundled history. None if it goes on."""
    return None if settings.fx_feed or in_sandbox(settings) else bundled_until()
