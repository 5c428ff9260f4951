"""A simulated clock over whole days around Easter and both changes of the clock in 2026: what ran when."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from orchestration.schedules.simulate import HOURLY, WALKS, main, punctual, table, walk, whole_days

MERCHANTS = "merchants"


def told(ran, *jobs):
    return [(f"{run.at:%m-%d %H:%M}", run.job, run.note) for run in ran if run.job in jobs]


@pytest.fixture(scope="module")
def easter():
    return whole_days(date(2026, 4, 2), date(2026, 4, 7))


def test_easter_has_rates_on_thursday_and_on_tuesday_only(easter):
    assert told(easter, "fx_rates") == [
        ("04-02 14:05", "fx_rates", "2026-04-02: not out yet"),
        ("04-02 14:20", "fx_rates", "2026-04-02: published"),
        ("04-07 14:05", "fx_rates", "2026-04-07: not out yet"),
        ("04-07 14:20", "fx_rates", "2026-04-07: published"),
    ]


def test_corrections_follow_every_new_version_at_once_and_nothing_else(easter):
    nights = [f"04-{day:02} 00:15" for day in range(2, 8)]
    rates = ["04-02 14:20", "04-07 14:20"]
    assert [at for at, *_ in told(easter, "payments_corrections")] == sorted(nights + rates)


def test_merchants_and_checks_know_no_holiday(easter):
    assert [at for at, *_ in told(easter, MERCHANTS)] == [f"04-{day:02} 00:15" for day in range(2, 8)]
    assert [at for at, *_ in told(easter, "daily_checks")] == [f"04-{day:02} 04:00" for day in range(2, 8)]


@pytest.mark.parametrize(
    ("first", "merchants", "rates"),
    [
        (date(2026, 3, 28), ["03-28 01:15", "03-29 01:00", "03-30 00:15"], ["03-30 14:05", "03-30 14:20"]),
        (date(2026, 10, 24), ["10-24 00:15", "10-25 01:15", "10-26 01:15"], ["10-26 15:05", "10-26 15:20"]),
    ],
    ids=["summer time begins", "summer time ends"],
)
def test_a_change_of_the_clock_loses_no_night_and_doubles_none(first, merchants, rates):
    ran = whole_days(first, first + timedelta(2))
    assert [at for at, *_ in told(ran, MERCHANTS)] == merchants
    assert [at for at, *_ in told(ran, "fx_rates")] == rates
    counts = Counter(run.job for run in ran)
    assert {job: counts[job] for job in HOURLY} == dict.fromkeys(HOURLY, 72)  # hours do not care either


def test_rates_that_are_late_are_asked_for_until_they_are_out():
    start = datetime(2026, 11, 23, tzinfo=UTC)
    before = [date(2026, 11, day) for day in (17, 18, 19, 20)] + [date(2026, 11, 16)]
    ran = walk(start, start + timedelta(days=1), lambda day: punctual(day, 5 * 60), before)
    attempts = told(ran, "fx_rates")
    assert len(attempts) == 16 + 2  # four hours of quarters, then 20:05 and 21:05
    assert attempts[-1] == ("11-23 20:05", "fx_rates", "2026-11-23: published")


def test_after_hours_of_silence_each_job_is_caught_up_once():
    start = datetime(2026, 11, 23, 12, tzinfo=UTC)
    away = (datetime(2026, 11, 23, 12, 30, tzinfo=UTC), datetime(2026, 11, 24, 9, 10, tzinfo=UTC))
    before = [date(2026, 11, day) for day in (16, 17, 18, 19, 20)]
    ran = walk(start, datetime(2026, 11, 24, 9, 19, tzinfo=UTC), punctual, before, [away])
    back = [run for run in ran if run.at >= away[1]]
    assert [(f"{run.at:%H:%M}", run.key) for run in back] == [
        ("09:10", "merchants-2026-11-24T01:15Z"),
        ("09:10", "payments_daily-2026-11-24T08:20Z"),
        ("09:10", "payments_settled-2026-11-24T09:05Z"),
        ("09:10", "hourly_checks-2026-11-24T08:50Z"),
        ("09:10", "daily_checks-2026-11-24T04:00Z"),
        ("09:10", "cost_projection-2026-11-24T05:30Z"),
        ("09:10", "fx_rates-2026-11-23-2026-11-24T09:05Z"),
        ("09:10", "payments_corrections-2026-11-23-m2026-11-24"),
    ]


def test_the_printed_tables_have_every_run_but_the_hourly_ones(capsys):
    main()
    printed = capsys.readouterr().out
    assert all(title in printed for title in WALKS)
    assert "| Tue 2026-04-07 14:05 | 16:05 CEST | fx_rates |" in printed
    assert "hourly_checks" not in printed
    assert table([]).count("\n") == 1


def test_a_day_without_target_has_no_publication():
    with pytest.raises(ValueError, match="closed on 2026-04-03"):
        punctual(date(2026, 4, 3))
