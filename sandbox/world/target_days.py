"""TARGET days: the days on which the ECB publishes its reference rates, at 16:00 Frankfurt time.

Source: ecb.europa.eu, "TARGET closing days" (in force since 2002) and the page of the euro reference rates.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

FRANKFURT: Final = ZoneInfo("Europe/Berlin")
PUBLICATION: Final = time(16, 0)
_FIXED_CLOSINGS: Final = frozenset({(1, 1), (5, 1), (12, 25), (12, 26)})


def easter_sunday(year: int) -> date:
    """Gregorian Easter by the "anonymous" computus (Meeus, Astronomical Algorithms, chapter 8)."""
    golden = year % 19
    century, in_century = divmod(year, 100)
    skipped_leaps, leap_rest = divmod(century, 4)
    moon_shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - skipped_leaps - moon_shift + 15) % 30
    leaps, rest = divmod(in_century, 4)
    weekday = (32 + 2 * leap_rest + 2 * leaps - epact - rest) % 7
    correction = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def is_target_day(day: date) -> bool:
    """Whether the ECB publishes on that day: no weekend, no TARGET closing day."""
    if day.weekday() >= 5 or (day.month, day.day) in _FIXED_CLOSINGS:
        return False
    easter = easter_sunday(day.year)
    return day not in (easter - timedelta(days=2), easter + timedelta(days=1))


def target_days(first: date, last: date) -> Iterator[date]:
    """TARGET days from `first` to `last`, both included."""
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if is_target_day(day):
            yield day


def published_at(day: date) -> datetime:
    """When the snapshot of a TARGET day is published, in UTC: 14:00 in summer, 15:00 in winter."""
    return datetime.combine(day, PUBLICATION, FRANKFURT).astimezone(UTC)
