from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.world.target_days import easter_sunday, is_target_day, published_at, target_days


@pytest.mark.parametrize(
    ("year", "easter"),
    [
        (1999, date(1999, 4, 4)),
        (2024, date(2024, 3, 31)),
        (2025, date(2025, 4, 20)),
        (2026, date(2026, 4, 5)),
        (2027, date(2027, 3, 28)),
        (2038, date(2038, 4, 25)),  # the latest date there is
        (2285, date(2285, 3, 22)),  # the earliest
    ],
)
def test_easter_is_where_the_almanac_has_it(year, easter):
    assert easter_sunday(year) == easter


@pytest.mark.parametrize(
    "closed",
    ["2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-12-25", "2027-12-24", "2026-11-21", "2026-11-22"],
)
def test_closing_days(closed):
    day = date.fromisoformat(closed)
    # Christmas Eve is a working day
    assert is_target_day(day) == (closed == "2027-12-24")


def test_easter_has_four_closed_days_in_a_row():
    assert list(target_days(date(2026, 4, 2), date(2026, 4, 7))) == [date(2026, 4, 2), date(2026, 4, 7)]


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        ("2026-07-01", "2026-07-01T14:00:00+00:00"),  # summer time
        ("2026-11-23", "2026-11-23T15:00:00+00:00"),
        ("2026-03-27", "2026-03-27T15:00:00+00:00"),  # the Friday before the clocks change
        ("2026-03-30", "2026-03-30T14:00:00+00:00"),
    ],
)
def test_publication_is_at_four_in_frankfurt(day, utc):
    published = published_at(date.fromisoformat(day))
    assert published == datetime.fromisoformat(utc)
    assert published.tzinfo is UTC


@given(st.dates(date(2002, 1, 1), date(2100, 1, 1)), st.integers(0, 60))
def test_target_days_are_the_target_days_of_the_span(first, length):
    last = first + timedelta(days=length)
    every = [first + timedelta(days=n) for n in range(length + 1)]
    assert list(target_days(first, last)) == [day for day in every if is_target_day(day)]
    assert all(day.weekday() < 5 for day in target_days(first, last))
