"""The report is made of the view: it follows late rows of settled days after these were built anew, and exactly."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from settled_world import DAYS, NOON, TODAY, row, rows, settled, view, warehouse

from assets.payments import daily
from assets.payments.asset import payments_daily, payments_settled
from assets.payments.daily import build_changed
from assets.payments.touched import LastLooks

pytestmark = pytest.mark.integration  # a database in memory, not pure

LATELY = LastLooks(NOON, NOON)
OLD = DAYS[0]


def build(client, looks=LATELY):
    return dict(build_changed(client, "d", NOON, looks).events)


def report(client):
    sql = "SELECT business_date, SUM(events), SUM(amount) FROM payments_daily GROUP BY 1 ORDER BY 1"
    return client.db.execute(sql).fetchall()


def of_the_view(client):
    shown = view(client)
    events, amounts = Counter(r[0] for r in shown), Counter()
    for r in shown:
        amounts[r[0]] += r[4]
    return [(day, events[day], amounts[day]) for day in sorted(events)]


@given(rows(), rows(), st.lists(st.sampled_from(["settle", "report", "land"]), max_size=4))
@settings(max_examples=10, deadline=None)
def test_it_is_the_views_whatever_comes_when(landed, late, steps):
    client = warehouse(*landed)
    for number, step in enumerate(steps):
        if step == "land":
            client.land([r | {"kafka_partition": number + 1} for r in late])
        elif step == "settle":
            settled(client)
        else:
            build(client, LastLooks())
    settled(client)
    build(client, LastLooks())
    assert report(client) == of_the_view(client)


def prove_a_late_row_of_a_settled_day_is_reported():
    """The report's run comes between the row and the rebuild of its day."""
    client = warehouse(row(OLD, 1), row(TODAY, 2))
    settled(client)
    build(client)
    client.land([row(OLD, 3), row(TODAY, 4)])
    assert build(client, LastLooks()) == {TODAY: 2}, "the view does not show the old day's row yet"
    settled(client)
    assert build(client) == {OLD: 2}
    assert report(client) == of_the_view(client)


def test_a_late_row_of_a_settled_day_is_reported():
    prove_a_late_row_of_a_settled_day_is_reported()


def test_a_report_that_judges_settled_days_by_landing_loses_them(monkeypatch):
    real = daily.DayQueries.states
    monkeypatch.setattr(daily, "settled_before", lambda *_: DAYS[0])
    monkeypatch.setattr(
        daily.DayQueries, "states", lambda ask, sql: {} if "payments_settled_builds" in sql else real(ask, sql)
    )
    with pytest.raises(AssertionError):
        prove_a_late_row_of_a_settled_day_is_reported()


def test_a_batch_write_of_an_open_day_long_ago_is_reported():
    """Nothing was settled yet: the date of the view is far behind."""
    ancient = TODAY - timedelta(300)
    client = warehouse(row(ancient, 1))
    assert build(client, LastLooks()) == {}
    write = f"'r', DATE '{ancient}', 's', 1, TIMESTAMP '{NOON}', 'replay', NULL"
    client.db.execute(f"INSERT INTO batch_writes VALUES ({write})")
    assert build(client) == {ancient: 1}


def test_a_day_that_settled_unchanged_is_left_alone():
    client = warehouse(row(OLD, 1))
    settled(client)
    assert build(client) == {OLD: 1}
    settled(client)
    assert build(client) == {}


def test_settled_days_cost_the_report_no_look_at_landing():
    client = warehouse(row(OLD, 1), row(TODAY, 2))
    settled(client)
    client.asked.clear()
    build(client, LastLooks())
    looks = [sql for sql in client.asked if "FROM `p.d.payments_landing`" in sql]
    assert len(looks) == 1
    assert not any(f"DATE '{day}'" in looks[0] for day in DAYS[:1])


def test_the_view_does_not_change_over_while_the_report_is_built():
    """Between the look at an open day and its build: then it would be recorded as built from rows the view lacks."""
    assert payments_daily.op.pool == payments_settled.op.pool is not None
