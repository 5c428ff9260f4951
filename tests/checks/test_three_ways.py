"""The three-way ledger: pure comparison, and statements that the real service would take."""

from datetime import date

import pytest
import sqlglot
from sqlglot import exp
from three_way_cases import CASES, END, MUTANTS, START, mutant

from assets.checks.three_ways import landing_statement, timeline_statement

LANDING = landing_statement("p.d", date(2026, 11, 25), START, END)
TIMELINE = timeline_statement("my-project.payments", "EU", START, END)
COLUMNS = {
    "start_timestamp", "project_id", "project_number", "dataset_id", "table_id", "stream_type", "error_code",
    "total_requests", "total_rows", "total_input_bytes",
}  # fmt: skip
"""Of WRITE_API_TIMELINE: cloud.google.com/bigquery/docs/information-schema-write-api."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_books_are_held_against_each_other(case):
    assert case.holds(), case.judged()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_shortcut_is_told_from_the_comparison(name):
    compare = mutant(name).compare
    assert [case.name for case in CASES if not case.holds(compare)]


def test_figures_are_there_whatever_the_verdict():
    (lost,) = [case for case in CASES if case.name == "an acknowledged record has no row"]
    assert lost.judged().facts == {
        "landed": 100,
        "acked": 101,
        "outcome_unknown": 0,
        "counted_by_members": 95,
        "skipped_at_recovery": 5,
        "appended_by_timeline": 100,
        "landed_in_window": 100,
    }


def test_the_timeline_is_asked_in_words_that_bigquery_has():
    tree = sqlglot.parse_one(TIMELINE, read="bigquery")
    assert {column.name for column in tree.find_all(exp.Column)} <= COLUMNS
    (table,) = tree.find_all(exp.Table)
    assert (table.catalog, table.db, table.name) == ("my-project", "region-eu", "INFORMATION_SCHEMA.WRITE_API_TIMELINE")
    equal = {e.this.name: e.expression.name for e in tree.find_all(exp.EQ)}
    assert equal == {
        "dataset_id": "payments",
        "table_id": "payments_landing",
        "stream_type": "COMMITTED",
        "error_code": "OK",
    }
    assert [tree.find(kind).this.name for kind in (exp.GTE, exp.LT)] == ["start_timestamp"] * 2
    (alias,) = tree.selects
    assert (alias.alias, tree.find(exp.Sum).this.name) == ("written", "total_rows")


def test_landing_is_counted_live_and_within_constant_dates():
    tree = sqlglot.parse_one(LANDING, read="bigquery")
    where = tree.args["where"].sql("bigquery")
    assert "business_date BETWEEN CAST('2000-01-01' AS DATE) AND CAST('2026-11-26' AS DATE)" in where
    assert "replay_id IS NULL" in where
    assert "enrichment_revision = 0" in where
    assert [select.alias_or_name for select in tree.selects] == [
        "kafka_topic_id", "status", "landed", "certainly", "possibly",
    ]  # fmt: skip


def test_the_window_is_narrower_for_what_is_certain_and_wider_for_what_is_possible():
    certainly, possibly = LANDING.splitlines()[5:7]
    assert "2026-11-24 00:00:00+00:00" in certainly
    assert "2026-11-24 23:50:00+00:00" in certainly
    assert "2026-11-23 23:50:00+00:00" in possibly
    assert "2026-11-25 00:00:00+00:00" in possibly
