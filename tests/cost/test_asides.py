"""Priced answers beside the bill: each by hand once, and where one way to pay overtakes another."""

from decimal import Decimal

import pytest

from assets.cost import alternatives, asides, beside, drivers, model, own_scans, prices, query_price, scans
from assets.cost.components import bigquery, bigquery_slots
from assets.cost.crossover import crossover
from assets.cost.growth import inflow
from assets.cost.lines import Month
from assets.cost.prices import PriceMissing
from assets.cost.scenario import Dashboards, Scenario
from assets.cost.units import DAYS_A_MONTH, GIB, TIB

BOOK, FIGURES = prices.read(), drivers.read()
EXACT = FIGURES.replaced({
    "superseding_share": Decimal(0), "logical_bytes": Decimal(600), "view_bytes": Decimal(110),
    "arrow_bytes": Decimal(500), "arrow_request_bytes": Decimal(0),
    "compressed_ratio": Decimal("0.25"), "rebuild_reads_old": Decimal(1),
    "wire_bytes_compressed": Decimal(250), "wire_bytes_plain": Decimal(400), "engine_cpu_s_per_million": Decimal(10),
})  # fmt: skip
BOARD = Dashboards(
    refreshes_a_day=Decimal(288), live_days=Decimal(1), reports_a_day=Decimal(50), report_days=Decimal(30),
    share_of_columns=Decimal("0.15"),
)  # fmt: skip
ROWS = 500 * Decimal(86_400)
A_TIB = Decimal("6.25")
SLOTS = {"queries": "slots"}


def month(rate=500, number=13, figures=EXACT, **choices):
    """Queries on demand, whose dollars are worked out by hand more easily."""
    scenario = Scenario(rate_per_s=Decimal(rate), dashboards=BOARD).having(**{"queries": "on-demand", **choices})
    return Month(scenario, figures, number, inflow(scenario.rate_per_s, scenario.growth, number))


def part(answer, what):
    return next(each.usd for each in answer.parts if each.what == what)


def near(number):
    return pytest.approx(Decimal(number), rel=Decimal("1e-6"))


def test_a_replayed_day_by_hand():
    answer = asides.replay_of_a_day(month(), BOOK)
    assert part(answer, "read Kafka") == near(ROWS * 250 / GIB * 2 / 3 * Decimal("0.01"))
    assert part(answer, "make the rows") == near(432 / Decimal(3600) * Decimal("0.0445"))
    assert part(answer, "shadow table") == near(ROWS * 600 / GIB * 7 / DAYS_A_MONTH * Decimal("0.023"))
    assert part(answer, "compare") == near(ROWS * (58 + 1200) / TIB * A_TIB)
    assert part(answer, "find what to publish") == near(ROWS * (8 + 1200) / TIB * A_TIB)
    assert part(answer, "publish") == 0
    assert part(answer, "settle the day anew") == near(ROWS * 1200 / TIB * A_TIB)
    assert answer.usd == sum(each.usd for each in answer.parts)
    assert all(f"{each.what} ${each.usd:,.2f}" in answer.how for each in answer.parts)


def test_uncompressed_batches_make_reading_again_dearer():
    plain, packed = (part(asides.replay_of_a_day(month(compressed=c), BOOK), "read Kafka") for c in (False, True))
    assert plain / packed == near("1.6")


def test_superseding_rows_of_a_replay_are_appended_at_the_ingest_price():
    some = EXACT.replaced({"superseding_share": Decimal("0.01")})
    answer = asides.replay_of_a_day(month(figures=some), BOOK)
    assert part(answer, "publish") == near(ROWS * 5 / GIB * Decimal("0.025"))


def test_checks_and_audits_are_those_of_the_bill():
    answer = asides.checks_and_audits(month(), BOOK)
    names = {each.what for each in answer.parts}
    assert {"duplicate_coordinates", "completeness, late", "control_totals, view", "three_way_ledger"} <= names
    # 56 bytes of each row of a day and a half, 730 times
    assert part(answer, "duplicate_coordinates") == near(730 * ROWS * Decimal("1.5") * 56 / TIB * A_TIB)


def test_one_question_without_a_date_reads_all_that_is_kept():
    answer = asides.question_without_a_date(month(), BOOK)
    stored = ROWS * Decimal("12.5") * DAYS_A_MONTH * 90 + ROWS * Decimal("2.5") * 110
    assert answer.usd == near(stored / TIB * A_TIB)
    assert asides.question_without_a_date(month(number=1), BOOK).usd < answer.usd / 10


def test_late_rows_are_looked_for_built_anew_and_reported_once_a_day():
    touched, look = EXACT["settled_days_touched_daily"], own_scans.WHOLE_LOOK - own_scans.SETTLE_AFTER - 1
    answer = asides.late_rows(month(), BOOK)
    assert part(answer, "late rows") == near(DAYS_A_MONTH * touched * ROWS * 600 / TIB * A_TIB)
    assert part(answer, "late rows, old rows") == part(answer, "late rows")
    assert part(answer, "daily look") == near(DAYS_A_MONTH * look * ROWS * 16 / TIB * A_TIB)
    assert 0 < part(answer, "days of late rows") < part(answer, "late rows") / 4


def test_without_late_rows_the_look_alone_costs():
    never = EXACT.replaced({"settled_days_touched_daily": Decimal(0)})
    answer = asides.late_rows(month(figures=never), BOOK)
    assert answer.usd == part(answer, "daily look") > 0


def test_on_slots_a_question_costs_the_seconds_of_its_bytes_or_a_step():
    known = EXACT.replaced({"scan_bytes_per_slot_s": Decimal(5 * 10**7), "slots_busy_share": Decimal("0.5")})
    on_slots = month(figures=known, **SLOTS)
    # 9 TB at 50 MB a slot-second are 180,000 s, twice that are billed: 100 slot-hours at 6 cents
    assert query_price.once(Decimal(9 * 10**12), on_slots, BOOK) == 6
    assert query_price.once(Decimal(1), on_slots, BOOK) == near(Decimal(50) / 3600 * Decimal("0.06"))
    assert query_price.once(Decimal(1), month(), BOOK, tables=2) == near(20 * 2**20 / TIB * A_TIB)


@pytest.mark.parametrize("queries", ["on-demand", "slots"])
def test_own_checks_cost_what_the_bill_says(queries):
    at = month(queries=queries, retention_months=Decimal(2))
    uses = list((bigquery_slots if queries == "slots" else bigquery).queries(at))
    lines = [line for use in uses for line in model.priced([use], BOOK) if use.key.endswith((".checks", ".audit"))]
    free = sum(line.free * query_price.list_price(at, BOOK, line.price.sku) for line in lines)
    assert asides.checks_and_audits(at, BOOK).usd == near(sum(line.usd for line in lines) + free)


def test_answers_say_that_slots_rest_on_assumptions():
    for _, answered in beside.QUESTIONS:
        assert "scan_bytes_per_slot_s" in answered(month(**SLOTS), BOOK).drivers
        assert "scan_bytes_per_slot_s" not in answered(month(), BOOK).drivers


def test_a_fresher_minute_by_hand():
    # 5,000/s: streaming $101.77; every 5 minutes 288 loads a day x 6 files, 0.0054 dollars a thousand, 50 GiB kept
    found = alternatives.fresher_minute(month(5_000), BOOK, 5)
    files = 288 * DAYS_A_MONTH * 6 / 1000 * (Decimal("0.005") + Decimal("0.0004"))
    kept = 10 * ROWS * 125 / GIB * Decimal("0.02")
    assert found.streamed == pytest.approx(Decimal("101.77"), abs=Decimal("0.01"))
    assert found.loaded == near(files + kept)
    assert found.usd_a_minute == near((found.streamed - found.loaded) / 5)
    assert found.allowed


def test_streaming_within_the_free_part_is_fresher_and_cheaper():
    assert alternatives.fresher_minute(month(), BOOK, 5).usd_a_minute < 0


@pytest.mark.parametrize(("late", "allowed"), [(0, True), (17, True), (18, False)])
def test_a_load_a_minute_is_allowed_where_it_touches_few_partitions(late, allowed):
    # 1,440 loads are below 1,500; 1,440 x 20 partitions are 28,800, x 21 are 30,240
    figures = EXACT.replaced({"settled_days_touched_daily": Decimal(late)})
    assert alternatives.fresher_minute(month(figures=figures), BOOK, 1).allowed is allowed


def test_slots_overtake_bytes_at_a_rate_and_stay_ahead():
    on_slots, on_demand = (month(queries=queries).scenario for queries in ("slots", "on-demand"))
    from_rate = crossover(on_slots, on_demand, EXACT, BOOK).from_rate
    for rate, slots_win in ((from_rate / 2, False), (from_rate * 2, True)):
        demanded, scaled = alternatives.queries(month(rate), BOOK).parts
        assert (scaled.usd < demanded.usd) is slots_win


def test_both_ways_to_pay_are_those_of_the_bills():
    demanded, scaled = alternatives.queries(month(), BOOK).parts
    by_bytes, by_slots = (model.bill(month(queries=way).scenario, EXACT, BOOK, 13) for way in ("on-demand", "slots"))
    assert demanded.usd - scaled.usd == near(by_bytes.usd - by_slots.usd)


def test_physical_billing_pays_below_the_ratio_that_is_told():
    there = month(warehouse_region="us")
    ratio = alternatives.physical_below(there, BOOK)
    assert 0 < ratio < Decimal("0.5")  # 0.5 is the ratio of the prices: what rebuilt days leave lowers it
    even = month(figures=EXACT.replaced({"compressed_ratio": ratio}), warehouse_region="us")
    assert alternatives.physical_below(even, BOOK) == near(ratio)
    never = {"settled_days_touched_daily": Decimal(0)}
    append_only = month(figures=EXACT.replaced(never), warehouse_region="us")
    assert alternatives.physical_below(append_only, BOOK) == near("0.5")


def test_physical_billing_in_us_central1_is_told_to_be_without_a_price():
    with pytest.raises(PriceMissing, match="us-central1"):
        alternatives.physical_below(month(), BOOK)


def test_sizes_are_said_as_people_read_them():
    def said(rate):
        return scans.each_billed(
            scans.Scan("a", "checks", Decimal(1), Decimal(0), Decimal(1), share=Decimal(1)), month(rate)
        )

    assert [said(rate) for rate in ("0.01", 500, 50_000)] == ["10.0 MiB", "24.1 GiB", "2.4 TiB"]
