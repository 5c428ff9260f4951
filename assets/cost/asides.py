"""Priced answers beside the bill: what a replay costs, our own checks, a question without a date, a fresher minute.

An answer is made of parts at list price, queries paid as the scenario pays them. Free tiers are left out, since the
bill has used them up, except where a whole month is compared with a whole month.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from assets.cost import model, own_scans, query_price, scans
from assets.cost.components import bigquery
from assets.cost.lines import Month, Use
from assets.cost.own_scans import SETTLED
from assets.cost.prices import PriceBook
from assets.cost.query_price import list_price
from assets.cost.scans import Scan
from assets.cost.units import DAYS_A_MONTH, GIB, MILLION, TIB

SHADOW_DAYS: Final = 7
"""How long the shadow table of a replay stands (assets/payments/replay/shadow.py, KEPT)."""
ZONES_APART: Final = Decimal(2) / 3
"""Share of what is read from brokers in three zones that crosses to the reader's."""
_RANGES: Final = ("business_date", "kafka_topic", "kafka_topic_id", "kafka_partition", "kafka_offset")
_RUNS_OF_A_WRITE: Final = ("business_date", "replay_id")


@dataclass(frozen=True)
class Part:
    """One item of an answer."""

    what: str
    usd: Decimal
    how: str


@dataclass(frozen=True)
class Answer:
    """A question, answered in dollars."""

    question: str
    parts: tuple[Part, ...]
    drivers: tuple[str, ...] = ()
    note: str = ""

    @property
    def usd(self) -> Decimal:
        """All parts."""
        return sum((part.usd for part in self.parts), Decimal(0))

    @property
    def how(self) -> str:
        """The parts in one line."""
        return "; ".join(f"{part.what} ${part.usd:,.2f}: {part.how}" for part in self.parts)


def replay_of_a_day(month: Month, prices: PriceBook) -> Answer:
    """A day read from Kafka again, compared, and published where a newer version explains the difference.

    Raises PriceMissing. A replay from landing reads the day twice more and nothing of Kafka.
    """
    drivers, rows = month.drivers, month.events / DAYS_A_MONTH
    day = rows * scans.row_bytes(month)
    read = Part("read Kafka", *_kafka_read(month, prices, rows))
    cpu = rows / MILLION * drivers["engine_cpu_s_per_million"]
    vcpu = list_price(month, prices, "gcp.gke.autopilot.vcpu")
    made = Part("make the rows", cpu / 3600 * vcpu, f"{rows:,.0f} records in {cpu:,.0f} CPU seconds")
    kept = day / GIB * SHADOW_DAYS / DAYS_A_MONTH * list_price(month, prices, "gcp.bigquery.storage_active_logical")
    shadow = Part("shadow table", kept, f"loaded free of charge, {day / GIB:,.1f} GiB kept {SHADOW_DAYS} days")
    names = ("logical_bytes", "engine_cpu_s_per_million", "superseding_share", "rebuild_reads_old", "arrow_bytes")
    parts = (read, made, shadow, _comparison(month, prices, rows), *_publication(month, prices, rows))
    return Answer("What does the replay of a day cost?", parts, (*names, *query_price.drivers_of(month)))


def _kafka_read(month: Month, prices: PriceBook, rows: Decimal) -> tuple[Decimal, str]:
    name = "wire_bytes_compressed" if month.scenario.compressed else "wire_bytes_plain"
    size = rows * month.drivers[name] * month.scenario.message_size / GIB
    usd = size * ZONES_APART * list_price(month, prices, "gcp.network.inter_zone")
    return usd, f"brokers bill no reads; {size:,.1f} GiB, two thirds of it across zones"


def _comparison(month: Month, prices: PriceBook, rows: Decimal) -> Part:
    """Ranges first, then landing and shadow whole: all values are compared but four."""
    size = rows * (sum(scans.WIDTHS[name] for name in _RANGES) + 2 * scans.row_bytes(month))
    usd = query_price.once(size, month, prices)
    return Part("compare", usd, f"landing and shadow read whole, {size / GIB:,.1f} GiB")


def _publication(month: Month, prices: PriceBook, rows: Decimal) -> tuple[Part, ...]:
    drivers = month.drivers
    again = rows * (2 * scans.row_bytes(month) + sum(scans.WIDTHS[name] for name in _RUNS_OF_A_WRITE))
    new = rows * drivers["superseding_share"]
    appended = new * scans.appended_bytes(month) / GIB
    built = rows * scans.row_bytes(month) * (1 + drivers["rebuild_reads_old"])
    ingest = list_price(month, prices, "gcp.bigquery.storage_write_api")
    found = query_price.once(again, month, prices)
    return (
        Part("find what to publish", found, f"both read again, {again / GIB:,.1f} GiB"),
        Part("publish", appended * ingest, f"{new:,.0f} superseding rows, {appended:,.3f} GiB appended"),
        Part("settle the day anew", query_price.once(built, month, prices), f"{built / GIB:,.1f} GiB read"),
    )


def checks_and_audits(month: Month, prices: PriceBook) -> Answer:
    """A month of the hourly and daily checks and of the three-way ledger. Raises PriceMissing."""
    kept = month.scenario.retention_months * DAYS_A_MONTH
    asked = (*own_scans.checks(), *own_scans.audit(month.drivers, kept))
    parts = tuple(_scan_part(scan, month, prices) for scan in asked)
    names = ("view_bytes", "audits_a_month", *query_price.drivers_of(month))
    return Answer("What do our own checks and audits cost a month?", parts, names)


def _scan_part(scan: Scan, month: Month, prices: PriceBook) -> Part:
    how = f"{scan.runs:,.0f} times {scans.each_billed(scan, month)}"
    return Part(scan.name, query_price.of_scan(scan, month, prices), how)


def question_without_a_date(month: Month, prices: PriceBook) -> Answer:
    """One question to the view `payments` that fails to prune: every day that is kept is read. Raises PriceMissing.

    Each table refuses a question without a date, but the view has a date in each of its arms, so it does not
    (docs/decisions/0008-settled-days.md).
    """
    share = month.scenario.dashboards.share_of_columns * scans.row_bytes(month)
    rows = scans.whole_retention(month)
    windows = scans.rows_between(month, Decimal(0), SETTLED) * month.drivers["view_bytes"]
    size = rows * share + windows
    usd = query_price.once(size, month, prices)
    how = f"{rows:,.0f} rows x {share:,.0f} bytes and the windows of the open days: {size / TIB:,.2f} TiB"
    parts = (Part("one question", usd, how),)
    note = "a ceiling of bytes a question (maximum_bytes_billed) or a day (custom quota) refuses it instead"
    names = ("logical_bytes", "view_bytes", *query_price.drivers_of(month))
    return Answer("What does one question that fails to prune cost?", parts, names, note)


def late_rows(month: Month, prices: PriceBook) -> Answer:
    """A month of what runs for late rows alone: looks, settled days built anew, their report. Raises PriceMissing."""
    parts = tuple(_scan_part(scan, month, prices) for scan in own_scans.late_rows(month.drivers))
    names = ("logical_bytes", "settled_days_touched_daily", "rebuild_reads_old", *query_price.drivers_of(month))
    return Answer("What do late rows cost a month?", parts, names)


def usd_of(uses: Iterable[Use], prices: PriceBook) -> Decimal:
    """A month of these by themselves, free tiers taken off. Raises PriceMissing."""
    return sum((line.usd for line in model.priced(uses, prices)), Decimal(0))


def streamed(month: Month, prices: PriceBook) -> Decimal:
    """Dollars a month for appends through the Storage Write API. Raises PriceMissing."""
    return usd_of([bigquery.ingest(month)], prices)
