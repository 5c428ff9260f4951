"""Bytes that statements read: the columns are those of the SQL, the days those of the settings, the sums additive."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.checks import catalogue, completeness, three_ways
from assets.checks.thresholds import CLOSED_DAYS, OPEN_DAYS
from assets.cost import drivers, own_scans, scans
from assets.cost.growth import Growth, inflow
from assets.cost.lines import Month
from assets.cost.logical_bytes import WINDOWED
from assets.cost.scans import WIDTHS, Scan
from assets.cost.scenario import Dashboards, Scenario
from assets.cost.units import DAYS_A_MONTH
from assets.payments import daily, settled, touched
from assets.warehouse.ddl import landing_columns, payments_of_landing
from streaming.settings import Settings

FIGURES = drivers.read()
DAYS = [date(2026, 11, 1), date(2026, 11, 2)]
KEPT = 13 * DAYS_A_MONTH
EXACT = FIGURES.replaced({"superseding_share": Decimal(0), "logical_bytes": Decimal(600), "view_bytes": Decimal(110)})
BOARD = Dashboards(
    refreshes_a_day=Decimal(288), live_days=Decimal(1), reports_a_day=Decimal(50), report_days=Decimal(30),
    share_of_columns=Decimal("0.15"),
)  # fmt: skip
OFTEN = Decimal(86_400)
ages = st.decimals(0, 400, places=2)


def month(rate=1, number=13, figures=EXACT, **choices):
    scenario = Scenario(rate_per_s=Decimal(rate), dashboards=BOARD).having(**choices)
    return Month(scenario, figures, number, inflow(scenario.rate_per_s, scenario.growth, number))


def scan(**more):
    return Scan(
        **{"name": "a", "group": "checks", "runs": Decimal(1), "youngest": Decimal(0), "oldest": Decimal(1)} | more
    )


def named(sql):
    """Columns of landing that a statement names; the view's are those of landing."""
    return set(re.findall(r"[a-z_]+", sql)) & set(landing_columns())


def check(name):
    found = next(each for each in catalogue.CHECKS if each.name == name)
    return named(found.statement("p.d", DAYS))


@pytest.mark.parametrize(
    "name", ["duplicate_coordinates", "completeness", "quarantine_by_reason", "completeness_closed_days"]
)
def test_a_check_of_landing_reads_the_columns_that_its_sql_names(name):
    assert next(set(each.columns) for each in own_scans.checks() if each.name == name) == check(name)


@pytest.mark.parametrize("name", ["duplicate_events", "unknown_merchants"])
def test_a_check_of_the_view_reads_its_own_columns_and_those_of_the_windows(name):
    (found,) = (each for each in own_scans.checks() if each.name == name)
    assert set(found.columns) - set(WINDOWED) == check(name) - set(WINDOWED)
    assert found.view
    assert found.tables == 2


def test_control_totals_read_landing_the_view_and_a_settled_day():
    sides = {each.name: each for each in own_scans.checks() if each.name.startswith("control_totals")}
    asked = check("control_totals") - {"replay_id"}
    assert set(sides["control_totals, landing"].columns) - {"replay_id"} == asked
    view, settled = sides["control_totals, view"], sides["control_totals, settled"]
    assert set(view.columns) == set(settled.columns) <= asked
    assert view.oldest - view.youngest + settled.oldest - settled.youngest == CLOSED_DAYS


def test_every_check_is_counted_as_often_as_it_is_asked():
    counted = {each.name.partition(",")[0]: each.runs for each in own_scans.checks()} | {
        "fx_freshness": own_scans.DAILY
    }
    hourly = {each.name: each.cadence is catalogue.Cadence.HOURLY for each in catalogue.CHECKS}
    assert counted == {name: own_scans.HOURLY if often else own_scans.DAILY for name, often in hourly.items()}


def test_the_windows_of_the_view_are_those_that_view_bytes_stands_for():
    sql = payments_of_landing("p", "d", "business_date >= DATE '2026-11-01'")
    columns = f"SELECT {', '.join(landing_columns())}"
    assert named(sql.replace(columns, "")) == set(WINDOWED)


def test_the_ledger_the_looks_and_the_report_read_what_their_sql_names():
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    (audit,) = own_scans.audit(FIGURES, KEPT)
    assert set(audit.columns) == named(three_ways.landing_statement("p.d", DAYS[0], noon, noon))
    (look,) = (each for each in own_scans.settling(FIGURES) if each.name == "daily look")
    assert set(look.columns) == named(touched.landed_sql("p.d", DAYS))
    (report,) = (each for each in own_scans.daily_report(FIGURES) if each.name == "open days")
    built = daily.build_sql("p.d", DAYS[0], touched.Landed(1, noon), noon)
    assert set(report.columns) == named(built)


def test_days_are_those_of_the_settings():
    assert Settings().settle_after_days == own_scans.SETTLE_AFTER
    assert (own_scans.OPEN + scans.HALF, own_scans.CLOSED) == (OPEN_DAYS, CLOSED_DAYS)
    assert (own_scans.LATE_OPEN, own_scans.LATE_CLOSED) == (completeness.OPEN_BACK, completeness.LATEST)
    assert touched.whole_look(touched.MAX_PAST_DAYS) == own_scans.WHOLE_LOOK


def test_at_most_every_settled_day_that_the_daily_look_sees_is_built_anew():
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    seen = touched.days_to_look_at(noon, touched.LastLooks())
    end = settled.first_open_day(noon, own_scans.SETTLE_AFTER)
    days = [day for day in seen.days if day < end]
    assert seen.whole
    assert len(days) == FIGURES.range_of("settled_days_touched_daily")[1] == own_scans.OLDEST - own_scans.SETTLED


def test_a_statement_reads_rows_of_its_days_by_bytes_of_its_columns():
    # 1 event a second is 86,400 a day; two whole days x (8 + 24) bytes
    two = scan(youngest=Decimal(1), oldest=Decimal(3), columns=("business_date", "kafka_topic_id"))
    assert (WIDTHS["business_date"], WIDTHS["kafka_topic_id"]) == (8, 24)
    assert two.read(month()) == pytest.approx(2 * 86_400 * 32)
    assert scan(share=Decimal("0.5")).read(month()) == pytest.approx(86_400 * 300)


def test_on_open_days_the_view_adds_its_windows_and_counts_no_column_twice():
    asked = scan(columns=("event_id", "amount"), view=True)
    assert asked.width(month()) == 110 + WIDTHS["amount"]


def test_a_statement_bills_ten_megabytes_of_each_table_at_least():
    tiny = scan(runs=Decimal(7), columns=("amount",), tables=2)
    assert tiny.billed(month("0.001")) == 7 * 2 * 10_485_760
    assert tiny.billed(month(1000)) == 7 * tiny.read(month(1000)) > 7 * 2 * 10_485_760


def test_superseding_rows_are_read_too():
    more = EXACT.replaced({"superseding_share": Decimal("0.25")})
    assert scans.rows_between(month(figures=more), Decimal(0), Decimal(1)) == pytest.approx(OFTEN * Decimal("1.25"))


@pytest.mark.parametrize(("rate", "each"), [(Decimal("0.1"), 600), (10, 600), (20, 600), (40, 550), (2000, 501)])
def test_a_request_s_own_bytes_are_shared_by_its_rows(rate, each):
    """20 requests a second of 100 bytes each, but never more requests than rows."""
    known = EXACT.replaced(
        {"arrow_bytes": Decimal(500), "arrow_request_bytes": Decimal(100), "appends_per_s": Decimal(20)}
    )
    assert scans.appended_bytes(month(rate, figures=known)) == each


def test_a_message_of_twice_the_size_doubles_the_columns_of_the_event_alone():
    assert scans.row_bytes(month()) == 600
    assert scans.row_bytes(month(message_size=Decimal(2))) == 600 + scans.EVENT_BYTES
    assert scans.appended_bytes(month(message_size=Decimal(3))) == scans.appended_bytes(month()) + 2 * scans.EVENT_BYTES
    assert landing_columns()[: len(scans.EVENT)] == scans.EVENT


def test_a_live_refresh_sees_half_of_today_and_a_report_settled_days_alone():
    live, reports = scans.questions(month(), 2)
    assert live.read(month()) == pytest.approx(OFTEN / 2 * (110 + 600 * Decimal("0.15")))
    assert reports.read(month()) == pytest.approx(30 * OFTEN * 600 * Decimal("0.15"))
    assert live.runs == 288 * DAYS_A_MONTH


def test_a_live_board_of_many_days_pays_for_the_windows_of_the_open_ones_alone():
    wide = month(dashboards=Dashboards(live_days=Decimal(10)))
    open_days, settled, _ = scans.questions(wide, 2)
    assert (open_days.view, open_days.oldest, settled.view, settled.oldest) == (
        True,
        Decimal("2.5"),
        False,
        Decimal("9.5"),
    )


def test_in_the_first_month_only_what_is_there_is_read():
    half = 30 * OFTEN * 600 * Decimal("0.15")
    _, reports = scans.questions(month(number=1), 2)
    assert 0 < reports.read(month(number=1)) < half / 2


@given(st.lists(ages, min_size=3, max_size=3).map(sorted), st.sampled_from(["none", "linear", "compound"]))
def test_rows_of_ages_that_meet_add_up(three, curve):
    growing = month(growth=Growth(curve, Decimal(1)))
    young, middle, old = three
    parts = scans.rows_between(growing, young, middle) + scans.rows_between(growing, middle, old)
    assert parts == pytest.approx(scans.rows_between(growing, young, old), abs=Decimal("0.01"))


def test_without_late_rows_a_day_is_built_once():
    never = FIGURES.replaced({"settled_days_touched_daily": Decimal(0)})
    built = [each for each in own_scans.settling(never) if each.share and each.runs]
    assert [(each.name, each.runs) for each in built] == [("day settles", DAYS_A_MONTH)]


def test_late_rows_are_built_once_a_day_as_many_days_as_were_touched():
    late = next(each for each in own_scans.settling(EXACT) if each.name == "late rows")
    assert late.runs * late.read(month()) == pytest.approx(
        own_scans.DAILY * EXACT["settled_days_touched_daily"] * OFTEN * 600
    )


def test_the_hourly_runs_read_no_settled_day():
    for each in (*own_scans.settling(EXACT), *own_scans.daily_report(EXACT)):
        assert each.oldest <= own_scans.SETTLED or each.runs < own_scans.HOURLY / 2 or not each.width(month())


def test_a_look_before_and_after_goes_with_the_day_that_settles():
    looks = next(each for each in own_scans.settling(EXACT) if "before and after" in each.name)
    day = next(each for each in own_scans.settling(EXACT) if each.name == "day settles")
    assert (looks.runs, looks.youngest, looks.oldest) == (2 * day.runs, day.youngest, day.oldest)
    assert looks.read(month()) == pytest.approx(OFTEN * 16)
