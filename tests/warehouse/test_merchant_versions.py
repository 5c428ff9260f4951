"""merchant_version identifies one merchant's own version and nothing else."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.merchants.versions import BEGINNING_OF_TIME, merchant_version, with_versions

START = datetime(2026, 3, 1, 8, 30, 0, 250_000, tzinfo=UTC)
TIMESTAMP = pl.Datetime("us", "UTC")


def history(*rows: tuple[str, str, datetime | None, datetime | None]) -> pl.DataFrame:
    schema = {"merchant_id": pl.String, "name": pl.String, "valid_from": TIMESTAMP, "valid_to": TIMESTAMP}
    frame = pl.DataFrame(list(rows), schema=schema, orient="row")
    return frame.with_columns(category=pl.lit("5411"), country=pl.lit("DE"), risk_tier=pl.lit("low"))


def test_the_formula_is_the_published_one():
    # Computed once with b2sum -l 64 from ["m1","2026-03-01T08:30:00.250000Z","Bäckerei","5462","DE",null]
    assert merchant_version("m1", START, "Bäckerei", "5462", "DE", None) == "bad6ac7c4f74e96e"


def test_the_zone_of_the_start_does_not_matter():
    berlin = START.astimezone(tz=datetime.fromisoformat("2026-03-01T00:00:00+01:00").tzinfo)
    assert merchant_version("m1", berlin, "a", "b", "c", "d") == merchant_version("m1", START, "a", "b", "c", "d")


@given(st.lists(st.text(max_size=8), min_size=4, max_size=4), st.integers(0, 3), st.text(max_size=8))
def test_any_changed_attribute_changes_the_version(attributes, place, other):
    changed = [other if i == place else value for i, value in enumerate(attributes)]
    same = merchant_version("m", START, *attributes) == merchant_version("m", START, *changed)
    assert same == (attributes == changed)


def test_moving_text_between_attributes_changes_the_version():
    assert merchant_version("m", START, "ab", "c") != merchant_version("m", START, "a", "bc")


def test_an_undated_first_version_starts_at_the_beginning_of_time():
    frame = with_versions(history(("m1", "a", None, START), ("m1", "b", START, None)))
    assert frame["valid_from"].to_list() == [BEGINNING_OF_TIME, START]
    assert frame["merchant_version"][0] == merchant_version("m1", BEGINNING_OF_TIME, "a", "5411", "DE", "low")


def test_another_merchants_change_leaves_a_version_alone():
    before = with_versions(history(("m1", "a", None, None), ("m2", "x", None, None)))
    after = with_versions(history(("m1", "a", None, None), ("m2", "y", None, None)))
    assert before["merchant_version"][0] == after["merchant_version"][0]
    assert before["merchant_version"][1] != after["merchant_version"][1]


def test_closing_a_version_does_not_rename_it():
    open_, closed = (with_versions(history(("m1", "a", None, end))) for end in (None, START))
    assert open_["merchant_version"][0] == closed["merchant_version"][0]


@pytest.mark.parametrize(
    "rows",
    [
        [("m1", "a", None, START + timedelta(1)), ("m1", "b", START, None)],
        [("m1", "a", None, None), ("m1", "b", START, None)],
        [("m1", "a", START, START)],
    ],
    ids=["overlap", "open-ended in the middle", "empty"],
)
def test_versions_an_as_of_lookup_could_confuse_are_refused(rows):
    with pytest.raises(ValueError, match="first of m1"):
        with_versions(history(*rows))
