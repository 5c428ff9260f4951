"""Ceilings of bytes grow with the stream: what refuses a forgotten filter must not refuse the checks themselves."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.checks import three_ways
from assets.checks.thresholds import THRESHOLDS
from assets.payments.replay.ask import BYTES_A_ROW, MAXIMUM_BYTES_BILLED, ceiling
from assets.payments.replay.ranges import OffsetRange, rows_of
from assets.warehouse.migrate import migrate
from assets.warehouse.size import DESIGNED_ROWS, LOOK_BACK, busiest_day_sql, kept_rows, size_of, times_designed

TODAY = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("rows", "times"),
    [
        (0, 1),
        (1, 1),
        (DESIGNED_ROWS, 1),
        (DESIGNED_ROWS + 1, 2),
        (10 * DESIGNED_ROWS, 10),
        (99 * DESIGNED_ROWS + 1, 100),
    ],
)
def test_a_day_is_counted_in_designed_days_rounded_up(rows, times):
    assert times_designed(rows) == times


def test_the_checks_ceilings_grow_and_nothing_else_does():
    larger = THRESHOLDS.for_size(10)
    assert (larger.hourly_bytes, larger.daily_bytes) == (500 * 10**9, 2_000 * 10**9)
    assert THRESHOLDS.for_size(1) == THRESHOLDS
    same = {name for name in THRESHOLDS.__slots__ if getattr(larger, name) == getattr(THRESHOLDS, name)}
    assert set(THRESHOLDS.__slots__) - same == {"hourly_bytes", "daily_bytes"}


def test_only_days_of_the_last_two_weeks_count():
    assert f"DATE '{TODAY - LOOK_BACK}'" in busiest_day_sql("p.d", TODAY)


@given(st.lists(st.integers(0, 10**10), min_size=2).map(sorted))
def test_a_replays_ceiling_never_falls_and_covers_both_tables(days):
    ceilings = [ceiling(rows) for rows in days]
    assert all(a <= b for a, b in pairwise(ceilings))
    assert min(ceilings) >= MAXIMUM_BYTES_BILLED
    assert all(allowed >= 2 * 1_000 * rows for allowed, rows in zip(ceilings, days, strict=True))


def test_a_replays_ceiling_is_the_designed_one_at_the_designed_size():
    assert ceiling(DESIGNED_ROWS) <= MAXIMUM_BYTES_BILLED * 1.01
    assert ceiling(10 * DESIGNED_ROWS) == 10 * DESIGNED_ROWS * BYTES_A_ROW


def test_rows_of_a_day_are_those_of_all_its_partitions():
    ranges = [OffsetRange("t", "id", number, 0, 99, rows) for number, rows in enumerate((10, 20, 0))]
    assert rows_of(ranges) == 30


@pytest.mark.integration
def test_the_busiest_day_of_the_report_says_how_large_the_stream_is(client):
    now = datetime(2026, 11, 30, tzinfo=UTC)
    migrate(client, client.project, "size", lambda _: None)
    try:
        assert size_of(client, "size", TODAY) == 1
        old = (TODAY - LOOK_BACK - timedelta(1), 90 * DESIGNED_ROWS)
        for day, rows in (old, (TODAY, 3), (TODAY - timedelta(3), 12 * DESIGNED_ROWS)):
            client.query(
                f"INSERT INTO `size.payments_daily_builds` (business_date, landing_rows, newest_loaded_at, built_at) "
                f"VALUES (DATE '{day}', {rows}, TIMESTAMP '{now.isoformat()}', TIMESTAMP '{now.isoformat()}')"
            ).result()
        assert size_of(client, "size", TODAY) == 12
        assert kept_rows(client, "size") == 102 * DESIGNED_ROWS + 3
    finally:
        client.delete_dataset("size", delete_contents=True)


@pytest.mark.parametrize(("rows", "bytes_"), [(0, 200 * 10**9), (16_500_000_000, 1_716 * 10**9)])
def test_the_three_way_ledger_may_read_a_year_of_landing(rows, bytes_):
    assert three_ways.ceiling(rows, THRESHOLDS.daily_bytes) == bytes_


@pytest.mark.integration
def test_without_an_answer_the_designed_size_holds(client):
    assert size_of(client, "there_is_none", TODAY) == 1
    assert kept_rows(client, "there_is_none") == 0
