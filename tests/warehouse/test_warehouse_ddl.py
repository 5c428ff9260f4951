"""The SQL files say what the code says, and the views keep the properties that make them cheap and right."""

import polars as pl
import pytest
import sqlglot
from sqlglot import exp

from assets.warehouse.ddl import TABLES, VIEWS, Statement, statements
from assets.warehouse.migrate import MigrationError, missing_columns
from streaming import landing

TYPES = {
    "STRING": pl.String,
    "INT64": pl.Int64,
    "NUMERIC(38, 9)": pl.Decimal(38, 9),
    "DATE": pl.Date,
    "TIMESTAMP": pl.Datetime("us", "UTC"),
}
DECLARED = {
    "payments_landing": landing.LANDING,
    "merchants": landing.MERCHANTS,
    "fx_rates": landing.FX_RATES,
    "reference_versions": landing.REFERENCE_VERSIONS,
}


@pytest.fixture(scope="module")
def by_name():
    return {statement.name: statement for statement in statements("p-1", "d")}


def test_files_hold_every_table_before_every_view(by_name):
    assert tuple(by_name) == TABLES + VIEWS


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
