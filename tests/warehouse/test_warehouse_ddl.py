"""The SQL files say what the code says, and the views keep the properties that make them cheap and right."""

from datetime import date

import polars as pl
import pytest
import sqlglot
from sqlglot import exp

from assets.payments.batch_warehouse import BATCH_WRITES
from assets.warehouse.ddl import FUNCTIONS, NOTHING_SETTLED, TABLES, VIEWS, Statement, landing_columns, statements
from assets.warehouse.migrate import MigrationError, missing_columns
from streaming import landing

TYPES = {
    "STRING": pl.String,
    "INT64": pl.Int64,
    "NUMERIC(38, 9)": pl.Decimal(38, 9),
    "DATE": pl.Date,
    "TIMESTAMP": pl.Datetime("us", "UTC"),
}
GROUP = {"business_date": pl.Date, "merchant_id": pl.String, "currency": pl.String, "event_type": pl.String}
SUMS = dict.fromkeys(("amount", "signed_amount", "reporting_amount", "signed_reporting_amount"), pl.Decimal(38, 9))
BUILT = {"business_date": pl.Date, "landing_rows": pl.Int64}
DECLARED = {
    "payments_landing": landing.LANDING,
    "merchants": landing.MERCHANTS,
    "fx_rates": landing.FX_RATES,
    "reference_versions": landing.REFERENCE_VERSIONS,
    "payments_daily": GROUP | {"events": pl.Int64} | SUMS,
    "payments_daily_builds": BUILT | {"newest_loaded_at": landing.TIMESTAMP, "built_at": landing.TIMESTAMP},
    "batch_writes": BATCH_WRITES,
    "payments_settled": landing.LANDING,
    "payments_settled_builds": BUILT | {"newest_loaded_at": landing.TIMESTAMP, "built_at": landing.TIMESTAMP},
}


@pytest.fixture(scope="module")
def by_name():
    return {statement.name: statement for statement in statements("p-1", "d")}


def test_files_hold_every_table_before_every_view(by_name):
    assert tuple(by_name) == TABLES + VIEWS + FUNCTIONS


@pytest.mark.parametrize("table", TABLES)
def test_columns_are_the_frames_columns_in_their_order(by_name, table):
    declared = {column.name: TYPES[column.type] for column in by_name[table].columns}
    assert list(declared.items()) == list(DECLARED[table].items())


@pytest.mark.parametrize("table", TABLES)
def test_the_line_parser_sees_every_column_a_sql_parser_sees(by_name, table):
    parsed = sqlglot.parse_one(by_name[table].sql, dialect="bigquery")
    assert [c.name for c in by_name[table].columns] == [d.name for d in parsed.find_all(exp.ColumnDef)]


def test_landing_requires_what_every_record_has(by_name):
    required = {column.name for column in by_name["payments_landing"].columns if column.required}
    assert required == landing.REQUIRED


def test_every_column_is_described(by_name):
    undescribed = [f"{s.name}.{c.name}" for s in by_name.values() for c in s.columns if not c.description]
    assert undescribed == []


def test_landing_is_partitioned_clustered_and_filtered(by_name):
    sql = by_name["payments_landing"].sql
    assert "PARTITION BY business_date" in sql
    assert "CLUSTER BY event_id, kafka_partition, kafka_offset" in sql
    assert "require_partition_filter = TRUE" in sql


def test_settled_days_are_partitioned_filtered_and_clustered_by_merchant(by_name):
    sql = by_name["payments_settled"].sql
    assert "PARTITION BY business_date" in sql
    assert "CLUSTER BY merchant_id" in sql
    assert "require_partition_filter = TRUE" in sql


def arms(sql: str) -> dict[str, list[exp.Expression]]:
    """Per table that a view reads: the conditions on business_date of the SELECT that reads it, with the constant."""
    found: dict[str, list[exp.Expression]] = {}
    for table in sqlglot.parse_one(sql, dialect="bigquery").find_all(exp.Table):
        where = table.find_ancestor(exp.Select).args.get("where") if table.find_ancestor(exp.Select) else None
        tests = list(where.find_all(exp.LT, exp.LTE, exp.GTE)) if where else []
        found[table.name] = [test for test in tests if test.this.name == "business_date"]
    return found


def test_both_arms_of_the_view_prune_by_the_same_constant_and_share_no_day():
    view = next(s for s in statements("p-1", "d", date(2026, 11, 23)) if s.name == "payments")
    found = arms(view.sql)
    assert set(found) == {"payments", "payments_settled", "payments_landing"}
    below, since = found["payments_settled"], found["payments_landing"]
    assert [(type(c), c.expression.sql("bigquery")) for c in below] == [(exp.LT, "CAST('2026-11-23' AS DATE)")]
    assert [(type(c), c.expression.sql("bigquery")) for c in since] == [(exp.GTE, "CAST('2026-11-23' AS DATE)")]


def test_a_new_dataset_reads_all_from_landing(by_name):
    assert f"business_date < DATE '{NOTHING_SETTLED}'" in by_name["payments"].sql


def test_both_arms_name_the_columns_in_one_order(by_name):
    """A table that got a column later has it at its end: `SELECT *` would put it into another column."""
    selects = list(sqlglot.parse_one(by_name["payments"].sql, dialect="bigquery").find(exp.Union).find_all(exp.Select))
    listed = [names for s in selects if "*" not in (names := tuple(s.named_selects))]
    assert listed == [landing_columns()] * 2


def windows_without(sql: str, column: str) -> list[str]:
    """Windows of a query whose PARTITION BY lacks `column`: a filter on it would not reach the table."""
    parsed = sqlglot.parse_one(sql, dialect="bigquery")
    windows = list(parsed.find_all(exp.Window))
    assert windows, "the query has no window at all"
    return [w.sql() for w in windows if column not in {p.name for p in w.args.get("partition_by") or []}]


@pytest.mark.parametrize("view", ["payments", "payments_quarantine", "dedup_conflicts"])
def test_a_filter_on_business_date_passes_every_window(by_name, view):
    assert windows_without(by_name[view].sql, "business_date") == []


def test_the_window_check_can_fail(by_name):
    mutant = by_name["payments"].sql.replace("PARTITION BY business_date, event_id", "PARTITION BY event_id")
    assert len(windows_without(mutant, "business_date")) == 1


def test_dedup_conflicts_prunes_by_itself_since_no_caller_could(by_name):
    where = sqlglot.parse_one(by_name["dedup_conflicts"].sql, dialect="bigquery").find(exp.Between)
    assert where is not None
    assert where.this.name == "business_date"


def test_nothing_is_missing_from_a_table_as_declared(by_name):
    table = by_name["payments_landing"]
    assert missing_columns(table, {c.name: c.base_type for c in table.columns}) == []


def test_legacy_type_names_are_the_same_types(by_name):
    table = by_name["fx_rates"]
    present = {c.name: "INTEGER" if c.type == "INT64" else c.base_type for c in table.columns}
    assert missing_columns(table, present) == []


def test_a_missing_nullable_column_is_to_be_added(by_name):
    table = by_name["payments_landing"]
    present = {c.name: c.base_type for c in table.columns if c.name != "merchant_risk_tier"}
    assert [c.name for c in missing_columns(table, present)] == ["merchant_risk_tier"]


def test_extra_columns_of_the_table_are_left_alone(by_name):
    table = by_name["payments_landing"]
    assert missing_columns(table, {c.name: c.base_type for c in table.columns} | {"added_by_hand": "STRING"}) == []


def without(table: Statement, name: str) -> dict[str, str]:
    return {c.name: c.base_type for c in table.columns if c.name != name}


def test_a_missing_required_column_needs_a_person(by_name):
    with pytest.raises(MigrationError, match=r"payments_landing\.status is absent"):
        missing_columns(by_name["payments_landing"], without(by_name["payments_landing"], "status"))


def test_another_type_needs_a_person(by_name):
    present = without(by_name["payments_landing"], "amount") | {"amount": "FLOAT"}
    with pytest.raises(MigrationError, match=r"payments_landing\.amount is FLOAT, declared NUMERIC"):
        missing_columns(by_name["payments_landing"], present)
