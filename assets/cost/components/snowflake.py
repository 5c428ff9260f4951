"""Snowflake on Google Cloud, Standard edition: Snowpipe Streaming, one small warehouse that sleeps between questions.

The same two tables and the same questions as on BigQuery, paid by the second a warehouse is up instead of by the byte.
Best set-up: the settled copy is mended by a MERGE of the touched events, which reads the columns of the windows instead
of whole days; it is a transient table, whose old rows are kept for a day and not in fail-safe
(docs.snowflake.com/en/user-guide/data-cdp-storage-costs). Cloud services stay within the tenth of the warehouse's
credits that is free (docs.snowflake.com/en/user-guide/cost-understanding-compute).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from assets.cost import scans
from assets.cost.components.bigquery import copies, statements
from assets.cost.lines import Month, Use
from assets.cost.scans import Scan
from assets.cost.units import DAYS_A_MONTH, GB, HOURS_A_MONTH, TB, TIB

CREDIT: Final = "snowflake.credit.standard"
SUSPEND_S: Final = 60
"""Each start is billed for 60 s at least, and a warehouse sleeps 60 s after its last query at the earliest that pays
(docs.snowflake.com/en/user-guide/warehouses-considerations)."""
JOBS_A_DAY: Final = 3 * 24
"""Checks, settling and the report, each hour at another minute."""


def uses(month: Month) -> Iterator[Use]:
    """What a month of Snowflake uses."""
    yield _ingest(month)
    yield _storage(month)
    yield _warehouse(month)


def _ingest(month: Month) -> Use:
    share, each = month.drivers["superseding_share"], scans.row_bytes(month)
    size = month.events * (1 + share) * each / GB
    how = (
        f"{month.events:,.0f} events and {share:.2%} superseding rows x {each:,.0f} bytes: {size:,.0f} GB uncompressed"
    )
    names = ("logical_bytes", "superseding_share")
    sku = "snowflake.snowpipe_streaming.hp"
    return Use("warehouse.ingest", "warehouse", "Snowpipe Streaming", sku, size, how, names, currency_sku=CREDIT)


def _storage(month: Month) -> Use:
    rows = copies(month, Decimal(0), month.scenario.retention_months)
    each, ratio = scans.row_bytes(month), month.drivers["compressed_ratio"]
    how = f"({rows[0]:,.0f} rows of landing + {rows[1]:,.0f} settled) x {each:,.0f} bytes x {ratio} compressed"
    names = ("logical_bytes", "superseding_share", "compressed_ratio")
    size = sum(rows) * each * ratio / TIB  # what Snowflake calls a TB (the price book's note)
    return Use("warehouse.storage_active", "warehouse", "storage, compressed", "snowflake.storage", size, how, names)


def asked_of_an_engine(month: Month) -> tuple[Scan, ...]:
    """Every statement, where days are mended by their touched events instead of being built anew."""
    return tuple(_mended(statements(month)))


def _mended(asked: Sequence[Scan]) -> Iterator[Scan]:
    for scan in asked:
        rebuild = scan.group == "settling" and scan.share and scan.name != "day settles"
        if not rebuild:
            yield scan
        elif "old rows" not in scan.name:
            yield replace(scan, share=Decimal(0), view=True)


def _warehouse(month: Month) -> Use:
    """Hours of one X-Small; a larger one does the same work in as many credits."""
    asked, drivers = asked_of_an_engine(month), month.drivers
    size, board = scans.read(asked, month), month.scenario.dashboards
    work = size / (drivers["scan_bytes_per_core_s"] * drivers["snowflake_xs_cores"]) / 3600
    starts = (board.refreshes_a_day + board.reports_a_day + JOBS_A_DAY) * DAYS_A_MONTH
    idle = starts * SUSPEND_S / 3600
    hours = max(work, min(work + idle, HOURS_A_MONTH))
    how = (
        f"{size / TB:,.1f} TB of columns in {work:,.1f} hours of an X-Small, {starts:,.0f} starts with {SUSPEND_S} s"
        f" before it sleeps: {hours:,.0f} hours"
    )
    names = ("scan_bytes_per_core_s", "snowflake_xs_cores", *scans.READ_BY)
    sku = "snowflake.warehouse.xs"
    return Use("warehouse.compute", "warehouse", "warehouse X-Small", sku, hours, how, names, currency_sku=CREDIT)
