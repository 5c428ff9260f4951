"""Which days a run looks at, and which of them it builds."""

from datetime import UTC, date, datetime, timedelta

import pytest

from assets.checks.thresholds import CLOSED_DAYS
from assets.payments.touched import (
    COMMIT_WITHIN,
    MAX_PAST_DAYS,
    MAX_WAIT_DAYS,
    Landed,
    LastLooks,
    changed,
    days_to_look_at,
    landed_sql,
    shrunk,
    touched_sql,
    whole_look,
)
from streaming.settings import Settings

NOON = datetime(2026, 3, 1, 12, 20, tzinfo=UTC)
DAY = date(2026, 3, 1)
STATE = Landed(10, NOON)
LATELY = LastLooks(NOON, NOON - timedelta(hours=1))


class TestDays:
    def test_the_open_days_hourly_and_tomorrow(self):
        look = days_to_look_at(NOON, LATELY)
        assert look.days == tuple(date(2026, 2, 25) + timedelta(n) for n in range(6))
        assert not look.whole
        assert DAY - look.days[0] > timedelta(CLOSED_DAYS), "what the control totals compare is built before"

    @pytest.mark.parametrize("last", [None, NOON - timedelta(hours=23), NOON - timedelta(days=9)])
    def test_all_days_that_may_still_change_once_a_day_however_late_the_run(self, last):
        look = days_to_look_at(NOON, LastLooks(NOON, last))
        assert (look.days[0], look.days[-1], len(look.days)) == (date(2026, 1, 16), date(2026, 3, 2), 46)
        assert look.whole
        assert DAY - look.days[0] >= timedelta(30 + 14), "30 days late, and 14 days in Kafka"

    @pytest.mark.parametrize("late", [1, 30, 400])
    def test_all_days_are_those_that_the_setting_lets_a_payment_land_on(self, late):
        look = days_to_look_at(NOON, LastLooks(NOON, None), (), whole_look(late))
        assert DAY - look.days[0] == timedelta(late + MAX_WAIT_DAYS)

    def test_a_payment_is_as_late_as_the_setting_says_unless_told(self):
        assert Settings().max_past_days == MAX_PAST_DAYS

    def test_a_day_that_a_batch_write_names_however_old(self):
        ancient = DAY - timedelta(300)
        look = days_to_look_at(NOON, LATELY, {ancient, DAY})
        assert look.days == (ancient, *days_to_look_at(NOON, LATELY).days)
        assert not look.whole


class TestTouched:
    def test_a_write_is_looked_for_as_long_as_it_can_be_committed(self):
        assert timedelta(hours=24) < COMMIT_WITHIN
        assert "recorded_at > TIMESTAMP '2026-02-28 11:20:00.000000+00:00'" in touched_sql("p.d", NOON)

    def test_where_nobody_looked_lately_every_write_counts(self):
        assert touched_sql("p.d", None).endswith("WHERE TRUE")

    def test_days_are_constants(self):
        assert "IN (DATE '2026-02-28', DATE '2026-03-01')" in landed_sql("p.d", {DAY, DAY - timedelta(1)})


class TestChanged:
    def test_a_day_never_built(self):
        assert changed({DAY: STATE}, {}) == [DAY]

    def test_a_day_built_from_these_rows_is_left_alone(self):
        assert changed({DAY: STATE}, {DAY: STATE}) == []

    def test_a_late_row_with_an_older_clock_still_counts(self):
        assert changed({DAY: Landed(11, NOON)}, {DAY: STATE}) == [DAY], "the newest loaded_at alone would miss it"

    def test_oldest_first(self):
        days = [DAY, DAY - timedelta(2), DAY - timedelta(1)]
        assert changed(dict.fromkeys(days, STATE), {}) == sorted(days)


class TestShrunk:
    def test_fewer_rows_than_a_day_was_built_from(self):
        fewer, more = Landed(9, NOON + timedelta(1)), Landed(11, NOON)
        landed = {DAY: fewer, DAY - timedelta(1): STATE, DAY - timedelta(2): more, DAY - timedelta(3): fewer}
        built = dict.fromkeys([DAY, DAY - timedelta(1), DAY - timedelta(2)], STATE)
        assert shrunk(landed, built) == {DAY}, "a day never built cannot have shrunk"
