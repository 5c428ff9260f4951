from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost.logical_bytes import (
    FIXED,
    WINDOWED,
    column_bytes,
    landing_columns,
    means,
    size_of,
)
from assets.warehouse.ddl import Column, payments_of_landing

A_TIME = datetime(2026, 11, 30, tzinfo=UTC)
ROW = {
    "event_id": "evt_1",
    "amount": Decimal("12.50"),
    "sequence": 3,
    "business_date": date(2026, 11, 30),
    "loaded_at": A_TIME,
}


def column(name, kind):
    return Column(name, kind, False, "")


@pytest.mark.parametrize(
    ("value", "kind", "size"),
    [
        (Decimal("12.50"), "NUMERIC", 16),
        (Decimal("12.50"), "BIGNUMERIC", 32),
        (7, "INT64", 8),
        (0.5, "FLOAT64", 8),
        (A_TIME, "TIMESTAMP", 8),
        (date(2026, 11, 30), "DATE", 8),
        (True, "BOOL", 1),
        ("EUR", "STRING", 5),
        ("", "STRING", 2),
        ("é", "STRING", 4),
        ("東京", "STRING", 8),
        (b"\x00\x01", "BYTES", 4),
    ],
)
def test_a_value_has_the_size_that_the_page_gives_its_type(value, kind, size):
    assert size_of(value, kind) == size


@pytest.mark.parametrize("kind", [*FIXED, "STRING", "BYTES"])
def test_null_takes_nothing(kind):
    assert size_of(None, kind) == 0


def test_a_type_without_a_known_size_is_refused():
    with pytest.raises(KeyError, match="GEOGRAPHY"):
        size_of("POINT(0 0)", "GEOGRAPHY")


def test_a_row_by_hand():
    columns = [
        column("event_id", "STRING"),
        column("amount", "NUMERIC(38, 9)"),
        column("sequence", "INT64"),
        column("business_date", "DATE"),
        column("loaded_at", "TIMESTAMP"),
    ]
    found = means([ROW], columns)
    # "evt_1" 2 + 5, a NUMERIC 16, three times 8
    assert list(found.values()) == [7, 16, 8, 8, 8]
    assert sum(found.values()) == 47


def test_a_mean_counts_rows_in_which_the_column_is_null():
    rows = [{"text": "abcd"}, {"text": None}]
    assert means(rows, [column("text", "STRING")]) == {"text": Decimal(3)}


def test_no_rows_have_no_mean():
    with pytest.raises(ValueError, match="no rows"):
        means([], [column("text", "STRING")])


@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), min_size=1, max_size=20))
def test_the_mean_times_the_rows_is_the_sum(texts):
    mean = means(({"text": text} for text in texts), [column("text", "STRING")])["text"]
    total = sum(2 + len(text.encode()) for text in texts if text is not None)
    assert abs(mean * len(texts) - total) < Decimal("1e-20")


def test_every_column_of_the_table_has_a_type_whose_size_is_known():
    assert {column.base_type for column in landing_columns()} <= {*FIXED, "STRING", "BYTES"}
    assert len(landing_columns()) == 43


def test_the_file_has_every_column_of_the_table_in_its_order():
    assert list(column_bytes()) == [column.name for column in landing_columns()]


def test_no_column_of_the_file_is_wider_than_its_type():
    found = column_bytes()
    for each in landing_columns():
        if each.base_type in FIXED:
            assert found[each.name] <= FIXED[each.base_type], each.name
        if each.required and each.base_type in FIXED:
            assert found[each.name] == FIXED[each.base_type], each.name


def test_the_windows_read_the_columns_that_their_sql_names():
    sql = payments_of_landing("p", "d", "business_date >= DATE '2026-01-01'")
    _, _, windows = sql.partition("FROM (")
    named = {
        each.name for each in landing_columns() if each.name in windows.replace("(", " ").replace(",", " ").split()
    }
    assert named == set(WINDOWED)
