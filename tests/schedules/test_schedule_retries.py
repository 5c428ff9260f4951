"""What is tried again: a late snapshot of the merchants until noon in Frankfurt, corrections that failed each hour."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.schedules.calendar import MERCHANTS
from orchestration.schedules.retries import (
    CORRECTIONS_EVERY,
    CORRECTIONS_MOST,
    Past,
    corrections_attempt,
    merchants_attempt,
)
from orchestration.schedules.simulate import punctual, walk

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
DAY = timedelta(days=1)
INSTANTS = st.timedeltas(timedelta(days=9), timedelta(days=350)).map(
    lambda since: datetime(2026, 1, 1, tzinfo=UTC) + since
)
FAILED = Past(True, NOW)


def attempts(day, loaded_at=None):
    """Names of the attempts of a day (UTC), by the minutes at which they come up."""
    start, found = datetime(day.year, day.month, day.day, tzinfo=UTC), {}
    for minute in range(24 * 60):
        if key := merchants_attempt(start + timedelta(minutes=minute), loaded_at):
            found.setdefault(key, f"{minute // 60:02}:{minute % 60:02}")
    return list(found.values())


@pytest.mark.parametrize(
    ("day", "first", "last", "count"),
    [
        (date(2026, 11, 25), "01:30", "11:00", 39),  # 02:30 to 12:00 by Frankfurt's clock
        (date(2026, 7, 1), "00:30", "10:00", 39),
        (date(2026, 3, 29), "01:15", "10:00", 36),  # 02:15 does not exist: the night's run is at 03:00
        (date(2026, 10, 25), "01:30", "11:00", 39),  # the second 02:15
    ],
    ids=["winter", "summer", "summer time begins", "summer time ends"],
)
def test_a_late_snapshot_is_asked_for_every_quarter_of_an_hour(day, first, last, count):
    found = attempts(day)
    assert (found[0], found[-1], len(found)) == (first, last, count)


def test_a_late_snapshot_is_asked_for_until_noon_and_no_longer():
    assert merchants_attempt(datetime(2026, 7, 1, 10, 14, tzinfo=UTC), None) == "merchants-2026-07-01T10:00Z"
    for minutes in (15, 60, 600):
        assert merchants_attempt(datetime(2026, 7, 1, 10, tzinfo=UTC) + timedelta(minutes=minutes), None) is None


def test_a_snapshot_that_was_loaded_is_asked_for_no_more():
    assert attempts(date(2026, 11, 25), datetime(2026, 11, 25, 1, 15, tzinfo=UTC)) == []
    assert attempts(date(2026, 11, 25), datetime(2026, 11, 25, 1, 14, tzinfo=UTC))


@given(INSTANTS, st.timedeltas(timedelta(), DAY))
def test_nothing_is_tried_twice_in_a_quarter_of_an_hour_or_before_the_night(now, later):
    key = merchants_attempt(now, None)
    assert key is None or key > f"merchants-{MERCHANTS.newest(now):%Y-%m-%dT%H:%MZ}"
    if later < timedelta(minutes=15) and key is not None:
        following = merchants_attempt(now + later, None)
        assert following is None or following >= key


def test_over_a_change_of_the_clock_a_late_file_is_loaded_when_it_comes_and_corrections_follow():
    for day in (date(2026, 3, 29), date(2026, 10, 25)):
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        out = start + timedelta(hours=6, minutes=50)
        ran = walk(start, start + DAY, punctual, (), snapshot_at=lambda _, out=out: out)
        loads = [run for run in ran if run.job == "merchants"]
        assert [run.note for run in loads[:-1]] == ["no snapshot"] * (len(loads) - 1)
        assert (loads[-1].at - out, loads[-1].note) == (timedelta(minutes=10), "")
        assert loads[-1].at in [run.at for run in ran if run.job == "payments_corrections"]


def test_a_day_whose_file_never_comes_is_given_up_at_noon():
    start = datetime(2026, 11, 25, tzinfo=UTC)
    ran = walk(start, start + 20 * DAY / 24, punctual, (), snapshot_at=lambda day: start + 9 * DAY)
    loads = [run for run in ran if run.job == "merchants"]
    assert (len(loads), f"{loads[-1].at:%H:%M}") == (40, "11:00")


def test_the_first_corrections_of_two_versions_are_due_at_once():
    assert corrections_attempt("k", [], NOW) == "k"


def test_corrections_that_failed_are_tried_again_each_hour_under_another_name():
    assert corrections_attempt("k", [FAILED], NOW + CORRECTIONS_EVERY - timedelta(seconds=1)) is None
    assert corrections_attempt("k", [FAILED], NOW + CORRECTIONS_EVERY) == "k-again1"
    assert corrections_attempt("k", [FAILED, FAILED], NOW + CORRECTIONS_EVERY) == "k-again2"


@pytest.mark.parametrize("ended_at", [None, NOW - DAY])
def test_corrections_that_succeeded_or_run_are_not_tried_again(ended_at):
    assert corrections_attempt("k", [FAILED, Past(False, ended_at)], NOW + DAY) is None


def test_corrections_are_given_up_after_a_day():
    assert corrections_attempt("k", [FAILED] * (CORRECTIONS_MOST - 1), NOW + DAY)
    assert corrections_attempt("k", [FAILED] * CORRECTIONS_MOST, NOW + DAY) is None


def test_a_run_whose_end_nobody_saw_is_no_reason_to_wait():
    assert corrections_attempt("k", [Past(True, None)], NOW) == "k-again1"
