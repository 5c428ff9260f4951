"""Every check by SQL: its name, the asset it is about, when it is asked, its statement and its judge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from assets.checks import (
    completeness,
    control_totals,
    duplicates,
    enrichment,
    fx_freshness,
    merchant_history,
    quarantine,
)
from assets.checks.thresholds import Thresholds
from assets.checks.verdict import Row, Verdict, closed_days, open_days


class Cadence(StrEnum):
    """How often, and on which days."""

    HOURLY = "hourly"
    DAILY = "daily"

    def days(self, now: datetime) -> tuple[date, ...]:
        """The business dates that are looked at: open ones hourly, closed ones daily."""
        return open_days(now) if self is Cadence.HOURLY else closed_days(now)

    def ceiling(self, thresholds: Thresholds) -> int:
        """Bytes that one statement may read."""
        return thresholds.hourly_bytes if self is Cadence.HOURLY else thresholds.daily_bytes


@dataclass(frozen=True, slots=True)
class Check:
    """A check. `statement` takes `project.dataset` and business dates, `judge` the rows it answers with."""

    name: str
    asset: str
    cadence: Cadence
    description: str
    statement: Callable[[str, Sequence[date]], str]
    judge: Callable[[Sequence[Row], Thresholds], Verdict]
    back: int = 0
    """Completeness: days before its own in which it looks for late records. 0: not a check of completeness."""


CHECKS: Final = (
    Check(
        "duplicate_coordinates",
        "payments",
        Cadence.HOURLY,
        "One live landing row per Kafka record, today and yesterday",
        duplicates.coordinates_statement,
        duplicates.judge_coordinates,
    ),
    Check(
        "duplicate_events",
        "payments",
        Cadence.HOURLY,
        "The view shows one row per business date and event, today and yesterday",
        duplicates.events_statement,
        duplicates.judge_events,
    ),
    Check(
        "completeness",
        "payments",
        Cadence.HOURLY,
        "Few offsets between the lowest and the highest that landed since yesterday noon have no row: of records that "
        "are days late, or missing, which the daily check tells apart",
        completeness.statement,
        completeness.judge_open,
        completeness.OPEN_BACK,
    ),
    Check(
        "unknown_merchants",
        "payments",
        Cadence.HOURLY,
        "Few payments of today and yesterday are of merchants that the dimension does not know",
        enrichment.statement,
        enrichment.judge,
    ),
    Check(
        "quarantine_by_reason",
        "payments",
        Cadence.HOURLY,
        "Few records of today and yesterday broke a rule; how many, by reason",
        quarantine.statement,
        quarantine.judge,
    ),
    Check(
        "completeness_closed_days",
        "payments",
        Cadence.DAILY,
        "Every offset that landed since noon of the first closed day has a row, up to 30 days late, or holds no record",
        completeness.statement,
        completeness.judge,
        completeness.LATEST,
    ),
    Check(
        "control_totals",
        "payments",  # not the report: each hourly rebuild would outdate the result, or ask again at three days' cost
        Cadence.DAILY,
        "Counts and sums of the closed days agree between landing, the view and the report",
        control_totals.statement,
        control_totals.judge,
    ),
    Check(
        "fx_freshness",
        "fx_rates",
        Cadence.DAILY,
        "The snapshot of the last closed TARGET day is there",
        fx_freshness.statement,
        fx_freshness.judge,
    ),
    Check(
        "merchant_history",
        "merchants",
        Cadence.DAILY,
        "Versions of a merchant neither overlap nor leave a gap, and one at most is current",
        merchant_history.statement,
        merchant_history.judge,
    ),
)


def of_cadence(cadence: Cadence) -> tuple[Check, ...]:
    """The checks that are asked hourly, or daily."""
    return tuple(check for check in CHECKS if check.cadence is cadence)
