"""The statements that run whether anybody asks or not: checks, settled days, the report, corrections, audits.

Each is taken from the SQL that its comment names. A table that a statement names twice is read twice, as BigQuery bills
it (cloud.google.com/bigquery/docs/clustered-tables). Ages: today's partition is half a day on average; an hourly run
looks at it at any time of the day, the daily checks at 04:00 UTC.
"""

from decimal import Decimal
from typing import Final

from assets.cost.drivers import Drivers
from assets.cost.scans import HALF, Scan
from assets.cost.units import DAYS_A_MONTH, MONTHS_A_YEAR

SETTLE_AFTER: Final = 2
"""Default of the setting `settle_after_days`."""
SETTLED: Final = SETTLE_AFTER + HALF
"""Age of the newest settled rows, in days."""
HOURLY: Final = 24 * DAYS_A_MONTH
DAILY: Final = DAYS_A_MONTH
FOUR: Final = Decimal(4) / 24
"""04:00 UTC: the daily checks (orchestration/schedules/calendar.py)."""
OPEN: Final = 1 + HALF
"""Days of the hourly checks: yesterday and today (assets/checks/thresholds.py, OPEN_DAYS)."""
CLOSED: Final = 3
"""Days of the daily checks (CLOSED_DAYS)."""
LATE_OPEN, LATE_CLOSED = 3, 30
"""Days further back for late records (assets/checks/completeness.py). Read in each run: at 500 events/s some record is
always late."""
WHOLE_LOOK: Final = 45
"""Days of the daily look: 30 that a payment may be late, 14 it may wait in Kafka, today (assets/payments/touched.py,
whole_look)."""
OLDEST: Final = WHOLE_LOOK - HALF
"""Age of the oldest rows that the daily look sees, in days."""
CORRECTED: Final = 7
"""Business dates that a run of corrections reads, today with them (assets/payments/asset.py)."""
VERSIONS_A_MONTH: Final = DAYS_A_MONTH + Decimal(256) / MONTHS_A_YEAR
"""A run of corrections for each new version: of the merchants every night, of the rates on some 256 TARGET days a year
(365 less weekends and six holidays)."""
SMALL_STATEMENTS: Final = 24 * 15 * DAYS_A_MONTH
"""Statements on tables of kilobytes, each billed at the least: some 15 an hour by the two hourly jobs (batch writes,
builds, the date of the view). Members ask for versions every 10 s, but that table changes twice a day: the cache
answers, which is free (cloud.google.com/bigquery/docs/cached-results)."""

_PLACE: Final = ("business_date", "kafka_topic_id", "kafka_partition", "kafka_offset")
_LIVE: Final = (*_PLACE, "enrichment_revision", "replay_id")
_GROUPS: Final = ("business_date", "merchant_id", "currency", "event_type")
_AMOUNTS: Final = ("amount", "signed_amount", "reporting_amount", "signed_reporting_amount")
_ALL: Final = Decimal(1)


def checks() -> tuple[Scan, ...]:
    """Statements of assets/checks, by their names in the catalogue."""
    since = (*_LIVE, "broker_timestamp")
    late, closed = OPEN + LATE_OPEN, FOUR + CLOSED
    totals = (*_GROUPS, *_AMOUNTS, "status", "event_id", "loaded_at")
    return (
        _hourly("duplicate_coordinates", _LIVE),
        _hourly("duplicate_events", ("event_id",), view=True, tables=2),
        _hourly("completeness", since),
        Scan("completeness, late", "checks", HOURLY, OPEN, late, since),
        _hourly("unknown_merchants", ("merchant_status", "merchant_id"), view=True, tables=2),
        _hourly("quarantine_by_reason", (*_PLACE, "enrichment_revision", "status")),
        _daily("completeness_closed_days", Decimal(0), closed, since),
        _daily("completeness_closed_days, late", closed, closed + LATE_CLOSED, since),
        _daily("control_totals, landing", FOUR, closed, (*totals, *since)),
        _daily("control_totals, view", FOUR, FOUR + SETTLE_AFTER, (*_GROUPS, *_AMOUNTS, "loaded_at"), view=True),
        _daily("control_totals, settled", FOUR + SETTLE_AFTER, closed, (*_GROUPS, *_AMOUNTS, "loaded_at")),
        _daily("merchant_history, fx_freshness", Decimal(0), Decimal(0), (), tables=2),
    )


def _hourly(name: str, columns: tuple[str, ...], *, view: bool = False, tables: int = 1) -> Scan:
    return Scan(name, "checks", HOURLY, Decimal(0), OPEN, columns, view=view, tables=tables)


def _daily(
    name: str, youngest: Decimal, oldest: Decimal, columns: tuple[str, ...], *, view: bool = False, tables: int = 1
) -> Scan:
    return Scan(name, "checks", DAILY, youngest, oldest, columns, view=view, tables=tables)


def settling(drivers: Drivers) -> tuple[Scan, ...]:
    """Statements of assets/payments/settled.py: the day that settles, and once a day all days that got late rows.

    A build reads the day's rows whole, and its DELETE the old ones as far as `rebuild_reads_old` says. In the other
    hours a run asks small tables alone, unless a batch write names a settled day. Corrections name open days nearly
    always, and what a replay costs is told beside the bill (assets/cost/asides.py), so those builds are not counted.
    """
    settles, look = (Decimal(SETTLE_AFTER), Decimal(SETTLE_AFTER + 1)), ("business_date", "loaded_at")
    late = rebuilds(drivers) / (OLDEST - SETTLED)
    return (
        Scan("day settles", "settling", DAILY, *settles, share=_ALL),
        Scan("day settles, looks before and after", "settling", 2 * DAILY, *settles, look),
        Scan("daily look", "settling", DAILY, SETTLED, OLDEST, look),
        Scan("late rows", "settling", late, SETTLED, OLDEST, share=_ALL),
        Scan("late rows, old rows", "settling", late * drivers["rebuild_reads_old"], SETTLED, OLDEST, share=_ALL),
        Scan("small tables", "settling", SMALL_STATEMENTS, Decimal(0), Decimal(0)),
    )


def rebuilds(drivers: Drivers) -> Decimal:
    """Days built anew in a month since late rows came: they are gathered for the daily look."""
    return DAILY * drivers["settled_days_touched_daily"]


def daily_report(drivers: Drivers) -> tuple[Scan, ...]:
    """Statements of assets/payments/daily.py: each hour it builds the open days, all of which got rows, by the view,
    and what was settled anew, which is once a day."""
    late, columns = rebuilds(drivers) / (OLDEST - SETTLED), (*_GROUPS, *_AMOUNTS)
    return (
        Scan("look at open days", "daily_report", HOURLY, Decimal(0), SETTLED, ("business_date", "loaded_at")),
        Scan("open days", "daily_report", HOURLY, Decimal(0), SETTLED, columns, view=True, tables=2),
        Scan("days of late rows", "daily_report", late, SETTLED, OLDEST, columns, tables=2),
    )


def corrections() -> tuple[Scan, ...]:
    """assets/payments/candidates.py: the whole rows of seven days for each new version; and whether it was written
    before (pending_bigquery.py, rows_of)."""
    oldest = CORRECTED - HALF
    return (
        Scan("candidates", "corrections", VERSIONS_A_MONTH, Decimal(0), oldest, share=_ALL),
        Scan("written before", "corrections", VERSIONS_A_MONTH, Decimal(0), oldest, ("business_date", "replay_id")),
    )


def audit(drivers: Drivers, retained_days: Decimal) -> tuple[Scan, ...]:
    """The three-way ledger (assets/checks/three_ways.py), asked by a person: it counts all of landing."""
    columns = ("kafka_topic_id", "status", "loaded_at", "business_date", "replay_id", "enrichment_revision")
    return (Scan("three_way_ledger", "audit", drivers["audits_a_month"], Decimal(0), retained_days, columns),)


def late_rows(drivers: Drivers) -> tuple[Scan, ...]:
    """Those that run for late rows alone: without any, a day is built once and never looked at again."""
    names = {"daily look", "late rows", "late rows, old rows", "days of late rows"}
    return tuple(scan for scan in (*settling(drivers), *daily_report(drivers)) if scan.name in names)


def background(drivers: Drivers, retained_days: Decimal) -> tuple[Scan, ...]:
    """All of them."""
    return (*checks(), *settling(drivers), *daily_report(drivers), *corrections(), *audit(drivers, retained_days))
