"""ClickHouse Cloud on Google Cloud: our consumer inserts directly, two replicas that are always up.

Best set-up: landing, and a ReplacingMergeTree that keeps the newest row of each event by itself, so nothing is settled
or rebuilt. A question about open days says FINAL, which reads the key and the version besides its own columns
(clickhouse.com/docs/sql-reference/statements/select/from#final-modifier); closed partitions are merged to one part.
Enterprise: of the plans that keep two replicas it alone has a published price here (Scale's was not found; in AWS
us-east-1 it is 23 % lower).
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from assets.cost import scans
from assets.cost.components.bigquery import copies, statements
from assets.cost.lines import Month, Use, in_steps
from assets.cost.scans import WIDTHS
from assets.cost.units import HOURS_A_MONTH, SECONDS_A_MONTH, TB

REPLICAS: Final = 2
"""In two zones; the smallest published production service has two of 8 GiB (clickhouse.com/pricing)."""
CORES_A_UNIT: Final = 2
"""A compute unit is 8 GiB and 2 vCPU (clickhouse.com/pricing)."""
KEY: Final = WIDTHS["event_id"] + WIDTHS["enrichment_revision"]
"""Bytes of a row that FINAL reads besides the columns that a question names."""


def uses(month: Month) -> Iterator[Use]:
    """What a month of ClickHouse Cloud uses."""
    yield _compute(month)
    yield from _storage(month)


def _storage(month: Month) -> Iterator[Use]:
    rows = copies(month, Decimal(0), month.scenario.retention_months)
    each, ratio = scans.row_bytes(month), month.drivers["compressed_ratio"]
    size = sum(rows) * each * ratio / TB
    how = f"({rows[0]:,.0f} rows of landing + {rows[1]:,.0f} payments) x {each:,.0f} bytes x {ratio} compressed"
    names = ("logical_bytes", "superseding_share", "compressed_ratio")
    sku = "clickhouse_cloud.storage"
    yield Use("warehouse.storage_active", "warehouse", "storage, compressed", sku, size, how, names)
    how = f"a backup a day, kept for one (the default): once more {size:,.2f} TB"
    yield Use("warehouse.backup", "warehouse", "backup of a day", sku, size, how, names)


def _read(month: Month) -> Decimal:
    """Bytes of columns a month. No statement of ours rebuilds days here."""
    total = Decimal(0)
    for scan in statements(month):
        if scan.group != "settling":
            spared = month.drivers["view_bytes"] - KEY if scan.view else Decimal(0)
            rows = scans.rows_between(month, scan.youngest, scan.oldest)
            total += scan.runs * rows * (scan.width(month) - spared)
    return total


def _compute(month: Month) -> Use:
    drivers, size = month.drivers, _read(month)
    inserting = month.peak_rate * (1 + drivers["superseding_share"]) / drivers["clickhouse_insert_rows_per_core_s"]
    asking = size / drivers["scan_bytes_per_core_s"] / SECONDS_A_MONTH
    needed = (inserting + asking) / drivers["cpu_ceiling"] / CORES_A_UNIT
    units = in_steps(needed, REPLICAS, REPLICAS)
    how = (
        f"{inserting:,.2f} cores insert at the peak, {asking:,.2f} read {size / TB:,.1f} TB of columns a month: "
        f"{needed:,.2f} units, so {REPLICAS} replicas with {units:,.0f} together, always up"
    )
    names = (
        "peak_to_mean",
        "clickhouse_insert_rows_per_core_s",
        "scan_bytes_per_core_s",
        "cpu_ceiling",
        *scans.READ_BY,
    )
    hours, sku = units * HOURS_A_MONTH, "clickhouse_cloud.compute.enterprise"
    return Use("warehouse.compute", "warehouse", "compute units, two replicas", sku, hours, how, names)
