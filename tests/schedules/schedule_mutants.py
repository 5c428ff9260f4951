"""The calendar with one tempting shortcut each; each with the test that must see it."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import test_schedule_calendar as c
import test_schedule_retries as r
import test_schedule_walk as w

from orchestration.schedules import calendar, retries, simulate
from orchestration.schedules.calendar import Attempt, Rule

DAY = timedelta(days=1)


def the_first_of_two(day: Any, at: time, zone: str) -> datetime:
    """Python's own reading: the earlier of two, and the gap passed by."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def winter_time_all_year(day: Any, at: time, zone: str) -> datetime:
    return datetime.combine(day, at, UTC) - timedelta(hours=1)


def nothing_is_superseded(rule: Rule, tick: datetime, now: datetime) -> None:
    return None


def only_if_on_time(rule: Rule, tick: datetime, now: datetime) -> datetime | None:
    """Whatever is more than an hour late is dropped."""
    return now if now - tick > timedelta(hours=1) else None


def weekdays_are_target_days(now: datetime) -> list[Any]:
    days = [now.date() - back * DAY for back in range(10)]
    return [day for day in reversed(days) if day.weekday() < 5 and now.hour >= 16][-5:]


def one_attempt_a_day(due: datetime, now: datetime) -> datetime:
    return due


def an_attempt_a_look(due: datetime, now: datetime) -> datetime:
    return now


def the_newest_day_only(now: datetime, published: Any) -> list[Attempt]:
    return [a for a in _attempts(now, published) if a.day == calendar.fx_days_due(now)[-1]]


def the_end_does_not_matter(now: datetime, published: Any, until: Any = None) -> list[Attempt]:
    return _attempts(now, published)


def rates_alone(versions: Any) -> str:
    return f"payments_corrections-{versions.get('fx_rates')}"


def key_by_the_time_of_asking(rule: Rule, tick: datetime) -> str:
    return f"{rule.job}-{tick:%Y-%m-%dT%H:00Z}"


def try_all_day(now: datetime, loaded_at: datetime | None) -> str | None:
    """Until the next night, whatever the clock says."""
    return _merchants(min(now, calendar.MERCHANTS.newest(now) + timedelta(hours=2)), loaded_at)


def noon_by_utc(day: Any, at: time, zone: str) -> datetime:
    return datetime.combine(day, at, UTC)


def try_for_ever(key: str, past: Any, now: datetime) -> str | None:
    return _corrections(key, past[-23:], now)


def one_name_for_all_attempts(key: str, past: Any, now: datetime) -> str | None:
    """Dagster starts a key once: the second attempt never comes."""
    return key if _corrections(key, past, now) else None


_attempts = calendar.fx_attempts
_merchants, _corrections = retries.merchants_attempt, retries.corrections_attempt


def _easter() -> list[simulate.Ran]:
    return w.whole_days(w.date(2026, 4, 2), w.date(2026, 4, 7))


NIGHTS, RATES = ["10-24 00:15", "10-25 01:15", "10-26 01:15"], ["10-26 15:05", "10-26 15:20"]

MUTANTS: dict[str, tuple[tuple[Any, str, Any], Callable[[], None]]] = {
    "the earlier of two": (
        (calendar, "local_instant", the_first_of_two),
        c.test_a_night_has_one_merchants_run_also_when_the_hour_is_missing_or_comes_twice,
    ),
    "winter time all year": (
        (calendar, "local_instant", winter_time_all_year),
        lambda: w.test_a_change_of_the_clock_loses_no_night_and_doubles_none(w.date(2026, 10, 24), NIGHTS, RATES),
    ),
    "every missed tick runs": (
        (simulate, "superseded_by", nothing_is_superseded),
        w.test_after_hours_of_silence_each_job_is_caught_up_once,
    ),
    "a late tick is dropped": (
        (simulate, "superseded_by", only_if_on_time),
        w.test_after_hours_of_silence_each_job_is_caught_up_once,
    ),
    "weekdays are TARGET days": (
        (calendar, "fx_days_due", weekdays_are_target_days),
        lambda: w.test_easter_has_rates_on_thursday_and_on_tuesday_only(_easter()),
    ),
    "one attempt a day": (
        (calendar, "_slot", one_attempt_a_day),
        w.test_rates_that_are_late_are_asked_for_until_they_are_out,
    ),
    "an attempt a look": (
        (calendar, "_slot", an_attempt_a_look),
        w.test_rates_that_are_late_are_asked_for_until_they_are_out,
    ),
    "the newest day only": (
        (c, "fx_attempts", the_newest_day_only),
        c.test_a_published_day_is_asked_for_no_more_and_the_others_still_are,
    ),
    "the end of the source does not matter": (
        (c, "fx_attempts", the_end_does_not_matter),
        c.test_after_the_end_of_the_source_there_is_one_attempt_a_day,
    ),
    "corrections for rates alone": (
        (simulate, "corrections_key", rates_alone),
        lambda: w.test_corrections_follow_every_new_version_at_once_and_nothing_else(_easter()),
    ),
    "merchants all day": (
        (r, "merchants_attempt", try_all_day),
        r.test_a_late_snapshot_is_asked_for_until_noon_and_no_longer,
    ),
    "noon by UTC": (
        (retries, "local_instant", noon_by_utc),
        r.test_a_late_snapshot_is_asked_for_until_noon_and_no_longer,
    ),
    "corrections for ever": ((r, "corrections_attempt", try_for_ever), r.test_corrections_are_given_up_after_a_day),
    "one name for all attempts": (
        (r, "corrections_attempt", one_name_for_all_attempts),
        r.test_corrections_that_failed_are_tried_again_each_hour_under_another_name,
    ),
    "a key without minutes": (
        (simulate, "run_key", key_by_the_time_of_asking),
        w.test_after_hours_of_silence_each_job_is_caught_up_once,
    ),
}
"""Where it is planted, and the test that must see it."""
