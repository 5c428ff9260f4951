"""TARGET's calendar and the instant at which a day's reference rates begin to apply, worked out independently.

Closing days since 2002: Saturdays, Sundays, 1 January, Good Friday, Easter Monday, 1 May, 25 and 26 December
(ECB press release of 14 December 2000, "Long-term calendar for TARGET closing days").
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_FRANKFURT = ZoneInfo("Europe/Berlin")
_ONE_DAY = timedelta(days=1)
_SATURDAY = 5


def easter_sunday(year: int) -> date:
    """Western Easter by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    l = (32 + 2 * e + 2 * i - h - k) % 7  # noqa: E741  # the letters are the source's
    m = (a + 11 * h + 19 * l) // 433
    month = (h + l - 7 * m + 90) // 25
    return date(year, month, (h + l - 7 * m + 33 * month + 19) % 32)


def is_target_day(day: date) -> bool:
    """True if TARGET settles on that day, and the ECB therefore fixes rates."""
    if day.weekday() >= _SATURDAY or (day.month, day.day) in {(1, 1), (5, 1), (12, 25), (12, 26)}:
        return False
    return day - easter_sunday(day.year) not in {-2 * _ONE_DAY, _ONE_DAY}


def target_days(first: date, last: date) -> list[date]:
    """Every TARGET day from `first` to `last`, both included."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if is_target_day(day)]


def applies_from(day: date) -> datetime:
    """16:00 of the day on a Frankfurt clock, UTC."""
    return datetime(day.year, day.month, day.day, 16, tzinfo=_FRANKFURT).astimezone(UTC)
