from dataclasses import replace
from decimal import Decimal

import pytest

from assets.cost import drivers, model, prices, trust
from assets.cost.scenario import Scenario
from tests.cost.small_bill import BOOK, TODAY, USES, bill

# 10 of the 50 are free; of the 80 after them 60 are left below 100
QUERIES = Decimal(40)
AUDITS = Decimal(60) + Decimal(20) * Decimal("0.5")
TOTAL = 100 + 60 + QUERIES + AUDITS + 42


def test_the_small_bill_adds_up():
    assert bill().usd == TOTAL


def test_a_line_is_assumed_if_any_of_its_figures_is():
    made = bill()
    assumed = {line.key for line in made.lines if trust.is_assumed(line, made.month.drivers)}
    assert assumed == {"engine.cores", "warehouse.queries"}


def test_the_assumed_share_is_of_dollars_not_of_lines():
    assert trust.assumed_share(bill()) == (60 + QUERIES) / TOTAL
    assert trust.assumed_share(bill(), "engine") == 1
    assert trust.assumed_share(bill(), "kafka") == 0
    assert trust.assumed_share(bill(), "network") == 0


def test_the_shares_of_a_bill_of_nothing_are_zero():
    assert trust.assumed_share(bill(uses=())) == 0
    assert trust.weak_share(bill(uses=()), BOOK, TODAY) == 0


def test_weak_prices_are_named_with_reasons_and_dollars():
    (weak,) = trust.weak_prices(bill(), BOOK, TODAY)
    assert (weak.price.sku, weak.usd, weak.reasons) == ("old", 60, ("read 333 days ago",))
    assert trust.weak_share(bill(), BOOK, TODAY) == 60 / TOTAL


def test_a_weak_price_that_costs_nothing_is_listed_all_the_same():
    unused = replace(USES[1], quantity=Decimal(0))
    (weak,) = trust.weak_prices(bill(uses=(unused,)), BOOK, TODAY)
    assert (weak.price.sku, weak.usd) == ("old", 0)


def test_no_price_is_weak_on_the_day_it_was_read():
    assert trust.weak_prices(bill(), BOOK, TODAY.replace(month=1, day=2)) == ()


def test_shares_are_of_what_the_commitment_leaves():
    committed = bill(commitment="3y")
    assert committed.usd == TOTAL - 40
    assert trust.assumed_share(committed) == (60 + QUERIES) / (TOTAL - 40)


def test_the_assumed_figures_are_those_that_lines_use():
    assert [driver.name for driver in trust.assumed_figures(bill())] == ["guessed_bytes"]
    assert trust.assumed_figures(bill(uses=USES[:1])) == ()


@pytest.mark.parametrize("reason", ["its source carries no date", "a weak source (grade C)"])
def test_the_price_of_a_credit_counts_as_well(reason):
    line = replace(USES[4], currency_sku="undated")
    made = bill(uses=(line,))
    assert f"a credit: {reason}" in trust.reasons(made.lines[0], BOOK, TODAY)


@pytest.mark.parametrize("kafka", ["google", "self-run"])
def test_bytes_that_are_written_do_not_rest_on_the_assumed_share_that_is_read_again(kafka):
    made = model.bill(Scenario(kafka=kafka), drivers.read(), prices.read(), 13)
    for what in ("remote_storage", "replication"):
        assert not trust.is_assumed(made.line(f"kafka.{what}"), made.month.drivers)
    of_kafka = [line for line in made.lines if line.use.component == "kafka"]
    assert any(trust.is_assumed(line, made.month.drivers) for line in of_kafka)
