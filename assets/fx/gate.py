"""The quality gate of FX rates: why a candidate must not be published. Pure; an empty answer lets it pass.

A candidate passes as a whole or not at all: a day that lacks one currency would turn its payments UNSUPPORTED.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Final

import polars as pl

from assets.fx.snapshots import FRANKFURT
from streaming.reference.calendar import is_target_day, previous_target_day, target_days_between
from streaming.reference.currencies import decimals_on

MAX_JUMP_PERCENT: Final = 20
"""Move against the snapshot before. Since 2009 the ECB's own rates exceeded it on three days: 2014-12-16 and
2022-02-28 (RUB, 22 and 25 %) and 2021-12-21 (TRY, 27 %). Such a day deserves a person, who can accept it by name."""
MAX_JUMP_AGE: Final = 5
"""TARGET days; a snapshot further back says nothing about a jump, and is too old for a provisional rate as well."""
MAX_RATE: Final = 10_000_000
"""Units per euro. The largest the ECB ever published is 1,912,400 (TRL, 2004-12-09)."""
_A_YEAR: Final = 366
"""Days are counted no further than this."""

LAST_QUOTED: Final[Mapping[str, date]] = MappingProxyType(
    {
        # currency: last day with a reference rate, from the ECB's own history (eurofxref-hist)
        "SKK": date(2008, 12, 31),  # Slovakia joins the euro
        "EEK": date(2010, 12, 31),  # Estonia
        "LVL": date(2013, 12, 31),  # Latvia
        "LTL": date(2014, 12, 31),  # Lithuania
        "RUB": date(2022, 3, 1),  # suspended by the ECB until further notice
        "HRK": date(2022, 12, 30),  # Croatia
        "BGN": date(2025, 12, 31),  # Bulgaria
    }
)


class Rule(StrEnum):
    """Names of the gate's reasons."""

    UNREADABLE = "UNREADABLE"
    EMPTY = "EMPTY"
    DUPLICATE = "DUPLICATE"
    NOT_POSITIVE = "NOT_POSITIVE"
    TOO_LARGE = "TOO_LARGE"
    UNKNOWN_CURRENCY = "UNKNOWN_CURRENCY"
    MISSING_CURRENCY = "MISSING_CURRENCY"
    JUMP = "JUMP"
    FUTURE = "FUTURE"
    NOT_A_TARGET_DAY = "NOT_A_TARGET_DAY"
    MISSING_DAY = "MISSING_DAY"
    STALE = "STALE"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason to reject: the rule, where it was broken, and the figures. `currency` is empty for a whole day."""

    rule: Rule
    rate_date: date | None
    currency: str
    says: str

    def __str__(self) -> str:
        where = " ".join(str(part) for part in (self.rate_date, self.currency) if part)
        return f"{self.rule} {where}: {self.says}" if where else f"{self.rule}: {self.says}"

    @property
    def accepted_as(self) -> str:
        """What a person writes to accept it; empty for reasons that nobody can accept."""
        return f"{self.rule}:{self.currency}" if self.rule in (Rule.JUMP, Rule.MISSING_CURRENCY) else ""


Snapshot = tuple[date, dict[str, Decimal]]


def judge(
    candidate: pl.DataFrame, standing: pl.DataFrame, due: date, at: datetime, accepted: Collection[str] = ()
) -> tuple[Reason, ...]:
    """Return every reason against `candidate` (schema `ecb.RATES`), ordered by rule and day; empty lets it pass.

    `standing` has the newest revision of each published day (schema FX_RATES); `due` is the newest day the candidate
    must reach and `at` the present, with its zone. `accepted` are `JUMP:TRY` or `MISSING_CURRENCY:BGN`, which a person
    has looked at.
    """
    if candidate.is_empty():
        return (_empty(standing, due),)
    rows = candidate.select("rate_date", "currency", "rate").rows()
    found = [*_duplicates(candidate), *_bounds(rows), *_days({row[0] for row in rows}, due, at)]
    new, old = _by_day(rows), _by_day(standing.select("rate_date", "currency", "rate").rows())
    known = old | new
    for before, day in pairwise(sorted(known)):
        if day in new:
            found += _against_the_day_before((before, known[before]), (day, new[day]))
    order = list(Rule)
    kept = (reason for reason in found if not (reason.accepted_as and reason.accepted_as in accepted))
    return tuple(sorted(kept, key=lambda r: (order.index(r.rule), r.rate_date or date.min, r.currency)))


def _duplicates(candidate: pl.DataFrame) -> Iterator[Reason]:
    counted = candidate.group_by("rate_date", "currency").agg(pl.col("rate"))
    for day, currency, rates in counted.filter(pl.col("rate").list.len() > 1).iter_rows():
        yield Reason(Rule.DUPLICATE, day, currency, f"given {len(rates)} times: {', '.join(map(_digits, rates))}")


def _bounds(rows: Iterable[tuple[date, str, Decimal | None]]) -> Iterator[Reason]:
    for day, currency, rate in rows:
        if rate is None or rate <= 0:
            yield Reason(Rule.NOT_POSITIVE, day, currency, f"rate is {_digits(rate)}")
        elif rate > MAX_RATE:
            yield Reason(Rule.TOO_LARGE, day, currency, f"rate is {_digits(rate)}, more than {MAX_RATE}")
        if currency == "EUR" or decimals_on(currency, day) is None:
            yield Reason(Rule.UNKNOWN_CURRENCY, day, currency, "the euro itself, or not in use on that day (ISO 4217)")


def _days(days: set[date], due: date, at: datetime) -> Iterator[Reason]:
    today = at.astimezone(FRANKFURT).date()
    for day in days:
        if day > today:
            yield Reason(Rule.FUTURE, day, "", f"it is {today} in Frankfurt")
        if not is_target_day(day):
            yield Reason(Rule.NOT_A_TARGET_DAY, day, "", "TARGET is closed, the ECB publishes nothing")
    target = sorted(day for day in days if is_target_day(day))
    for before, after in pairwise(target):
        if missing := target_days_between(before, previous_target_day(after), _A_YEAR):
            yield Reason(Rule.MISSING_DAY, after, "", f"{_target_days(missing)} missing between {before} and {after}")
    newest, expected = max(days), _newest_target_day(due)
    if behind := target_days_between(newest, expected, _A_YEAR):
        yield Reason(Rule.STALE, newest, "", f"newest day of the file, {_target_days(behind)} before {expected}")


def _empty(standing: pl.DataFrame, due: date) -> Reason:
    expected, newest = _newest_target_day(due), standing["rate_date"].max()
    have = "no day is published"
    if isinstance(newest, date):
        behind = target_days_between(newest, expected, _A_YEAR)
        have = f"the newest published day is {newest}" + (f", {_target_days(behind)} before" if behind else "")
    return Reason(Rule.EMPTY, expected, "", f"no rates at all; {have}")


def _target_days(count: int) -> str:
    return f"{count} TARGET day{'s' * (count != 1)}"


def _newest_target_day(day: date) -> date:
    return day if is_target_day(day) else previous_target_day(day)


def _against_the_day_before(earlier: Snapshot, later: Snapshot) -> Iterator[Reason]:
    (before, known), (day, rates) = earlier, later
    close = target_days_between(before, day, MAX_JUMP_AGE) <= MAX_JUMP_AGE
    for currency, old in known.items():
        new = rates.get(currency)
        if new is None and LAST_QUOTED.get(currency, day) >= day:
            yield Reason(Rule.MISSING_CURRENCY, day, currency, f"{before} had it at {_digits(old)}")
        if close and new and old > 0 and abs(new - old) * 100 > old * MAX_JUMP_PERCENT:
            moved = (new - old) * 100 / old
            yield Reason(Rule.JUMP, day, currency, f"{_digits(old)} to {_digits(new)} since {before}, {moved:+.1f} %")


def _by_day(rows: Iterable[tuple[date, str, Decimal | None]]) -> dict[date, dict[str, Decimal]]:
    days: dict[date, dict[str, Decimal]] = {}
    for day, currency, rate in rows:
        if rate is not None:
            days.setdefault(day, {})[currency] = rate
    return days


def _digits(rate: Decimal | None) -> str:
    """The rate without the zeros that the column's nine decimals add."""
    return "null" if rate is None else f"{rate.normalize():f}"
