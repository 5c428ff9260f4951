"""Bytes that statements read: rows of so many days x bytes of the columns they name. Ours are listed here, all of them.

BigQuery bills the columns that a statement names, uncompressed, in the partitions that its constant dates leave
(cloud.google.com/bigquery/docs/best-practices-costs), however few rows come out. So each statement of the checks and
jobs is a `Scan`: which columns, of rows how old, how often a month. A change of their SQL belongs here as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final, Literal

from assets.cost.growth import stored
from assets.cost.lines import Month
from assets.cost.logical_bytes import WINDOWED, column_bytes
from assets.cost.units import DAYS_A_MONTH, GIB, MIB, TIB

Group = Literal["dashboards", "reports", "checks", "settling", "daily_report", "corrections", "audit"]
LEAST_BYTES: Final = Decimal(10 * 2**20)
"""On-demand a query bills 10 MB at least (cloud.google.com/bigquery/docs/create-data-agents puts it at 10,485,760; the
pricing page says so of each table that it names)."""
WIDTHS: Final = column_bytes()
"""Mean bytes by column of the landing table."""
EVENT: Final = (
    "event_id", "transaction_id", "event_type", "sequence", "merchant_id", "amount", "currency", "occurred_at",
    "card_token", "channel", "country", "description", "schema_version",
)  # fmt: skip
"""Columns that come from the message itself. The others are what enrichment, Kafka and the consumer add: they do not
grow with the message."""
EVENT_BYTES: Final = sum((WIDTHS[name] for name in EVENT), Decimal(0))
READ_BY: Final = (
    "logical_bytes", "view_bytes", "superseding_share", "settled_days_touched_daily", "audits_a_month",
)  # fmt: skip
"""Names of the figures that the bytes of all statements together come from."""
HALF: Final = Decimal("0.5")
"""Today's partition holds half a day, on average over the day."""


@dataclass(frozen=True)
class Scan:
    """One statement."""

    name: str
    group: Group
    runs: Decimal
    """A month."""
    youngest: Decimal
    """Age of the newest rows that it reads, in days."""
    oldest: Decimal
    """And of the oldest."""
    columns: tuple[str, ...] = ()
    share: Decimal = Decimal(0)
    """Share of the whole row that it reads besides these columns; 1: all of it."""
    view: bool = False
    """Whether it asks the view on open days: the columns of the windows are read as well."""
    tables: int = 1

    def width(self, month: Month) -> Decimal:
        """Bytes of a row."""
        skipped = WINDOWED if self.view else ()
        named = sum((WIDTHS[name] for name in self.columns if name not in skipped), Decimal(0))
        windows = month.drivers["view_bytes"] if self.view else Decimal(0)
        return named + windows + (self.share * row_bytes(month) if self.share else Decimal(0))

    def read(self, month: Month) -> Decimal:
        """Bytes that one run reads."""
        return rows_between(month, self.youngest, self.oldest) * self.width(month)

    def billed(self, month: Month) -> Decimal:
        """Bytes of the month that BigQuery bills on demand."""
        return self.runs * max(self.read(month), self.tables * LEAST_BYTES)


def row_bytes(month: Month) -> Decimal:
    """Logical bytes of a whole row: a message of twice the size doubles the event's own columns alone."""
    return month.drivers["logical_bytes"] + (month.scenario.message_size - 1) * EVENT_BYTES


def appended_row(month: Month) -> Decimal:
    """Bytes that a row adds to an append, by the same rule."""
    return month.drivers["arrow_bytes"] + (month.scenario.message_size - 1) * EVENT_BYTES


def appended_bytes(month: Month) -> Decimal:
    """The same with the row's part of its request's own bytes.

    Windows close by the clock, so requests come so many a second whatever the rate, and never more than rows do.
    """
    requests = min(month.drivers["appends_per_s"] / month.rate, Decimal(1))
    return appended_row(month) + month.drivers["arrow_request_bytes"] * requests


def rows_between(month: Month, youngest: Decimal, oldest: Decimal) -> Decimal:
    """Landing rows of these ages in days, in the middle of the month, with the superseding ones.

    `payments_settled` has none of those; counting them there as well is under 1 % too much.
    """
    until = oldest / DAYS_A_MONTH
    months = int(until.to_integral_value(ROUND_CEILING)) + 1
    events = stored(month.inflows[-months:], youngest / DAYS_A_MONTH, until)
    return events * (1 + month.drivers["superseding_share"])


def billed(scans: Iterable[Scan], month: Month) -> Decimal:
    """Bytes of the month that BigQuery bills on demand for these."""
    return sum((scan.billed(month) for scan in scans), Decimal(0))


def read(scans: Iterable[Scan], month: Month) -> Decimal:
    """Bytes of the month that these read: what an engine works on that is paid by the second."""
    return sum((scan.runs * scan.read(month) for scan in scans), Decimal(0))


def each_billed(scan: Scan, month: Month) -> str:
    """What one run of a statement bills, as people read it: `4.3 GiB`, `10.0 MiB`."""
    size = max(scan.read(month), scan.tables * LEAST_BYTES)
    unit, one = next((pair for pair in (("TiB", TIB), ("GiB", GIB)) if size >= pair[1]), ("MiB", MIB))
    return f"{size / one:,.1f} {unit}"


def of(group: Group, scans: Sequence[Scan]) -> tuple[Scan, ...]:
    """Those of a group."""
    return tuple(scan for scan in scans if scan.group == group)


def questions(month: Month, settle_after: int) -> tuple[Scan, ...]:
    """What the scenario's dashboards and people ask. No answer comes from a cache: rows arrive all the time
    (cloud.google.com/bigquery/docs/cached-results), and no two questions about settled days are alike."""
    asked, share = month.scenario.dashboards, month.scenario.dashboards.share_of_columns
    live = max(asked.live_days - HALF, asked.live_days * HALF)
    open_days, often = settle_after + HALF, asked.refreshes_a_day * DAYS_A_MONTH
    scans = [Scan("live", "dashboards", often, Decimal(0), min(live, open_days), share=share, view=True, tables=2)]
    if live > open_days:
        scans.append(Scan("live, settled", "dashboards", often, open_days, live, share=share))
    runs = asked.reports_a_day * DAYS_A_MONTH
    scans.append(Scan("reports", "reports", runs, open_days, open_days + asked.report_days, share=share, tables=2))
    return tuple(scans)


def whole_retention(month: Month) -> Decimal:
    """Landing rows that are kept, superseding ones with them."""
    return rows_between(month, Decimal(0), month.scenario.retention_months * DAYS_A_MONTH)
