"""The ECB's calendar: TARGET days, and which day's rates apply at an instant.

Closing days since 2002: weekends, 1 January, Good Friday, Easter Monday, 1 May, 25 and 26 December (ECB, "TARGET
closing days"). Rates are taken as published at 16:00 in Frankfurt, summer and winter alike.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

PUBLICATION: Final = time(16, 0, tzinfo=ZoneInfo("Europe/Berlin"))
_ONE_DAY: Final = timedelta(days=1)
_FIXED_CLOSINGS: Final = frozenset({(1, 1), (5, 1), (12, 25), (12, 26)})


def easter_sunday(year: int) -> date:
    """Gregorian computus (Butcher's form, as in Meeus, Astronomical Algorithms, chapter 8)."""
    century, of_century = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * (year % 19) + century - leap_centuries - correction + 15) % 30
    leaps, year_rest = divmod(of_century, 4)
    to_sunday = (32 + 2 * century_rest + 2 * leaps - moon - year_rest) % 7
    late = (year % 19 + 11 * moon + 22 * to_sunday) // 451
    month, day = divmod(moon + to_sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=4096)
def is_target_day(day: date) -> bool:
    """Whether TARGET is open."""
    if day.weekday() >= 5 or (day.month, day.day) in _FIXED_CLOSINGS:
        return False
    easter = easter_sunday(day.year)
    return day not in (easter - 2 * _ONE_DAY, easter + _ONE_DAY)


@lru_cache(maxsize=4096)
def previous_target_day(day: date) -> date:
    """The newest TARGET day before `day`."""
    while not is_target_day(day := day - _ONE_DAY):
        pass
    return day


@lru_cache(maxsize=4096)
def publication(day: date) -> datetime | None:
    """When the rates of that day are published, UTC: always on the same date; None if TARGET is closed."""
    return datetime.combine(day, PUBLICATION).astimezone(UTC) if is_target_day(day) else None


def applicable_date(at: datetime) -> date:
    """The newest TARGET day D with 16:00 Frankfurt time of D at or before `at`."""
    day = at.astimezone(UTC).date()
    published = publication(day)
    return day if published is not None and published <= at else previous_target_day(day)


def target_days_between(earlier: date, later: date, limit: int) -> int:
    """TARGET days from `earlier` (a TARGET day) up to `later`; counts no further than `limit` + 1."""
    count = 0
    while later > earlier and count <= limit:
        later = previous_target_day(later)
        count += 1
    return count
