"""The warehouses: quantities worked out by hand, free parts once, never cheaper for more payments, figures in `how`."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost import drivers, model, prices, scans
from assets.cost.components import WAREHOUSES, bigquery, bigquery_slots, clickhouse, snowflake
from assets.cost.growth import inflow
from assets.cost.lines import Month
from assets.cost.prices import PriceMissing
from assets.cost.scans import EVENT_BYTES
from assets.cost.scenario import Dashboards, Scenario
from assets.cost.units import DAYS_A_MONTH, GIB, TB, TIB

BOOK, FIGURES = prices.read(), drivers.read()
EXACT = FIGURES.replaced({
    "superseding_share": Decimal(0), "logical_bytes": Decimal(600), "view_bytes": Decimal(110),
    "arrow_bytes": Decimal(500), "arrow_request_bytes": Decimal(0),
    "days_still_modified": Decimal(30), "compressed_ratio": Decimal("0.25"),
    "settled_days_touched_daily": Decimal(27),
})  # fmt: skip
CHOICES = {
    "bigquery": bigquery.uses,
    "bigquery on slots": bigquery_slots.uses,
    "snowflake": snowflake.uses,
    "clickhouse": clickhouse.uses,
}
BOARD = Dashboards(
    refreshes_a_day=Decimal(288), live_days=Decimal(1), reports_a_day=Decimal(50), report_days=Decimal(30),
    share_of_columns=Decimal("0.15"),
)  # fmt: skip
A_DAY = Decimal(86_400)
QUIET = Dashboards(refreshes_a_day=Decimal("0.001"), reports_a_day=Decimal("0.001"))
rates = st.decimals("0.01", 10**6, places=2)


def month(rate=1, number=13, figures=EXACT, **choices):
    scenario = Scenario(rate_per_s=Decimal(rate), dashboards=BOARD).having(**choices)
    return Month(scenario, figures, number, inflow(scenario.rate_per_s, scenario.growth, number))


def used(uses, at):
    return {use.key.removeprefix("warehouse."): use for use in uses(at)}


def usd(uses, at):
    return sum(line.usd for line in model.priced(uses(at), BOOK))


def near(number):
    return pytest.approx(Decimal(number), rel=Decimal("1e-6"))


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("number", model.MONTHS)
def test_every_line_says_its_arithmetic_and_where_its_figures_are_from(name, number):
    for use in CHOICES[name](month(500, number, FIGURES)):
        assert use.component == "warehouse"
        assert use.key.startswith("warehouse.")
        assert re.search(r"\d", use.how)
        assert use.drivers
        assert not [each for each in use.drivers if each not in FIGURES]
        assert use.quantity >= 0


@pytest.mark.parametrize("name", CHOICES)
@given(rates, rates)
def test_more_payments_never_cost_less(name, one, other):
    low, high = sorted((one, other))
    assert usd(CHOICES[name], month(low)) <= usd(CHOICES[name], month(high))


@pytest.mark.parametrize("name", CHOICES)
def test_history_that_is_kept_is_paid_for(name):
    bills = [usd(CHOICES[name], month(500, number)) for number in model.MONTHS]
    assert bills == sorted(bills)
    assert bills[0] < bills[-1]
    assert usd(CHOICES[name], month(500, retention_months=Decimal(6))) < bills[-1]


def test_storage_is_two_copies_of_which_the_older_days_are_long_term():
    # month 13 is half over: 12.5 months are stored; 90 + 30 days of them are active; 2.5 days are not settled yet
    stored = used(bigquery.uses, month())
    kept = Decimal("12.5") * DAYS_A_MONTH
    assert stored["storage_active"].quantity == near((120 + 117.5) * 86_400 * 600 / 2**30)
    assert stored["storage_longterm"].quantity == near((kept - 120) * 2 * A_DAY * 600 / GIB)


def test_nothing_is_long_term_where_it_is_not_kept_so_long():
    stored = used(bigquery.uses, month(retention_months=Decimal(3)))
    assert "storage_longterm" not in stored
    assert stored["storage_active"].quantity == near((2 * 3 * DAYS_A_MONTH - Decimal("2.5")) * A_DAY * 600 / GIB)


def test_ingest_is_free_up_to_two_tebibytes_a_month():
    # 5,000/s x 2,628,000 s x 500 bytes = 6,118.6 GiB, less 2,048, at 2.5 cents: $101.77
    (free,), (paid,) = (model.priced([bigquery.ingest(month(rate))], BOOK) for rate in (500, 5_000))
    assert free.usd == 0
    assert paid.usd == pytest.approx(Decimal("101.77"), abs=Decimal("0.01"))


def test_the_live_board_and_the_questions_by_hand():
    # at 500/s: 288 refreshes a day of half a day x (110 + 90) bytes; 50 questions a day of 30 days x 90 bytes
    asked, rows = used(bigquery.uses, month(500)), 500 * A_DAY
    assert asked["dashboards"].quantity == near(288 * DAYS_A_MONTH * rows / 2 * 200 / TIB)
    assert asked["reports"].quantity == near(50 * DAYS_A_MONTH * rows * 30 * 90 / TIB)


def test_the_free_tebibyte_of_queries_is_taken_once_for_all():
    lines = model.priced(bigquery.uses(month(500)), BOOK)
    assert sum(line.free for line in lines if "query_on_demand" in line.price.sku) == 1


def test_physical_billing_stores_less_and_pays_for_what_rebuilt_days_leave():
    logical, physical = (used(bigquery.uses, month(warehouse_region="us", billing=b)) for b in ("logical", "physical"))
    assert physical["storage_active"].quantity == near(logical["storage_active"].quantity / 4)
    # 27 days a day, each kept for 2 + 7 days more
    assert physical["storage_history"].quantity == near(27 * 9 * A_DAY * 600 / 4 / GIB)
    assert "storage_history" not in logical


def test_physical_billing_needs_a_price_that_was_not_found_in_us_central1():
    with pytest.raises(PriceMissing, match="storage_active_physical in us-central1"):
        usd(bigquery.uses, month(billing="physical"))


def test_another_region_has_its_own_prices():
    for line in model.priced(bigquery.storage(month(500, warehouse_region="us")), BOOK):
        assert line.price.sku.endswith(".us_multi")


@pytest.mark.parametrize("name", CHOICES)
def test_twice_the_message_is_less_than_twice_the_row(name):
    one, two = (used(CHOICES[name], month(500, message_size=Decimal(size)))["storage_active"] for size in (1, 2))
    assert two.quantity / one.quantity == near((600 + EVENT_BYTES) / 600)


def test_snowflake_bills_uncompressed_gigabytes_in_credits():
    # 1,000/s x 2,628,000 s x 600 bytes = 1,576.8 GB x 0.0037 credits x $2
    line = next(line for line in model.priced(snowflake.uses(month(1000)), BOOK) if line.key == "warehouse.ingest")
    assert line.use.quantity == near("1576.8")
    assert line.usd == near(Decimal("1576.8") * Decimal("0.0037") * 2)


def test_snowflake_sleeps_between_refreshes_until_there_is_no_time_to():
    starts = (288 + 50 + 72) * DAYS_A_MONTH / 60
    assert used(snowflake.uses, month("0.01"))["compute"].quantity == pytest.approx(starts, rel=Decimal("0.001"))
    hours = [used(snowflake.uses, month(rate))["compute"].quantity for rate in (500, 2_500, 50_000)]
    assert starts < hours[0] < hours[1] <= 730 < hours[2]


def test_snowflake_mends_settled_days_instead_of_reading_them_whole():
    kept = snowflake.asked_of_an_engine(month())
    assert [scan.name for scan in kept if scan.group == "settling" and scan.share] == ["day settles"]
    assert not [scan.name for scan in kept if "old rows" in scan.name]
    mended = next(scan for scan in kept if scan.name == "late rows")
    assert mended.width(month()) == 110


def test_clickhouse_has_two_replicas_however_little_there_is_to_do():
    least = month("0.01", dashboards=QUIET)
    line = next(line for line in model.priced(clickhouse.uses(least), BOOK) if line.key == "warehouse.compute")
    assert line.usd == near(2 * 730 * Decimal("0.32727"))


@given(rates)
def test_clickhouse_grows_by_whole_units_of_both_replicas(rate):
    units = used(clickhouse.uses, month(rate))["compute"].quantity / 730
    assert units >= 2
    assert units % 2 == 0


def test_clickhouse_backs_up_what_it_stores_once():
    stored = used(clickhouse.uses, month())
    days = 2 * Decimal("12.5") * DAYS_A_MONTH - Decimal("2.5")
    assert stored["backup"].quantity == stored["storage_active"].quantity == near(days * A_DAY * 150 / TB)


def hours(at):
    return sum(use.quantity for use in bigquery_slots.queries(at))


def test_slots_cost_a_second_of_fifty_for_each_statement_at_least():
    idle = month("0.001")
    runs = sum(scan.runs for scan in bigquery.statements(idle))
    assert hours(idle) == near(runs * 50 / 3600)


def test_busy_slots_are_as_many_as_the_bytes_need():
    slow = month(50_000, figures=EXACT.replaced({"scan_bytes_per_slot_s": Decimal(5 * 10**7)}))
    size = scans.read(bigquery.statements(slow), slow)
    assert hours(slow) == pytest.approx(size / (5 * 10**7) / 3600 * 2, rel=Decimal("0.01"))


def test_the_setting_pays_the_same_lines_by_bytes_or_by_slots():
    by_bytes, by_slots = (used(WAREHOUSES["bigquery"], month(queries=way)) for way in ("on-demand", "slots"))
    assert list(by_bytes) == list(by_slots)
    paid = {key: (by_bytes[key].sku, by_slots[key].sku) for key in by_bytes if by_bytes[key] != by_slots[key]}
    assert set(paid) == set(bigquery.LABELS)
    assert set(paid.values()) == {(bigquery.ON_DEMAND, bigquery_slots.SLOT_HOUR)}
