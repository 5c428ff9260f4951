"""BigQuery: appends through the Storage Write API, storage, and queries on demand.

Landing is kept for the scenario's retention, and so is `payments_settled`, the copy without duplicates that spares
every question the windows. The daily report is left out: at most 400,000 groups a day (80,000 merchants, five types)
are 0.05 GB beside the 21 GB that a day of landing has at 500 events/s.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from assets.cost import own_scans, scans
from assets.cost.growth import LONG_TERM_AFTER, stored
from assets.cost.lines import Month, Use
from assets.cost.own_scans import SETTLE_AFTER
from assets.cost.scans import Group, Scan
from assets.cost.units import DAYS_A_MONTH, GIB, TIB

ON_DEMAND: Final = "gcp.bigquery.query_on_demand"
TIME_TRAVEL_DAYS: Final = 2
"""The shortest window that may be set (cloud.google.com/bigquery/docs/time-travel); it is only billed physically."""
FAIL_SAFE_DAYS: Final = 7
"""Always, after it (same page)."""
SHOWN: Final = 3
"""Statements of a group that its line names, the largest first."""
LABELS: Final[dict[Group, str]] = {
    "dashboards": "live dashboards",
    "reports": "questions and reports",
    "checks": "our hourly and daily checks",
    "settling": "settled days, built and rebuilt",
    "daily_report": "daily report, open days hourly",
    "corrections": "corrections: candidates",
    "audit": "three-way ledger",
}


def uses(month: Month) -> Iterator[Use]:
    """What a month of BigQuery uses."""
    yield ingest(month)
    yield from storage(month)
    yield from queries(month)


def statements(month: Month) -> tuple[Scan, ...]:
    """Every statement of the month: of dashboards and people, and our own."""
    kept = month.scenario.retention_months * DAYS_A_MONTH
    return (*scans.questions(month, SETTLE_AFTER), *own_scans.background(month.drivers, kept))


def ingest(month: Month) -> Use:
    """Live rows and superseding ones, as they are appended.

    The documentation does not say how the billed bytes are counted: what an append carries is taken, which is within a
    few percent of the rows' logical size.
    """
    share, each = month.drivers["superseding_share"], scans.appended_bytes(month)
    rows = month.events * (1 + share)
    how = f"{month.events:,.0f} events and {share:.2%} superseding rows x {each:,.0f} bytes appended"
    names = ("arrow_bytes", "arrow_request_bytes", "appends_per_s", "superseding_share")
    sku, size = "gcp.bigquery.storage_write_api", rows * each / GIB
    return _here(month, Use("warehouse.ingest", "warehouse", "Storage Write API", sku, size, how, names))


def copies(month: Month, youngest: Decimal, oldest: Decimal) -> tuple[Decimal, Decimal]:
    """Rows of landing and of `payments_settled` aged between so many months."""
    settled = max(youngest, (SETTLE_AFTER + scans.HALF) / DAYS_A_MONTH)
    landed = stored(month.inflows, youngest, oldest) * (1 + month.drivers["superseding_share"])
    return landed, stored(month.inflows, settled, oldest) if settled < oldest else Decimal(0)


def storage(month: Month) -> Iterator[Use]:
    """Active, long-term, and where bytes are billed physically what rebuilt days leave behind."""
    kept = month.scenario.retention_months
    aged = min(LONG_TERM_AFTER + month.drivers["days_still_modified"] / DAYS_A_MONTH, kept)
    yield _stored(month, "active", "partitions that changed in the last 90 days", copies(month, Decimal(0), aged))
    if aged < kept:
        yield _stored(month, "longterm", "partitions unchanged for 90 days", copies(month, aged, kept))
    if month.scenario.billing == "physical":
        yield _history(month)


def _stored(month: Month, kind: str, label: str, rows: tuple[Decimal, Decimal]) -> Use:
    each, billing = scans.row_bytes(month), month.scenario.billing
    physical = billing == "physical"
    ratio = month.drivers["compressed_ratio"] if physical else Decimal(1)
    how = f"({rows[0]:,.0f} rows of landing + {rows[1]:,.0f} settled) x {each:,.0f} logical bytes"
    how += f" x {ratio} compressed" if physical else ""
    names = ("logical_bytes", "superseding_share", "days_still_modified", *(("compressed_ratio",) if physical else ()))
    sku = f"gcp.bigquery.storage_{kind}_{billing}"
    size = sum(rows) * each * ratio / GIB
    return _here(month, Use(f"warehouse.storage_{kind}", "warehouse", label, sku, size, how, names))


def _history(month: Month) -> Use:
    """Every rebuild of a settled day leaves its old rows to time travel and fail-safe, at the active price."""
    drivers, days = month.drivers, TIME_TRAVEL_DAYS + FAIL_SAFE_DAYS
    builds = own_scans.rebuilds(drivers) / DAYS_A_MONTH
    day = month.events / DAYS_A_MONTH * scans.row_bytes(month) * drivers["compressed_ratio"]
    how = f"{builds:,.1f} days rebuilt a day x {day / GIB:,.1f} GiB compressed, kept {days} days more"
    names = ("settled_days_touched_daily", "logical_bytes", "compressed_ratio")
    sku, size, label = "gcp.bigquery.storage_active_physical", builds * day * days / GIB, "time travel and fail-safe"
    return _here(month, Use("warehouse.storage_history", "warehouse", label, sku, size, how, names))


def queries(month: Month) -> Iterator[Use]:
    """All statements, a line a group, by the bytes that they read."""
    asked = statements(month)
    for group in LABELS:
        of_group = scans.of(group, asked)
        billed = scans.billed(of_group, month) / TIB
        how = f"{largest(of_group, month)}: {billed:,.2f} TiB a month"
        yield _here(
            month, Use(f"warehouse.{group}", "warehouse", LABELS[group], ON_DEMAND, billed, how, drivers_of(group))
        )


def largest(asked: tuple[Scan, ...], month: Month) -> str:
    """The statements that read most in words, the others counted."""
    ordered = sorted(asked, key=lambda scan: scan.billed(month), reverse=True)[:SHOWN]
    parts = [f"{scan.name} {scan.runs:,.0f} x {scans.each_billed(scan, month)}" for scan in ordered]
    more = f" and {len(asked) - SHOWN} smaller" if len(asked) > SHOWN else ""
    return f"{'; '.join(parts)}{more}"


def drivers_of(group: Group) -> tuple[str, ...]:
    """Names of the figures that the bytes of a group's statements come from."""
    always = ("superseding_share",)
    late = ("settled_days_touched_daily",)
    return {
        "dashboards": ("logical_bytes", "view_bytes", *always),
        "reports": ("logical_bytes", *always),
        "checks": ("view_bytes", *always),
        "settling": ("logical_bytes", *late, "rebuild_reads_old", *always),
        "daily_report": ("view_bytes", *late, *always),
        "corrections": ("logical_bytes", *always),
        "audit": ("audits_a_month", *always),
    }[group]


def _here(month: Month, use: Use) -> Use:
    """The use at the prices of the region that the warehouse is in."""
    return replace(use, region=month.scenario.warehouse_region)
