"""Dagster's view of the merchants: one asset, the nightly fold of the source's snapshot."""

from datetime import UTC, date, datetime
from typing import Final

import dagster as dg

from assets.merchants.fold import SnapshotRejected
from assets.merchants.load import MerchantsLoaded, load_merchants
from assets.merchants.source import MerchantSource
from assets.warehouse.asset import Warehouse, column_schema
from assets.warehouse.publish import PublicationRefused
from assets.warehouse.refusals import typed_refusals

_COUNTS: Final = ("inserted", "changed", "closed", "reopened", "unchanged")


class MerchantsConfig(dg.Config):
    """Which snapshot to fold."""

    day: str = ""
    """ISO date of the snapshot; empty for today's (UTC)."""


@dg.asset(
    name="merchants",
    group_name="reference",
    owners=["team:data-platform"],
    kinds={"bigquery", "polars"},
    pool="reference",
    metadata={"dagster/column_schema": column_schema("merchants")},
    description=(
        "Merchant dimension, SCD2 and bitemporal. Folds the source's snapshot of a day into the standing history: "
        "inserts, changes, closures, re-openings. A rejected snapshot changes nothing; the same one again publishes "
        "nothing. The data version is the hash of the standing history."
    ),
)
def merchants(
    context: dg.AssetExecutionContext,
    config: MerchantsConfig,
    warehouse: dg.ResourceParam[Warehouse],
    merchant_source: dg.ResourceParam[MerchantSource],
) -> dg.MaterializeResult[None]:
    """Load one day. Raises dagster's Failure with the reason if the snapshot or the publication is refused."""
    at = datetime.now(UTC)
    try:
        day = date.fromisoformat(config.day) if config.day else at.date()
    except ValueError:
        raise dg.Failure(f"day must be an ISO date (2026-11-20), not {config.day!r}", allow_retries=False) from None
    try:
        with typed_refusals("load the merchants"):
            loaded = load_merchants(warehouse.client(), warehouse.dataset, merchant_source(day), day, at)
    except (SnapshotRejected, PublicationRefused) as refused:
        raise dg.Failure(str(refused), allow_retries=False) from None
    context.log.info("version %s %s", loaded.version, "published" if loaded.published else "stands, nothing to publish")
    return dg.MaterializeResult(metadata=_metadata(loaded), data_version=dg.DataVersion(loaded.content))


def _metadata(loaded: MerchantsLoaded) -> dict[str, dg.MetadataValue]:
    return {
        "dagster/row_count": dg.MetadataValue.int(loaded.versions),
        "open_merchants": dg.MetadataValue.int(loaded.open),
        "version": dg.MetadataValue.text(loaded.version),
        "published": dg.MetadataValue.bool(loaded.published),
        "snapshot_day": dg.MetadataValue.text(loaded.day.isoformat()),
        "fold": dg.MetadataValue.md(fold_table(loaded)),
    }


def fold_table(loaded: MerchantsLoaded) -> str:
    """What became of the snapshot's merchants, as a small Markdown table."""
    rows = [f"| {name} | {getattr(loaded, name):,} |" for name in _COUNTS]
    return "\n".join(["| merchants | count |", "|---|---:|", *rows])
