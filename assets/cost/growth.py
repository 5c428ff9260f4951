"""How many events each month has, and how many of earlier months are still stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal

from assets.cost.units import DAYS_A_MONTH, MONTHS_A_YEAR, SECONDS_A_MONTH

LONG_TERM_AFTER: Final = Decimal(90) / DAYS_A_MONTH
"""Months after which an unmodified partition is billed at the long-term rate: 90 days (cloud.google.com/bigquery/docs,
storage overview)."""
Curve = Literal["none", "linear", "compound"]


@dataclass(frozen=True)
class Growth:
    """How the rate of events grows: by `per_year` of the first month's rate each year, or compounded."""

    curve: Curve = "none"
    per_year: Decimal = Decimal(0)
    """Share: 0.5 is half as much again after twelve months."""

    def factor(self, month: int) -> Decimal:
        """The rate of month 1, 2, ... as a multiple of the first month's."""
        years = Decimal(month - 1) / MONTHS_A_YEAR
        if self.curve == "none":
            return Decimal(1)
        if self.curve == "linear":
            return 1 + self.per_year * years
        return (1 + self.per_year) ** years


def inflow(rate_per_s: Decimal, growth: Growth, month: int) -> tuple[Decimal, ...]:
    """Events of each month from the first to `month`."""
    return tuple(rate_per_s * growth.factor(number) * SECONDS_A_MONTH for number in range(1, month + 1))


def stored(inflows: Sequence[Decimal], youngest: Decimal, oldest: Decimal) -> Decimal:
    """Events aged between `youngest` and `oldest` months in the middle of the last month: its average.

    Each month's events arrive evenly over it.
    """
    return _stored(tuple(inflows), youngest, oldest)


@lru_cache(maxsize=4096)
def _stored(inflows: tuple[Decimal, ...], youngest: Decimal, oldest: Decimal) -> Decimal:
    """Remembered: every draw of a band asks for the same ages, a third of the time that a bill takes."""
    now = Decimal(len(inflows)) - Decimal("0.5")
    start, end = now - oldest, now - youngest
    total = Decimal(0)
    for number, events in enumerate(inflows):
        overlap = min(end, Decimal(number + 1)) - max(start, Decimal(number))
        if overlap > 0:
            total += events * overlap
    return total
