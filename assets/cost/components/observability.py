"""Logs and metrics: what processes of ours write, and what a scraper would collect of them.

Only our own: Google's services do not charge for the metrics of themselves, and any engine is taken to log as ours
does, in as many processes, which flatters engines that run on a JVM.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from assets.cost.components import tidemark
from assets.cost.lines import Month, Use
from assets.cost.units import DAYS_A_MONTH, GIB, HOURS_A_MONTH, MILLION, SECONDS_A_MONTH

SCRAPE_S: Final = Decimal(30)
"""Between two samples of a series: the interval of Google's own examples
(cloud.google.com/stackdriver/docs/managed-prometheus/setup-managed)."""


def uses(month: Month) -> Iterator[Use]:
    """Log text and metric samples of a month."""
    members = tidemark.members(month).count
    yield _logs(month, members)
    yield _metrics(month, members)


def _logs(month: Month, members: Decimal) -> Use:
    drivers = month.drivers
    of_members = members * HOURS_A_MONTH * drivers["log_bytes_member_hour"]
    of_events = month.events / MILLION * drivers["log_bytes_million"]
    of_dagster = DAYS_A_MONTH * drivers["dagster_log_bytes_a_day"]
    gib = (of_members + of_events + of_dagster) / GIB
    how = (
        f"{members} members x {HOURS_A_MONTH} h x {drivers['log_bytes_member_hour']:,.0f} bytes + "
        f"{month.events / MILLION:,.0f} million events x {drivers['log_bytes_million']:,.0f} bytes + Dagster "
        f"{drivers['dagster_log_bytes_a_day']:,.0f} bytes a day = {gib:,.3f} GiB"
    )
    names = ("log_bytes_member_hour", "log_bytes_million", "dagster_log_bytes_a_day")
    return Use("observability.logs", "observability", "Cloud Logging", "gcp.logging.ingest", gib, how, names,
               month.scenario.region)  # fmt: skip


def _metrics(month: Month, members: Decimal) -> Use:
    drivers = month.drivers
    series = members * drivers["metric_series_member"] + month.scenario.partitions * drivers["metric_series_partition"]
    samples = series * SECONDS_A_MONTH / SCRAPE_S / MILLION
    how = (
        f"({members} members x {drivers['metric_series_member']} + {month.scenario.partitions} partitions x "
        f"{drivers['metric_series_partition']}) series, one sample every {SCRAPE_S} s = {samples:,.1f} million a month"
    )
    return Use("observability.metrics", "observability", "Managed Prometheus", "gcp.managed_prometheus.samples",
               samples, how, ("metric_series_member", "metric_series_partition"), month.scenario.region)  # fmt: skip
