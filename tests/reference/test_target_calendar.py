"""TARGET days and Frankfurt's hour: closings of real years, summer and winter, against a slow definition."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.reference import calendar

FRANKFURT = ZoneInfo("Europe/Berlin")
EASTERS = {2002: (3, 31), 2008: (3, 23), 2011: (4, 24), 2019: (4, 21), 2024: (3, 31), 2025: (4, 20), 2026: (4, 5),
           2027: (3, 28), 2038: (4, 25)}  # fmt: skip


@pytest.mark.parametrize(("year", "day"), EASTERS.items())
def test_easter(year: int, day: tuple[int, int]) -> None:
    assert calendar.easter_sunday(year) == date(year, *day)


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        ((2026, 1, 1), False), ((2026, 1, 2), True), ((2026, 4, 2), True), ((2026, 4, 3), False), ((2026, 4, 6), False),
        ((2026, 4, 7), True), ((2026, 5, 1), False), ((2026, 5, 14), True), ((2026, 10, 3), False),
        ((2026, 12, 24), True), ((2026, 12, 25), False), ((2025, 12, 26), False), ((2026, 12, 31), True),
        ((2026, 11, 21), False), ((2026, 11, 22), False), ((2026, 11, 23), True),
    ],
)  # fmt: skip
def test_target_days(day: tuple[int, int, int], is_open: bool) -> None:
    assert calendar.is_target_day(date(*day)) is is_open


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2026-11-23T14:59:59.999999+00:00", date(2026, 11, 20)),  # winter: 16:00 is 15:00 UTC
        ("2026-11-23T15:00:00+00:00", date(2026, 11, 23)),
        ("2026-07-01T13:59:59.999999+00:00", date(2026, 6, 30)),  # summer: 14:00 UTC
        ("2026-07-01T14:00:00+00:00", date(2026, 7, 1)),
        ("2026-11-21T23:00:00+00:00", date(2026, 11, 20)),  # a weekend
        ("2026-04-02T14:00:00+00:00", date(2026, 4, 2)),
        ("2026-04-07T13:59:59+00:00", date(2026, 4, 2)),  # Easter: Thursday's rates until Tuesday 16:00
        ("2026-04-07T14:00:00+00:00", date(2026, 4, 7)),
        ("2026-03-27T15:00:00+00:00", date(2026, 3, 27)),  # the Friday before the clocks change
        ("2026-03-30T14:00:00+00:00", date(2026, 3, 30)),  # and the Monday after
        ("2026-10-23T14:00:00+00:00", date(2026, 10, 23)),
        ("2026-10-26T14:59:59+00:00", date(2026, 10, 23)),
        ("2026-10-26T15:00:00+00:00", date(2026, 10, 26)),
        ("2027-01-01T12:00:00+00:00", date(2026, 12, 31)),
        ("2026-11-24T00:30:00+14:00", date(2026, 11, 20)),  # still Monday morning in Frankfurt
    ],
)
def test_applicable_date(instant: str, expected: date) -> None:
    assert calendar.applicable_date(datetime.fromisoformat(instant)) == expected


@given(st.integers(0, 37 * 365 * 86_400))
def test_agrees_with_the_definition(seconds: int) -> None:
    at = datetime(2003, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    day = at.astimezone(FRANKFURT).date() + timedelta(days=2)
    while not (calendar.is_target_day(day) and datetime(day.year, day.month, day.day, 16, tzinfo=FRANKFURT) <= at):
        day -= timedelta(days=1)
    assert calendar.applicable_date(at) == day


def test_publication_never_leaves_its_utc_date() -> None:
    """The stage relies on it: the hour is looked up by UTC date."""
    day = date(2026, 1, 1)
    for _ in range(366):
        published = calendar.publication(day)
        assert published is None or published.date() == day
        assert (published is None) == (not calendar.is_target_day(day))
        day += timedelta(days=1)


def test_staleness_counts_target_days() -> None:
    assert calendar.target_days_between(date(2026, 4, 2), date(2026, 4, 7), 5) == 1
    assert calendar.target_days_between(date(2026, 11, 13), date(2026, 11, 20), 5) == 5
    assert calendar.target_days_between(date(2026, 11, 20), date(2026, 11, 20), 5) == 0
    assert calendar.target_days_between(date(1999, 1, 4), date(2026, 11, 20), 5) == 6


# --- mutants ---------------------------------------------------------------------------------------------------


def at_utc_hour(at: datetime) -> date:
    """16:00 taken as 15:00 UTC all year."""
    day = at.date() if at.hour >= 15 else at.date() - timedelta(days=1)
    while not calendar.is_target_day(day):
        day -= timedelta(days=1)
    return day


def weekends_only(at: datetime) -> date:
    local = at.astimezone(FRANKFURT)
    day = local.date() if local.hour >= 16 else local.date() - timedelta(days=1)
    while day.weekday() >= 5:
        day -= timedelta(days=1)
    return day


def test_calendars_that_are_almost_right_are_caught() -> None:
    summer, easter = datetime(2026, 7, 1, 14, tzinfo=UTC), datetime(2026, 4, 6, 20, tzinfo=UTC)
    assert at_utc_hour(summer) != calendar.applicable_date(summer) == date(2026, 7, 1)
    assert weekends_only(easter) != calendar.applicable_date(easter) == date(2026, 4, 2)
