"""Crossovers: the lowest rate from which one choice stays cheaper than another."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost import model
from assets.cost.crossover import FASTEST, PER_DECADE, SLOWEST, TOLERANCE, Crossover, crossover, grid, search
from assets.cost.drivers import Driver, Drivers
from assets.cost.lines import Use
from assets.cost.prices import Price, PriceBook
from assets.cost.scenario import Scenario

RATES = st.integers(2, 9_000_000).map(Decimal)


def near(rate):
    return pytest.approx(rate, rel=TOLERANCE)


def test_the_grid_goes_from_end_to_end_in_even_ratios():
    rates = grid()
    assert (rates[0], rates[-1]) == (SLOWEST, FASTEST)
    assert len(rates) == 7 * PER_DECADE + 1
    assert rates[PER_DECADE] == 10


@given(RATES)
def test_a_crossing_is_found_within_the_tolerance_and_never_below(rate):
    found = search(lambda at: at >= rate)
    (at,) = found.rates
    assert rate <= at <= rate * (1 + TOLERANCE)
    assert found.from_rate == at
    assert found.text.startswith("from ")


def test_rates_are_told_in_three_digits():
    assert Crossover(False, (Decimal("12345.6"),)).text == "from 12,300/s"
    assert Crossover(True, (Decimal("7.128"), Decimal(132_754))).text == "up to 7.13/s, from 133,000/s"


@given(RATES)
def test_cheaper_up_to_a_rate_never_stays_cheaper(rate):
    found = search(lambda at: at < rate)
    assert found.rates == (near(rate),)
    assert found.at_slowest
    assert not found.at_fastest
    assert found.from_rate is None
    assert found.text.startswith("up to ")


def test_always_and_never():
    assert search(lambda _: True) == Crossover(True, ())
    assert (search(lambda _: True).text, search(lambda _: True).from_rate) == ("always", SLOWEST)
    assert (search(lambda _: False).text, search(lambda _: False).from_rate) == ("never", None)


def test_of_several_crossings_the_last_counts():
    found = search(lambda at: 100 <= at < 900 or at >= 20_000)
    assert found.rates == (near(100), near(900), near(20_000))
    assert found.from_rate == near(20_000)
    assert found.text.count("from") == 2
    assert found.text.count("up to") == 1


@given(st.sets(st.integers(0, 13), max_size=6), st.booleans())
def test_who_is_cheaper_changes_at_each_rate(edges, first):
    """Edges at the middle of half decades, so that the grid sees each."""
    rates = [Decimal(10) ** ((Decimal(edge) + Decimal("0.5")) / 2) for edge in sorted(edges)]
    found = search(lambda at: (sum(at >= rate for rate in rates) % 2 == 0) == first)
    assert found.at_slowest is first
    assert list(found.rates) == [near(rate) for rate in rates]
    assert found.at_fastest is ((len(rates) % 2 == 0) == first)


def bill_by(monkeypatch, **usd_of):
    def uses(month):
        usd = usd_of[month.scenario.kafka.replace("-", "_")](month.rate)
        yield Use("kafka.x", "kafka", "x", "dollar", Decimal(usd), "how")

    monkeypatch.setattr(model.components, "uses", uses)
    book = PriceBook((Price("dollar", "dollar", Decimal(1), "us-central1", None, "A", "x"),))
    figures = Drivers({"a": Driver("a", "b", Decimal(1), Decimal(1), Decimal(1), "assumed", "x", "y")})
    own, rented = Scenario(kafka="self-run"), Scenario(kafka="google")
    return crossover(own, rented, figures, book)


def test_a_fixed_price_against_a_growing_one(monkeypatch):
    found = bill_by(monkeypatch, self_run=lambda _: 1_000, google=lambda rate: rate / 4)
    assert found.from_rate == near(4_000)


def test_who_costs_the_same_is_not_cheaper(monkeypatch):
    assert bill_by(monkeypatch, self_run=lambda _: 5, google=lambda _: 5).text == "never"


def test_steps_that_cross_there_and_back_are_told(monkeypatch):
    steps = {"self_run": lambda rate: 110 * (rate // 1_000 + 1), "google": lambda rate: 200 * (rate // 2_000 + 1)}
    found = bill_by(monkeypatch, **steps)
    assert found.at_slowest
    assert found.rates[:3] == (near(1_000), near(2_000), near(3_000))


def test_every_pair_of_choices_has_an_answer(book, figures):
    for x in ("self-run", "confluent-standard"):
        found = crossover(Scenario(kafka=x), Scenario(), figures, book)
        assert found.text
        if found.from_rate is not None:
            above = max(found.from_rate, SLOWEST) * 2
            own = model.bill(Scenario(kafka=x).at(above), figures, book, 13).usd
            assert own < model.bill(Scenario().at(above), figures, book, 13).usd
