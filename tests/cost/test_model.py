"""The projection: every dollar is a quantity times a price, counted once, and more traffic never costs less."""

from decimal import Decimal
from functools import cache
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost import components, drivers, model, prices
from assets.cost.growth import Growth
from assets.cost.lines import COMPONENTS, Use, in_steps
from assets.cost.prices import PriceMissing
from assets.cost.scenario import CHOICES, Scenario
from assets.cost.units import GIB, TB, in_unit

BOOK, FIGURES = prices.read(), drivers.read()
CENT = Decimal("0.01")
RATES = [Decimal(rate) for rate in (1, 20, 100, 500, 501, 2_000, 5_000, 12_345, 50_000, 200_000, 10**6, 10**7)]
STORAGE = "gcp.bigquery.storage_active_logical"
HOSTED = [
    Scenario().having(kafka=kafka, engine=engine, warehouse=warehouse)
    for kafka, engine, warehouse in product(CHOICES["kafka"], CHOICES["engine"], CHOICES["warehouse"])
]
SINGLE = [Scenario().having(**{name: each}) for name in CHOICES for each in CHOICES[name]]
ELSEWHERE = [Scenario(warehouse_region="us", billing=each) for each in ("logical", "physical")]
ALL = [*HOSTED, *(each for each in SINGLE if each.billing == "logical"), *ELSEWHERE]
COMPARED = [Scenario().having(**{name: each}) for name in ("kafka", "engine", "warehouse") for each in CHOICES[name]]


def title(scenario):
    return f"{scenario.kafka} {scenario.engine} {scenario.warehouse} {scenario.billing} {scenario.warehouse_region}"


@cache
def bill_of(scenario, number=13):
    return model.bill(scenario, FIGURES, BOOK, number)


def use(key="warehouse.a", sku=STORAGE, quantity=Decimal(1), **more):
    return Use(key, key.partition(".")[0], "label", sku, quantity, "how", **more)


def cost_of(price, quantity):
    """The oracle: dollars or credits of a month's quantity of one thing, from the book's line alone."""
    left, cost, floor = max(quantity - price.free, Decimal(0)), Decimal(0), Decimal(0)
    if not price.tiers:
        return left * price.price
    for tier in price.tiers:
        part = left if tier.up_to is None else min(left, tier.up_to - floor)
        cost, left, floor = cost + part * tier.price, left - part, tier.up_to
    return cost


@pytest.mark.parametrize("scenario", [Scenario(), Scenario(rate_per_s=Decimal(50_000))])
@pytest.mark.parametrize("number", model.MONTHS)
def test_the_default_scenario_needs_no_missing_price(scenario, number):
    assert bill_of(scenario, number).usd > 0


def test_only_physical_billing_in_us_central1_lacks_a_price():
    for scenario in ALL:
        bill_of(scenario)
    with pytest.raises(PriceMissing, match="storage_active_physical in us-central1"):
        bill_of(Scenario(billing="physical"))


@pytest.mark.parametrize("rate", [500, 50_000])
def test_every_dollar_of_every_choice_is_quantity_times_price(rate):
    for scenario in ALL:
        bill = bill_of(scenario.at(Decimal(rate)))
        for sku in {line.price.sku for line in bill.lines}:
            lines = [line for line in bill.lines if line.price.sku == sku]
            cost = cost_of(lines[0].price, sum(line.use.quantity for line in lines))
            credit = lines[0].use.currency_sku
            if credit:
                cost *= BOOK.get(credit).price
            assert abs(sum(line.usd for line in lines) - cost) < CENT, (title(scenario), sku)


def test_every_line_is_one_component_s_and_says_where_it_is_from():
    for scenario in ALL:
        for line in bill_of(scenario).lines:
            assert line.key.partition(".")[0] == line.use.component, line.key
            assert line.use.component in COMPONENTS
            assert line.use.quantity >= 0, line.key
            assert line.use.label, line.key
            assert line.use.how, line.key
            assert set(line.use.drivers) <= set(FIGURES), line.key


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_line_that_moves_with_a_figure_names_it(name):
    """`explain` and the marks of what is assumed rest on the names that a line gives."""
    low, high = FIGURES.range_of(name)
    for scenario in COMPARED:
        bills = [model.bill(scenario, FIGURES.replaced({name: value}), BOOK, 13) for value in (low, high)]
        if bills[0].usd != bills[1].usd:
            assert any(name in line.use.drivers for line in bill_of(scenario).lines), title(scenario)
        lines = [{line.key: line for line in bill.lines} for bill in bills]
        for key in lines[0].keys() | lines[1].keys():
            one, other = lines[0].get(key), lines[1].get(key)
            if one is None or other is None or one.use.quantity != other.use.quantity:
                assert name in (one or other).use.drivers, f"{title(scenario)}: {key}"


def test_credits_have_a_price_and_dollars_need_none():
    for scenario in ALL:
        for line in bill_of(scenario).lines:
            assert bool(line.use.currency_sku) == (line.price.currency == "credits"), line.key


def test_components_add_up_to_the_total():
    for scenario in ALL:
        bill = bill_of(scenario.having(commitment="1y"))
        assert sum(bill.by_component.values()) == pytest.approx(bill.usd)
        assert bill.usd == bill.total("1y")


def test_commitments_are_never_dearer():
    for scenario in ALL:
        bill = bill_of(scenario)
        assert bill.total("none") >= bill.total("1y") >= bill.total("3y") > 0
        assert all(line.usd_by_term[0] == line.usd for line in bill.lines)
    assert bill_of(Scenario()).total("3y") < bill_of(Scenario()).total("none")


@pytest.mark.parametrize("scenario", COMPARED, ids=title)
def test_more_events_never_cost_less(scenario):
    bills = [bill_of(scenario.at(rate)) for rate in RATES]
    for before, after in pairwise(bills):
        assert before.usd <= after.usd
        for component in COMPONENTS:
            assert before.of(component) <= after.of(component), component


@given(st.sampled_from(COMPARED), st.integers(1, 10**6), st.integers(0, 10**6), st.sampled_from(model.MONTHS))
def test_a_few_events_more_never_cost_less(scenario, rate, more, number):
    before = bill_of(scenario.at(Decimal(rate)), number)
    after = bill_of(scenario.at(Decimal(rate + more)), number)
    assert all(before.of(component) <= after.of(component) for component in COMPONENTS)


@pytest.mark.parametrize("scenario", COMPARED, ids=title)
def test_a_hundred_times_the_events_cost_more(scenario):
    assert bill_of(scenario.at(Decimal(50_000))).usd > bill_of(scenario).usd


def test_storage_accrues_from_month_to_month():
    for warehouse in CHOICES["warehouse"]:
        bills = model.project(Scenario().having(warehouse=warehouse), FIGURES, BOOK).bills
        assert tuple(bills) == (1, 3, 13)
        stored = [bill.of("warehouse") for bill in bills.values()]
        assert stored[0] < stored[1] < stored[2]


def test_nothing_more_is_stored_once_the_oldest_leaves():
    bills = [bill_of(Scenario(retention_months=Decimal(3)), number).of("warehouse") for number in (6, 13)]
    assert bills[0] == pytest.approx(bills[1], rel=Decimal("1e-20"))


def test_growth_reaches_the_bill():
    steady, growing = Scenario(), Scenario(growth=Growth("compound", Decimal(1)))
    assert bill_of(growing, 1).usd == bill_of(steady, 1).usd
    assert bill_of(growing, 13).month.rate == 1000
    assert bill_of(growing, 13).month.peak_rate == 1000 * FIGURES["peak_to_mean"]
    assert bill_of(growing, 13).usd > bill_of(steady, 13).usd


def test_dollars_a_million_events():
    bill = bill_of(Scenario())
    assert bill.per_million_events == bill.usd / (500 * 730 * 3600) * 10**6


def test_what_is_counted_twice_is_refused_with_its_key():
    with pytest.raises(ValueError, match=r"counted twice: warehouse\.a"):
        model.priced([use(), use("warehouse.b"), use()], BOOK)


def test_the_free_part_is_shared_by_the_lines_of_one_thing():
    between = use("observability.a", "gcp.logging.ingest", Decimal(60))
    uses = [use(quantity=Decimal(8)), between, use("warehouse.b", quantity=Decimal(8))]
    one, _, other = model.priced(uses, BOOK)
    assert (one.free, other.free) == (8, 2)
    assert (one.usd, other.usd) == (0, 6 * Decimal("0.023"))


def test_things_do_not_share_what_is_free():
    lines = model.priced([use(quantity=Decimal(10)), use("observability.a", "gcp.logging.ingest", Decimal(50))], BOOK)
    assert [line.usd for line in lines] == [0, 0]


def test_a_gib_s_price_is_not_paid_for_a_gb():
    size = 1000 * TB
    for sku, each in ((STORAGE, GIB), ("clickhouse_cloud.storage", TB)):
        unit = BOOK.get(sku).unit
        (line,) = model.priced([use(sku=sku, quantity=in_unit(size, unit))], BOOK)
        assert line.usd == pytest.approx((size / each - line.free) * line.price.price)


def test_credits_cost_what_a_credit_costs():
    (line,) = model.priced(
        [use(sku="snowflake.snowpipe_streaming.hp", quantity=Decimal(1000), currency_sku="snowflake.credit.standard")],
        BOOK,
    )
    assert line.usd == 1000 * Decimal("0.0037") * 2


def test_a_factor_moves_its_own_price_alone_and_a_credit_s_as_well():
    uses = [use(quantity=Decimal(20)), use("observability.a", "gcp.logging.ingest", Decimal(60))]
    lines = model.priced(uses, BOOK, lambda sku: Decimal(2) if sku == STORAGE else Decimal(1))
    assert [line.usd for line in lines] == [10 * Decimal("0.023") * 2, 10 * Decimal("0.5")]
    credit = use(sku="snowflake.snowpipe_file", quantity=Decimal(1), currency_sku="snowflake.credit.enterprise")
    (line,) = model.priced([credit], BOOK, lambda sku: Decimal(2) if "credit" in sku else Decimal(1))
    assert line.usd == Decimal("0.0037") * 3 * 2


def test_a_quantity_below_zero_is_refused():
    with pytest.raises(ValueError, match="below zero"):
        model.priced([use(quantity=Decimal(-1))], BOOK)


def test_the_multi_region_s_price_is_taken_there():
    (line,) = model.priced([use(quantity=Decimal(20), region="us")], BOOK)
    assert line.price.sku == f"{STORAGE}.us_multi"
    assert line.usd == (20 - 10) * Decimal("0.02")


def test_a_line_is_found_by_its_key():
    bill = bill_of(Scenario())
    assert bill.line(bill.lines[3].key) is bill.lines[3]
    with pytest.raises(KeyError, match=r"kafka\.tea"):
        bill.line("kafka.tea")


def test_every_choice_has_its_function():
    assert tuple(components.KAFKA) == CHOICES["kafka"]
    assert tuple(components.ENGINES) == CHOICES["engine"]
    assert tuple(components.WAREHOUSES) == CHOICES["warehouse"]


@pytest.mark.parametrize(
    ("needed", "step", "least", "bought"),
    [("0", 1, 0, "0"), ("0.1", 1, 0, "1"), ("2", 1, 3, "3"), ("3.01", 1, 3, "4"), ("5", 4, 3, "8"), ("4", 4, 0, "4")],
)
def test_capacity_is_bought_in_steps_above_a_floor(needed, step, least, bought):
    assert in_steps(Decimal(needed), step, least) == Decimal(bought)
