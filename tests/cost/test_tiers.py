"""Free parts and tiers: used once a month, whoever takes of them and in however many parts."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost.tiers import Meter, Tier, check

EGRESS = (Tier(Decimal(1024), Decimal("0.12")), Tier(Decimal(10240), Decimal("0.11")), Tier(None, Decimal("0.08")))
AMOUNTS = st.integers(0, 3_000).map(lambda cents: Decimal(cents) / 10)


@st.composite
def tariffs(draw):
    ends = sorted(draw(st.sets(st.integers(1, 200), max_size=3)))
    costs = [Decimal(draw(st.integers(0, 50))) / 100 for _ in range(len(ends) + 1)]
    return draw(AMOUNTS), tuple(map(Tier, [*map(Decimal, ends), None], costs))


def of_each_tenth(quantity, free, tiers):
    """The oracle: walk along every tenth of a unit and ask what that one costs."""
    cost, billed = Decimal(0), Decimal(0)
    for tenth in range(int(quantity * 10)):
        if Decimal(tenth) / 10 < free:
            continue
        price = next(tier.price for tier in tiers if tier.up_to is None or billed < tier.up_to)
        cost += price / 10
        billed += Decimal("0.1")
    return cost


@pytest.mark.parametrize(
    ("quantity", "cost"),
    [("0", "0"), ("1", "0.12"), ("1024", "122.88"), ("1025", "122.99"), ("10240", "1136.64"), ("10250", "1137.44")],
)
def test_each_tier_has_its_price(quantity, cost):
    assert Meter(Decimal(0), EGRESS).take(Decimal(quantity)) == (Decimal(cost), 0)


def test_the_free_part_comes_before_the_first_tier():
    assert Meter(Decimal(10), EGRESS).take(Decimal(10)) == (0, 10)
    assert Meter(Decimal(10), EGRESS).take(Decimal(1034)) == (Decimal("122.88"), 10)


@given(tariffs(), AMOUNTS)
def test_it_is_what_walking_along_every_tenth_of_a_unit_gives(tariff, quantity):
    free, tiers = tariff
    assert Meter(free, tiers).take(quantity)[0] == of_each_tenth(quantity, free, tiers)


@given(tariffs(), st.lists(AMOUNTS, max_size=6))
def test_parts_cost_together_what_the_whole_costs(tariff, parts):
    meter = Meter(*tariff)
    taken = [meter.take(part) for part in parts]
    cost, free = Meter(*tariff).take(sum(parts, Decimal(0)))
    assert sum(each[0] for each in taken) == cost
    assert sum(each[1] for each in taken) == free


@given(tariffs(), st.lists(AMOUNTS, min_size=1, max_size=6))
def test_the_free_part_is_given_once_and_to_who_comes_first(tariff, parts):
    meter = Meter(*tariff)
    given_free = [meter.take(part)[1] for part in parts]
    assert sum(given_free) == min(tariff[0], sum(parts))
    assert all(free == 0 or before == part for (before, free), part in zip(pairwise(given_free), parts, strict=False))


@given(tariffs(), AMOUNTS, AMOUNTS)
def test_more_never_costs_less(tariff, quantity, more):
    assert Meter(*tariff).take(quantity)[0] <= Meter(*tariff).take(quantity + more)[0]


def test_a_quantity_below_zero_is_refused():
    with pytest.raises(ValueError, match="below zero"):
        Meter(Decimal(0), EGRESS).take(Decimal(-1))


@pytest.mark.parametrize("tiers", [(), EGRESS[:2], (EGRESS[1], EGRESS[0], EGRESS[2]), (EGRESS[0], *EGRESS)])
def test_tiers_that_are_none_are_refused(tiers):
    with pytest.raises(ValueError, match="tier"):
        check(tiers)


def test_a_meter_without_a_last_tier_is_refused():
    with pytest.raises(ValueError, match="the last tier has no end"):
        Meter(Decimal(0), EGRESS[:2])
