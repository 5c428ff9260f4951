"""Events of each month, and how many of them are still stored."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost.growth import LONG_TERM_AFTER, Growth, inflow, stored
from assets.cost.units import SECONDS_A_MONTH

EVER = Decimal("Infinity")
SHARES = st.integers(0, 300).map(lambda percent: Decimal(percent) / 100)
GROWTHS = st.builds(Growth, st.sampled_from(["none", "linear", "compound"]), SHARES)
INFLOWS = st.lists(st.integers(0, 10**6).map(Decimal), min_size=1, max_size=24)
AGES = st.integers(0, 300).map(lambda tenths: Decimal(tenths) / 10)


def test_without_growth_every_month_is_alike():
    assert inflow(Decimal(500), Growth(), 3) == (500 * SECONDS_A_MONTH,) * 3


def test_linear_growth_adds_the_same_each_month():
    growth = Growth("linear", Decimal("0.6"))
    assert [growth.factor(month) for month in (1, 2, 3, 13)] == [1, Decimal("1.05"), Decimal("1.1"), Decimal("1.6")]


def test_compound_growth_doubles_in_a_year_and_again():
    growth = Growth("compound", Decimal(1))
    assert [growth.factor(month) for month in (1, 13, 25)] == [1, 2, 4]
    assert growth.factor(7) == pytest.approx(Decimal(2).sqrt())


@given(GROWTHS)
def test_the_first_month_is_as_asked_and_none_is_smaller_than_the_last(growth):
    months = inflow(Decimal(500), growth, 13)
    assert len(months) == 13
    assert months[0] == 500 * SECONDS_A_MONTH
    assert all(before <= after for before, after in pairwise(months))


@given(SHARES)
def test_linear_and_compound_agree_after_a_year(share):
    assert Growth("linear", share).factor(13) == Growth("compound", share).factor(13)


def test_half_of_the_month_is_there_in_its_middle():
    assert stored([Decimal(100)], Decimal(0), EVER) == 50


def test_old_months_count_whole_and_expired_ones_not_at_all():
    assert stored([Decimal(100)] * 13, Decimal(0), Decimal(13)) == 1250
    assert stored([Decimal(100)] * 20, Decimal(0), Decimal(13)) == 1300


def test_long_term_storage_starts_after_ninety_days():
    assert pytest.approx(Decimal("2.959"), abs=Decimal("0.001")) == LONG_TERM_AFTER
    assert stored([Decimal(100)] * 3, LONG_TERM_AFTER, EVER) == 0
    assert stored([Decimal(100)] * 4, LONG_TERM_AFTER, EVER) == pytest.approx(Decimal("54.1"), abs=Decimal("0.1"))


@given(INFLOWS)
def test_all_that_came_up_to_the_middle_of_the_month_is_stored(inflows):
    assert stored(inflows, Decimal(0), EVER) == sum(inflows[:-1]) + inflows[-1] / 2


@given(INFLOWS, AGES)
def test_young_and_old_are_all(inflows, age):
    assert stored(inflows, Decimal(0), age) + stored(inflows, age, EVER) == stored(inflows, Decimal(0), EVER)


@given(INFLOWS, AGES, AGES)
def test_it_is_what_counting_every_twentieth_of_a_month_gives(inflows, one, other):
    """The oracle: lay the events out in slices and look at the age of each. Ages are tenths: no slice is cut."""
    youngest, oldest = sorted((one, other))
    now, slices = Decimal(len(inflows)) - Decimal("0.5"), 20
    total = Decimal(0)
    for place, events in enumerate(inflows):
        for piece in range(slices):
            middle = now - place - (piece + Decimal("0.5")) / slices
            if max(youngest, Decimal(0)) < middle < oldest:
                total += events / slices
    assert stored(inflows, youngest, oldest) == pytest.approx(total)


@given(INFLOWS, AGES, AGES)
def test_keeping_longer_never_stores_less(inflows, age, more):
    assert stored(inflows, Decimal(0), age) <= stored(inflows, Decimal(0), age + more)
