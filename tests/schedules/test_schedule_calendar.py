"""The pure calendar: ticks over a whole year, both changes of the clock, holidays, and a daemon that was away."""

from datetime import UTC, date, datetime, timedelta
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.schedules.calendar import (
    DAILY_CHECKS,
    FX_LOOK_BACK,
    HOURLY_CHECKS,
    MERCHANTS,
    RULES,
    corrections_key,
    fx_attempts,
    fx_days_due,
    run_key,
    superseded_by,
)
from orchestration.schedules.simulate import Walk, punctual
from streaming.reference.calendar import is_target_day

YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
INSTANTS = st.timedeltas(timedelta(days=9), timedelta(days=350)).map(lambda since: YEAR[0] + since)


@pytest.mark.integration  # Dagster takes a second to import
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.job)
def test_a_rule_ticks_when_dagster_ticks_all_year(rule):
    from dagster._utils.schedules import cron_string_iterator  # noqa: TID251  # whose ticks are the truth here

    start, end = YEAR
    dagsters = cron_string_iterator(start.timestamp(), rule.cron, rule.zone)
    expected = [tick.astimezone(UTC) for tick in takewhile(lambda tick: tick < end, dagsters)]
    assert list(rule.ticks(start - timedelta(minutes=1), end - timedelta(minutes=1))) == expected


def test_a_night_has_one_merchants_run_also_when_the_hour_is_missing_or_comes_twice():
    def of(month: int, day: int) -> list[datetime]:
        start = datetime(2026, month, day, tzinfo=UTC) - timedelta(hours=2)
        return list(MERCHANTS.ticks(start, start + DAY))

    assert of(3, 28) == [datetime(2026, 3, 28, 1, 15, tzinfo=UTC)]
    assert of(3, 29) == [datetime(2026, 3, 29, 1, 0, tzinfo=UTC)]  # 03:00 summer time
    assert of(3, 30) == [datetime(2026, 3, 30, 0, 15, tzinfo=UTC)]
    assert of(10, 24) == [datetime(2026, 10, 24, 0, 15, tzinfo=UTC)]
    assert of(10, 25) == [datetime(2026, 10, 25, 1, 15, tzinfo=UTC)]  # the second 02:15
    assert of(10, 26) == [datetime(2026, 10, 26, 1, 15, tzinfo=UTC)]


@given(INSTANTS, st.timedeltas(timedelta(), 3 * DAY), st.timedeltas(timedelta(), 3 * DAY))
def test_ticks_of_two_spans_that_meet_are_those_of_the_whole(start, first, second):
    middle, end = start + first, start + first + second
    for rule in RULES:
        assert [*rule.ticks(start, middle), *rule.ticks(middle, end)] == list(rule.ticks(start, end))


@given(INSTANTS)
def test_the_newest_tick_has_none_after_it(now):
    for rule in RULES:
        assert rule.newest(now) <= now
        assert list(rule.ticks(rule.newest(now), now)) == []


def world(start: datetime, published_at=punctual) -> Walk:
    versions = {"fx_rates": "f0", "merchants": "m0"}
    return Walk(published_at, {rule.job: start for rule in RULES}, versions=versions, loaded_at=start)


@given(st.data())
def test_however_long_the_daemon_was_away_no_tick_is_lost_and_none_is_doubled(data):
    start = data.draw(INSTANTS)
    pauses = data.draw(st.lists(st.timedeltas(timedelta(seconds=20), 2 * DAY), min_size=1, max_size=20))
    walk, now = world(start), start
    for pause in pauses:
        before, now, earlier = now, now + pause, len(walk.ran)
        walk.look(now)
        new = [run for run in walk.ran[earlier:] if run.job in {rule.job for rule in RULES}]
        for rule in RULES:
            due = list(rule.ticks(before, now))
            mine = [run.key for run in new if run.job == rule.job]
            assert mine == ([run_key(rule, due[-1])] if due else [])  # caught up once, by the newest
    keys = [run.key for run in walk.ran]
    assert len(keys) == len(set(keys))


@given(st.data())
def test_every_target_day_is_published_as_soon_as_somebody_asks_after_it_is_out(data):
    start = data.draw(INSTANTS)
    pauses = data.draw(st.lists(st.timedeltas(timedelta(minutes=1), 3 * DAY), min_size=1, max_size=12))
    delay = data.draw(st.integers(0, 600))
    walk, now = world(start, lambda day: punctual(day, delay)), start
    for pause in pauses:
        now += pause
        walk.look(now)
        asked = {run.key for run in walk.ran}
        for attempt in fx_attempts(now, walk.published):
            assert attempt.run_key in asked
            assert punctual(attempt.day, delay) > attempt.at - timedelta(hours=1)  # or a slot ago it was not out


def test_rates_are_asked_for_from_five_past_four_every_quarter_of_an_hour_then_hourly():
    due = datetime(2026, 11, 23, 15, 5, tzinfo=UTC)
    published = {*fx_days_due(due - timedelta(seconds=1))}
    assert fx_attempts(due - timedelta(seconds=1), published) == []
    minutes = {}
    for minute in range(7 * 60):
        (attempt,) = fx_attempts(due + timedelta(minutes=minute), published)
        minutes.setdefault(attempt.run_key, minute)
    assert list(minutes.values()) == [*range(0, 4 * 60, 15), 4 * 60, 5 * 60, 6 * 60]


def test_a_published_day_is_asked_for_no_more_and_the_others_still_are():
    now = datetime(2026, 11, 24, 16, tzinfo=UTC)
    assert [a.day for a in fx_attempts(now, {date(2026, 11, 24), date(2026, 11, 19), date(2026, 11, 18)})] == [
        date(2026, 11, 20),
        date(2026, 11, 23),
    ]


def test_after_the_end_of_the_source_there_is_one_attempt_a_day():
    ends, start = date(2026, 10, 30), datetime(2026, 11, 16, 15, 5, tzinfo=UTC)
    keys = {}
    for minute in range(0, 7 * 24 * 60, 5):
        now = start + timedelta(minutes=minute)
        for attempt in fx_attempts(now, (), ends):
            keys.setdefault(attempt.run_key, now)
    assert [f"{at:%d %H:%M}" for at in keys.values()] == [f"{day} 15:05" for day in range(16, 23)]


def test_days_that_the_source_has_are_tried_as_ever():
    now, ends = datetime(2026, 11, 24, 16, tzinfo=UTC), date(2026, 11, 20)
    assert [a.day.day for a in fx_attempts(now, (), ends)] == [18, 19, 20, 24]
    assert fx_attempts(now, (), ends)[:3] == fx_attempts(now, ())[:3]
    assert fx_attempts(now, (), date(2026, 11, 24)) == fx_attempts(now, ())


@given(INSTANTS)
def test_days_due_are_target_days_and_the_newest_of_them(now):
    days = fx_days_due(now)
    assert days == sorted(days)
    assert len(days) == FX_LOOK_BACK
    assert all(is_target_day(day) for day in days)
    assert punctual(days[-1], 5) <= now


def test_over_easter_thursday_stays_the_newest_day_until_tuesday():
    for day in (3, 4, 5, 6, 7):
        assert fx_days_due(datetime(2026, 4, day, 14, 4, tzinfo=UTC))[-1] == date(2026, 4, 2)
    assert fx_days_due(datetime(2026, 4, 7, 14, 5, tzinfo=UTC))[-1] == date(2026, 4, 7)


def test_a_missed_tick_gives_way_to_the_newest_that_is_due():
    tick = datetime(2026, 11, 25, 3, 50, tzinfo=UTC)
    assert superseded_by(HOURLY_CHECKS, tick, tick + timedelta(minutes=59)) is None
    assert superseded_by(HOURLY_CHECKS, tick, tick + timedelta(hours=5, minutes=1)) == tick + timedelta(hours=5)
    assert superseded_by(DAILY_CHECKS, datetime(2026, 11, 25, 4, tzinfo=UTC), tick + timedelta(hours=23)) is None


def test_a_clock_that_is_a_little_behind_dagsters_loses_no_tick():
    tick = datetime(2026, 11, 25, 3, 50, tzinfo=UTC)
    assert superseded_by(HOURLY_CHECKS, tick, tick - timedelta(seconds=2)) is None


def test_corrections_have_a_name_for_each_pair_of_versions():
    assert corrections_key({}) is None
    assert corrections_key({"fx_rates": "f1"}) is None
    keys = {corrections_key({"fx_rates": f, "merchants": m}) for f in ("f1", "f2") for m in ("m1", "m2")}
    assert len(keys) == 4
