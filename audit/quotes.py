"""Which published rate a payment should have been converted with, by the auditor's own reading of the rules.

The applicable day is the newest TARGET day whose 16:00 in Frankfurt had come when the payment occurred. Its snapshot
is FINAL; while it is not there, the newest earlier one is PROVISIONAL if at most five TARGET days older; else, or if
the snapshot lacks a currency, the payment is UNSUPPORTED. A payment in the reporting currency needs no snapshot: FINAL,
both rates 1, no day and no revision.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

MAX_AGE_TARGET_DAYS: Final = 5
ONE: Final = Decimal(1)

RateRow = tuple[date, str, Decimal, int, datetime]
"""rate_date, currency, rate, revision, recorded_at: a row of the warehouse's `fx_rates`."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The newest revision of one day known to a version."""

    revision: int
    rates: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Quote:
    """What the row must say. Unsupported: nothing but that."""

    status: str
    rate_date: date | None = None
    revision: int | None = None
    rate_from: Decimal | None = None
    rate_to: Decimal | None = None


UNSUPPORTED: Final = Quote("UNSUPPORTED")


def snapshots(rows: list[RateRow], published_at: datetime) -> dict[date, Snapshot]:
    """Return each day's newest revision among the rows recorded by `published_at`."""
    known: dict[date, dict[int, dict[str, Decimal]]] = {}
    for rate_date, currency, rate, revision, recorded_at in rows:
        if recorded_at <= published_at:
            known.setdefault(rate_date, {}).setdefault(revision, {})[currency] = rate
    return {day: Snapshot(max(revisions), revisions[max(revisions)]) for day, revisions in known.items()}


def quote(known: dict[date, Snapshot], days: list[date], applicable: date, source: str, target: str) -> Quote:
    """Return the quote of a payment in `source` for a report in `target`; `days` are TARGET days, ascending."""
    if source == target:
        return Quote("FINAL", rate_from=ONE, rate_to=ONE)
    used = applicable if applicable in known else _fallback(known, days, applicable)
    if used is None:
        return UNSUPPORTED
    rates = known[used].rates | {"EUR": ONE}
    if source not in rates or target not in rates:
        return UNSUPPORTED
    status = "FINAL" if used == applicable else "PROVISIONAL"
    return Quote(status, used, known[used].revision, rates[source], rates[target])


def _fallback(known: dict[date, Snapshot], days: list[date], applicable: date) -> date | None:
    end = bisect_left(days, applicable)
    for day in reversed(days[max(0, end - MAX_AGE_TARGET_DAYS) : end]):
        if day in known:
            return day
    return None
