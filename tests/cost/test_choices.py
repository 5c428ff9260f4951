from decimal import Decimal

import pytest

from assets.cost import alternatives, beside
from assets.cost.asked import Asked
from assets.cost.choices import TIMES, compare
from assets.cost.prices import PriceMissing
from assets.cost.scenario import CHOICES, Scenario
from tests.cost.small_bill import TODAY


@pytest.fixture(scope="module")
def asked(book, figures):
    return Asked(Scenario(), figures, book, TODAY, 13)


@pytest.mark.parametrize("component", ["engine", "kafka"])
def test_every_choice_is_there_once_cheapest_first(component, asked):
    found = compare(component, asked)
    assert sorted(choice.name for choice in found) == sorted(CHOICES[component])
    priced = [choice.costs[0].usd for choice in found if not choice.missing]
    assert priced == sorted(priced)


def test_the_chosen_one_costs_what_its_bill_says(asked):
    (chosen,) = [choice for choice in compare("kafka", asked) if choice.chosen]
    for times, cost in zip(TIMES, chosen.costs, strict=True):
        bill = asked.at(500 * Decimal(times)).bill()
        assert (cost.usd, cost.of_component) == (bill.usd, bill.of("kafka"))
    assert chosen.against_chosen is None


def test_a_choice_without_a_price_has_its_name_and_no_costs(asked):
    absent = [choice for choice in compare("warehouse", asked) if choice.missing]
    assert {choice.name for choice in absent} == {"bigquery physical on-demand", "bigquery physical slots"}
    for physical in absent:
        assert "storage_active_physical" in physical.missing
        assert physical.costs == ()


def test_bigquery_is_there_with_queries_on_demand_and_on_slots(asked):
    ways = {choice.name: choice for choice in compare("warehouse", asked) if choice.settings["warehouse"] == "bigquery"}
    on_slots, on_demand = ways["bigquery logical slots"], ways["bigquery logical on-demand"]
    assert on_slots.chosen
    assert not on_demand.chosen
    assert on_demand.costs[0].usd == asked.of(asked.scenario.having(queries="on-demand")).bill().usd
    assert on_demand.against_chosen.text.startswith("up to ")


def test_settings_make_the_scenario_that_was_compared(asked):
    for choice in (each for each in compare("warehouse", asked) if not each.missing):
        assert asked.of(asked.scenario.having(**choice.settings)).bill().usd == choice.costs[0].usd


def test_nothing_can_be_compared_with_a_choice_that_lacks_a_price(asked):
    with pytest.raises(PriceMissing):
        compare("kafka", asked.of(Scenario(billing="physical")))


def test_each_aside_has_dollars_and_arithmetic(asked):
    bill = asked.bill()
    found = list(beside.gather(bill.month, asked.prices))
    assert len(found) == len(beside.QUESTIONS) + 2
    assert all(aside.usd is not None and aside.how for aside in found)
    assert any(aside.assumed for aside in found)
    assert not any("\n" in aside.how for aside in found)


def test_all_queries_are_told_the_way_they_are_not_paid(asked):
    for place, (queries, other) in enumerate((("slots", "on demand"), ("on-demand", "on slots"))):
        month = asked.of(asked.scenario.having(queries=queries)).bill().month
        found = {aside.label: aside.usd for aside in beside.gather(month, asked.prices)}
        part = alternatives.queries(month, asked.prices).parts[place]
        assert (part.what, part.usd) == (other, found[f"all queries {other}, a month"])


def test_an_aside_without_a_price_says_which(asked, book):
    lost = type(book)(tuple(price for price in book.prices if price.sku != "gcp.gcs.storage.standard"))
    found = {aside.label: aside for aside in beside.gather(asked.bill().month, lost)}
    assert found["one minute of freshness, a month"].usd is None
    assert "gcp.gcs.storage.standard" in found["one minute of freshness, a month"].how
    assert found["replay of one day"].usd is not None
