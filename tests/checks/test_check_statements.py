"""What every statement must be: pruned by literals, bounded, text from dates alone."""

import re
from datetime import UTC, datetime

import pytest
import sqlglot
from sqlglot import exp

from assets.checks import gaps
from assets.checks.catalogue import CHECKS, Cadence, of_cadence
from assets.checks.completeness import LATEST, OPEN_BACK, late_statement
from assets.checks.thresholds import THRESHOLDS

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PARTITIONED = {"payments_landing", "payments", "payments_daily"}
GAP = {"kafka_topic_id": "t", "kafka_partition": 0, "lowest": 0, "highest": 9, "landed": 8}
STATEMENTS = {check.name: check.statement("p.d", check.cadence.days(NOW)) for check in CHECKS}
STATEMENTS["late"] = late_statement("p.d", Cadence.HOURLY.days(NOW), [GAP], OPEN_BACK)
STATEMENTS["late, daily"] = late_statement("p.d", Cadence.DAILY.days(NOW), [GAP], LATEST)
STATEMENTS["gaps"] = gaps.statement("p.d", Cadence.HOURLY.days(NOW), [GAP], OPEN_BACK)


def filtered(select):
    """Whether a SELECT has a filter of its own on business_date between two literals."""
    where = select.args.get("where")
    between = where.find_all(exp.Between) if where else ()
    return any(
        b.this.name == "business_date"
        and all(re.fullmatch(r"CAST\('\d{4}-\d\d-\d\d' AS DATE\)", b.args[end].sql()) for end in ("low", "high"))
        for b in between
    )


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_scan_of_a_partitioned_table_has_constant_dates(name):
    tree = sqlglot.parse_one(STATEMENTS[name], read="bigquery")
    tables = [table for table in tree.find_all(exp.Table) if table.name in PARTITIONED]
    assert tables or name in {"fx_freshness", "merchant_history"}
    for table in tables:
        assert filtered(table.find_ancestor(exp.Select)), table.name


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_filter_holds_a_subquery_and_no_money_is_a_float(name):
    tree = sqlglot.parse_one(STATEMENTS[name], read="bigquery")
    assert not [where for where in tree.find_all(exp.Where) if where.find(exp.Subquery, exp.Select)]
    assert "FLOAT" not in STATEMENTS[name].upper()


def test_hourly_checks_read_two_days_and_daily_ones_three():
    assert "BETWEEN DATE '2026-11-24' AND DATE '2026-11-25'" in STATEMENTS["duplicate_events"]
    assert "BETWEEN DATE '2026-11-22' AND DATE '2026-11-24'" in STATEMENTS["control_totals"]


def test_the_hourly_look_for_late_records_is_short_and_the_daily_one_as_long_as_the_contract():
    assert "BETWEEN DATE '2026-11-21' AND DATE '2026-11-23'" in STATEMENTS["late"]
    assert "BETWEEN DATE '2026-10-23' AND DATE '2026-11-21'" in STATEMENTS["late, daily"]
    assert {check.cadence: check.back for check in CHECKS if check.back} == {"hourly": OPEN_BACK, "daily": LATEST}


def test_gaps_are_bounded_for_each_partition_so_that_none_is_starved():
    rows = [GAP | {"kafka_partition": number} for number in range(4)]
    sql = gaps.statement("p.d", Cadence.HOURLY.days(NOW), rows, OPEN_BACK)
    assert "PARTITION BY kafka_topic_id, kafka_partition ORDER BY kafka_offset DESC) <= 5000" in sql
    assert "LIMIT" not in sql
    assert gaps.most([GAP] * 30_000) == 1


def test_the_landings_side_of_the_totals_owes_nothing_to_the_view():
    side = STATEMENTS["control_totals"].partition("sides AS")[0]
    assert "ROW_NUMBER" not in side
    assert "`p.d.payments`" not in side


def test_names_are_unique_and_each_cadence_has_its_ceiling():
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert len(of_cadence(Cadence.HOURLY)) + len(of_cadence(Cadence.DAILY)) == len(CHECKS)
    assert Cadence.HOURLY.ceiling(THRESHOLDS) == THRESHOLDS.hourly_bytes
    assert Cadence.DAILY.ceiling(THRESHOLDS) == THRESHOLDS.daily_bytes
