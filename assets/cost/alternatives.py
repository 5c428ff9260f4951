"""Other ways to pay for the same BigQuery: free load jobs, slots, compressed bytes. Where each breaks even."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from assets.cost import scans
from assets.cost.asides import Part, streamed, usd_of
from assets.cost.components import bigquery, bigquery_slots
from assets.cost.lines import Month
from assets.cost.own_scans import SETTLE_AFTER
from assets.cost.prices import PriceBook
from assets.cost.query_price import list_price
from assets.cost.units import DAYS_A_MONTH, GIB, TIB

LOADS_A_DAY: Final = 1500
"""Load jobs a table and day (cloud.google.com/bigquery/quotas)."""
PARTITION_CHANGES_A_DAY: Final = 30000
"""Partitions of a column-partitioned table that load jobs may change in a day (same page); streaming does not count."""
MINUTES_A_DAY: Final = 24 * 60
STAGED_DAYS: Final = 1
"""How long loaded files stay in the bucket, so that a load can be done again."""


@dataclass(frozen=True)
class Freshness:
    """Streaming against free load jobs every so many minutes, in dollars a month."""

    minutes: int
    streamed: Decimal
    loaded: Decimal
    allowed: bool
    """Whether the quotas of load jobs let it."""
    how: str

    @property
    def usd_a_minute(self) -> Decimal:
        """What each minute costs by which streaming is fresher at worst; below zero where it is cheaper as well."""
        return (self.streamed - self.loaded) / self.minutes


def fresher_minute(month: Month, prices: PriceBook, minutes: int) -> Freshness:
    """One more minute of freshness: appends, visible at once, against loads of staged files. Raises PriceMissing.

    A load is one file a Kafka partition; it touches today, two open days and as many as late rows reach.
    """
    loads = Decimal(MINUTES_A_DAY) / minutes
    files = loads * DAYS_A_MONTH * month.scenario.partitions
    written = files / 1000 * list_price(month, prices, "gcp.gcs.class_a_ops.standard")
    fetched = files / 1000 * list_price(month, prices, "gcp.gcs.class_b_ops.standard")
    day = month.events / DAYS_A_MONTH * scans.appended_bytes(month) * month.drivers["compressed_ratio"] / GIB
    kept = day * STAGED_DAYS * list_price(month, prices, "gcp.gcs.storage.standard")
    touched = 1 + SETTLE_AFTER + month.drivers["settled_days_touched_daily"]
    allowed = loads <= LOADS_A_DAY and loads * touched <= PARTITION_CHANGES_A_DAY
    how = (
        f"{loads:,.0f} loads a day (at most {LOADS_A_DAY:,}) that may change {touched:,.0f} partitions each "
        f"(at most {PARTITION_CHANGES_A_DAY:,} a day), free; {files:,.0f} files a month and {day:,.1f} GiB of them kept"
    )
    return Freshness(minutes, streamed(month, prices), written + fetched + kept, allowed, how)


@dataclass(frozen=True)
class Compared:
    """Two ways to pay for the same, in dollars a month."""

    parts: tuple[Part, Part]
    drivers: tuple[str, ...]


def queries(month: Month, prices: PriceBook) -> Compared:
    """A month's queries on demand, and the same on slots; the free tier is taken off. Raises PriceMissing."""
    asked = bigquery.statements(month)
    on_slots = tuple(bigquery_slots.queries(month))
    hours, runs = sum(use.quantity for use in on_slots), sum(scan.runs for scan in asked)
    size = scans.billed(asked, month)
    return Compared(
        (
            Part("on demand", usd_of(bigquery.queries(month), prices), f"{size / TIB:,.1f} TiB read"),
            Part("on slots", usd_of(on_slots, prices), f"{hours:,.0f} slot-hours of {runs:,.0f} statements"),
        ),
        (*bigquery_slots.DRIVERS, "rebuild_reads_old", *scans.READ_BY),
    )


def physical_below(month: Month, prices: PriceBook) -> Decimal:
    """Compressed bytes as a share of logical ones below which physical billing is cheaper, what rebuilt days leave to
    time travel and fail-safe counted. Raises PriceMissing: in us-central1 its price was not found.
    """
    logical = _stored(month, prices, "logical")
    return month.drivers["compressed_ratio"] * logical / _stored(month, prices, "physical")


def _stored(month: Month, prices: PriceBook, billing: str) -> Decimal:
    """Dollars a month without the free 10 GiB: both have it."""
    billed = Month(month.scenario.having(billing=billing), month.drivers, month.number, month.inflows)
    uses = bigquery.storage(billed)
    return sum((use.quantity * list_price(billed, prices, use.sku) for use in uses), Decimal(0))
