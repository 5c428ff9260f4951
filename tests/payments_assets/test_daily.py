"""How a day of the report is built; which days are is `tests/settled/test_touched.py` and `test_report_follows.py`."""

from datetime import UTC, date, datetime

import pytest

from assets.payments.daily import build_sql
from assets.payments.touched import Landed

NOON = datetime(2026, 3, 1, 12, 20, tzinfo=UTC)
DAY = date(2026, 3, 1)
STATE = Landed(10, NOON)


def test_a_day_is_one_transaction():
    sql = build_sql("p.d", DAY, STATE, NOON)
    assert sql.startswith("BEGIN TRANSACTION;")
    assert sql.endswith("COMMIT TRANSACTION;")


@pytest.mark.parametrize("table", ["payments_daily", "payments_daily_builds"])
def test_the_day_is_removed_before_it_is_written(table):
    sql = build_sql("p.d", DAY, STATE, NOON)
    assert sql.index(f"DELETE FROM `p.d.{table}`") < sql.index(f"INSERT INTO `p.d.{table}`")


def test_partitions_are_pruned_by_a_constant():
    sql = build_sql("p.d", DAY, STATE, NOON)
    assert sql.count("WHERE business_date = DATE '2026-03-01'") == 3
