"""Counts and answers that the probe's threads hand to the screen."""

from datetime import date

import pytest

from sandbox.demo.probe import CENSUS_REST, VIEW_REST, census_sql, view_sql
from sandbox.demo.samples import Census, Sightings


def test_lag_is_what_the_log_holds_and_the_table_does_not():
    census = Census(1, logged=10, by_status={"OK": 6, "QUARANTINED_NOT_JSON": 1})
    assert (census.landed, census.lag) == (7, 3)


def test_lag_is_never_negative_although_the_log_is_read_before_the_table():
    assert Census(1, logged=5, by_status={"OK": 9}).lag == 0


def test_reasons_come_most_frequent_first_without_their_prefix():
    by_status = {"OK": 9, "QUARANTINED_BAD_AMOUNT": 1, "QUARANTINED_NOT_JSON": 3, "QUARANTINED_AAA": 1}
    assert list(Census(1, 13, by_status).quarantined.items()) == [("NOT_JSON", 3), ("AAA", 1), ("BAD_AMOUNT", 1)]


def test_answers_since_a_moment_and_the_first_row_of_all():
    seen = Sightings()
    seen.saw(10, 15, {})
    assert seen.first_row_us is None
    seen.saw(20, 25, {0: 3, 1: 4})
    seen.saw(30, 35, {0: 5})
    assert seen.first_row_us == 25
    assert seen.samples()["offset"].to_list() == [3, 4, 5]
    assert seen.samples(since_us=21)["offset"].to_list() == [5]
    assert seen.samples(since_us=31).is_empty()


def test_the_newest_count_is_the_one_shown():
    seen = Sightings()
    assert seen.census is None
    seen.counted(Census(1, 5))
    seen.counted(Census(2, 6))
    assert seen.census is not None
    assert seen.census.logged == 6
    assert [census.at_us for census in seen.censuses()] == [1, 2]


def test_latency_is_asked_of_the_view_and_the_table_is_only_counted():
    day = date(2026, 11, 23)
    assert "`payments.payments`" in view_sql("payments", day)
    assert "business_date >= DATE '2026-11-23'" in view_sql("payments", day)
    # late records lie up to 30 days back: a count that looks at fewer days would call them lost
    assert "business_date >= DATE '2026-10-23'" in census_sql("payments", day)


def test_the_probe_rests_in_proportion_within_its_bounds():
    assert [VIEW_REST.after(took) for took in (0.01, 0.1, 0.3)] == pytest.approx([0.12, 0.15, 0.3])
    # the count is for the screen: it may never take more than a tenth of the time from a table of any usual size
    assert all(took / (took + CENSUS_REST.after(took)) < 0.12 for took in (0.02, 0.1, 0.5))
