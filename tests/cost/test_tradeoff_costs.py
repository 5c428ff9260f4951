"""Bills of the options: the model's own, cheapest set-ups, missing prices by name, and the crossovers."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from assets.cost import model
from assets.cost.prices import PriceBook
from assets.cost.scenario import Scenario
from assets.cost.tradeoffs import costs, crossovers, read, setups
from assets.cost.tradeoffs.book import MONTH, SCALES, Book
from assets.cost.tradeoffs.report import FAMILIES

ON = date(2026, 11, 30)


@pytest.fixture(scope="module")
def priced(book, figures):
    return Book(Scenario(), figures, book, ON)


@pytest.fixture(scope="module")
def found(priced):
    return {family: costs.costs(read.read(family), priced) for family in FAMILIES}


def without(priced, sku):
    lines = tuple(
        replace(price, price=None, grade="X") if price.sku == sku else price for price in priced.prices.prices
    )
    return replace(priced, prices=PriceBook(lines))


def test_a_bill_is_the_models_own_and_its_part_is_the_familys(priced, found):
    for cost in found["engine"]["flink"]:
        bill = model.bill(Scenario(rate_per_s=cost.rate, engine=cost.choice), priced.drivers, priced.prices, MONTH)
        assert cost.usd == bill.usd
        assert cost.part_usd == bill.of("engine") > 0


def test_the_cheapest_set_up_is_taken(priced, found):
    for family in FAMILIES:
        for option in read.read(family).options:
            for cost in found[family][option.name]:
                lacking = {line.partition(":")[0] for line in cost.missing}
                every = [
                    setups.bill(each, family, cost.rate, priced).usd for each in option.choices if each not in lacking
                ]
                assert cost.usd == min(every)


def test_the_default_scenario_has_a_bill_for_every_option(found):
    for family in FAMILIES:
        for name, each in found[family].items():
            assert [cost.rate for cost in each] == list(SCALES)
            assert all(cost.usd for cost in each), name


def test_a_missing_price_is_named_and_the_other_set_ups_stand_in(priced):
    lacking = without(priced, "gcp.dataproc.cluster_fee")
    option = read.read("engine").option("spark")
    cost = costs.cheapest(option, "engine", SCALES[0], lacking)
    assert cost.choice == "spark-dataproc-serverless"
    assert "gcp.dataproc.cluster_fee" in cost.missing[0]


def test_without_any_priced_set_up_there_is_no_bill_and_no_crossover(priced):
    lacking = without(priced, "clickhouse_cloud.storage")
    facts = read.read("warehouse")
    cost = costs.cheapest(facts.option("clickhouse"), "warehouse", SCALES[0], lacking)
    assert (cost.usd, cost.part_usd, cost.choice) == (None, None, "")
    assert "clickhouse_cloud.storage" in cost.missing[0]
    assert crossovers.cheaper(facts, lacking)["clickhouse"] == crossovers.Cheaper(
        crossovers.NO_PRICE, crossovers.NO_PRICE
    )


def test_the_cheapest_at_each_scale_is_once_itself(found):
    for family in FAMILIES:
        times = costs.times_cheapest(found[family])
        for place in range(len(SCALES)):
            assert min(each[place] for each in times.values()) == 1


def test_ours_is_at_its_cheapest_beside_the_others_and_as_recommended_too(priced, found):
    for family in FAMILIES:
        facts = read.read(family)
        for best, chosen in zip(found[family][facts.ours], costs.recommended(facts, priced), strict=True):
            assert chosen.choice == facts.recommended
            assert best.usd <= chosen.usd


def test_bigquery_at_its_cheapest_is_in_the_us_by_compressed_bytes(priced, found):
    cheapest = found["warehouse"]["bigquery"][0]
    us = Scenario(warehouse_region="us", billing="physical", queries="slots")
    assert cheapest.usd == model.bill(us, priced.drivers, priced.prices, MONTH).usd


def test_physical_billing_is_named_as_missing_in_the_default_region(found):
    (line,) = found["warehouse"]["bigquery"][0].missing
    assert line.startswith("bigquery-slots-physical: ")
    assert "gcp.bigquery.storage_active_physical" in line


@pytest.mark.parametrize("name", setups.BIGQUERY)
def test_a_way_to_pay_bigquery_is_the_models_own(priced, name):
    choices = setups.BIGQUERY[name]
    if name == "bigquery-slots-physical":
        return  # no price in us-central1
    found = setups.bill(name, "warehouse", SCALES[1], priced)
    assert found.month.scenario == Scenario(rate_per_s=SCALES[1]).having(**choices)
    assert found.usd == model.bill(found.month.scenario, priced.drivers, priced.prices, MONTH).usd


@pytest.mark.integration  # seconds
def test_crossovers_agree_with_the_bills(priced, found):
    for family in FAMILIES:
        facts = read.read(family)
        best, chosen = found[family][facts.ours], costs.recommended(facts, priced)
        crossed = crossovers.cheaper(facts, priced)
        against = [(name, each.best, best) for name, each in crossed.items()]
        against += [(name, each.recommended, chosen) for name, each in crossed.items()]
        for name, words, ours in against:
            cheaper = [cost.usd < own.usd for cost, own in zip(found[family][name], ours, strict=True)]
            if words in ("never", "always"):
                assert set(cheaper) == {words == "always"}
            elif words.startswith("from ") and words.count("/s") == 1:
                start = Decimal(words.removeprefix("from ").removesuffix("/s").replace(",", ""))
                assert cheaper == [rate >= start for rate in SCALES]
