"""Orchestration, logs and metrics: each choice's arithmetic, by hand."""

from decimal import Decimal

import pytest

from assets.cost.components import ENGINES, observability, orchestration, tidemark
from assets.cost.growth import inflow
from assets.cost.lines import Month
from assets.cost.model import priced
from assets.cost.scenario import CHOICES, Scenario
from assets.cost.units import SECONDS_A_MONTH

FIGURES = {
    "dagster_process_gib": Decimal("0.3"),
    "dagster_bytes_a_day": Decimal(2**30),
    "dagster_credits_a_day": Decimal(100),
    "log_bytes_member_hour": Decimal(2**20),
    "log_bytes_million": Decimal(2**20),
    "dagster_log_bytes_a_day": Decimal(2**20),
    "metric_series_member": Decimal(40),
    "metric_series_partition": Decimal(3),
}


def month(figures, number=1, rate=500, **choices):
    scenario = Scenario().having(**choices).at(Decimal(rate))
    events = inflow(scenario.rate_per_s, scenario.growth, number)
    return Month(scenario, figures.replaced(FIGURES), number, events)


def bill(book, uses, month):
    return {line.key.partition(".")[2]: line for line in priced(uses(month), book)}


def usd(lines):
    return sum(line.usd for line in lines.values())


def test_dagster_in_pods(book, figures):
    lines = bill(book, orchestration.uses, month(figures))
    # webserver and daemon 0.25 vCPU and 0.5 GiB each, the code server and four runs 0.5 vCPU and 5 x 0.3 = 1.5 GiB
    assert lines["pods_vcpu"].use.quantity == 730
    assert lines["pods_memory"].use.quantity == Decimal("2.5") * 730
    # half a month of 1 GiB a day is 15.2 GiB
    assert lines["postgres_storage"].use.quantity == pytest.approx(Decimal("15.208"), abs=Decimal("0.001"))
    # 730 x 0.0445 + 1,825 x 0.0049225 + 730 x 0.0413 + 2,737.5 x 0.007 + 15.2083 x 0.17
    assert usd(lines) == pytest.approx(Decimal("93.37"), abs=Decimal("0.01"))


def test_events_are_never_deleted(book, figures):
    at = {
        number: bill(book, orchestration.uses, month(figures, number))["postgres_storage"].use.quantity
        for number in (1, 3, 13)
    }
    assert at[3] == pytest.approx(at[1] * 5)
    assert at[13] == pytest.approx(at[1] * 25)


def test_a_database_has_ten_gib_however_little_is_in_it(book, figures):
    small = figures.replaced({"dagster_bytes_a_day": figures.about("dagster_bytes_a_day").low})
    lines = bill(book, orchestration.uses, Month(Scenario(), small, 1, (Decimal(1),)))
    assert lines["postgres_storage"].use.quantity == 10


def test_dagster_plus_is_a_plan_credits_an_agent_and_the_code_server(book, figures):
    lines = bill(book, orchestration.uses, month(figures, orchestration="dagster-plus"))
    assert set(lines) == {"pods_vcpu", "pods_memory", "plan", "credits"}
    assert lines["pods_vcpu"].use.quantity == Decimal("0.75") * 730
    assert lines["plan"].usd == 100
    # 100 a day x 365 / 12 days x 0.035
    assert lines["credits"].usd == pytest.approx(Decimal("106.46"), abs=Decimal("0.01"))


def test_managed_airflow_costs_what_googles_example_says(book, figures):
    lines = bill(book, orchestration.uses, month(figures, orchestration="airflow-managed"))
    # 12 DCU x 730 h x 0.06, the "about 526 dollars" of the example, and 10 GiB
    assert lines["environment"].usd == Decimal("525.60")
    assert lines["database"].usd == Decimal("1.70")


@pytest.mark.parametrize("engine", ENGINES)
def test_pods_are_bought_where_a_cluster_is_paid_for_and_a_machine_elsewhere(book, figures, engine):
    at = month(figures, engine=engine)
    has_cluster = any(use.sku == "gcp.gke.cluster_fee" for use in ENGINES[engine](at))
    lines = bill(book, orchestration.uses, at)
    assert ("pods_vcpu" in lines) == has_cluster
    assert ("machine" in lines) != has_cluster


@pytest.mark.parametrize("choice", CHOICES["orchestration"])
def test_orchestration_costs_the_same_at_any_rate(book, figures, choice):
    # it sees reports and runs, not events
    costs = {
        usd(bill(book, orchestration.uses, month(figures, rate=rate, orchestration=choice))) for rate in (5, 50_000)
    }
    assert len(costs) == 1


def test_logs_add_up(book, figures):
    use = bill(book, observability.uses, month(figures))["logs"].use
    # MiB: 2 members x 730 h + 1,314 million events + 365 / 12 days = 2,804.4
    assert use.quantity * 1024 == pytest.approx(Decimal("2804.417"), abs=Decimal("0.001"))


def test_the_first_fifty_gib_of_logs_are_free(book, figures):
    line = bill(book, observability.uses, month(figures))["logs"]
    assert (line.usd, line.free) == (0, line.use.quantity)
    # a hundred times the events: 128.3 GiB of them
    line = bill(book, observability.uses, month(figures, rate=50_000))["logs"]
    assert line.free == 50
    assert line.usd == (line.use.quantity - 50) / 2


def test_a_series_is_sampled_twice_a_minute(book, figures):
    line = bill(book, observability.uses, month(figures))["metrics"]
    # (2 x 40 + 6 x 3) series x 87,600 samples a month = 8.5848 million x 0.06
    assert line.use.quantity == Decimal("8.5848")
    assert line.usd == Decimal("0.515088")


def test_members_log_and_report_each(book, figures):
    quiet = {**FIGURES, "log_bytes_million": Decimal(0), "dagster_log_bytes_a_day": Decimal(0)}
    for rate in (500, 50_000):
        at = Month(Scenario().at(Decimal(rate)), figures.replaced(quiet), 1, (Decimal(rate) * SECONDS_A_MONTH,))
        members = tidemark.members(at).count
        lines = bill(book, observability.uses, at)
        assert lines["logs"].use.quantity * 1024 == pytest.approx(members * 730)
        assert lines["metrics"].use.quantity == (members * 40 + 18) * Decimal("0.0876")
    assert members > 2


def test_every_line_names_figures_that_are_there(figures):
    for choice in CHOICES["orchestration"]:
        at = month(figures, orchestration=choice)
        for use in (*orchestration.uses(at), *observability.uses(at)):
            assert all(name in figures for name in use.drivers)
            assert use.key.startswith(use.component)
