"""The SCD2 fold: every day's snapshot can be looked up again, and nothing else can."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from merchant_days import NOBODY, day, expected, folded, found, frame, instant

from assets.merchants import fold as folding
from assets.merchants.fold import SnapshotRejected
from assets.merchants.load import last_day, version_of
from assets.merchants.versions import BEGINNING_OF_TIME, with_versions

MOMENT = timedelta(microseconds=1)
SNAPSHOTS = st.lists(
    st.dictionaries(st.sampled_from("abcde"), st.sampled_from(["low", "high"]), min_size=1), min_size=1, max_size=6
)
WEEK = [
    {"a": "low", "b": "low"},
    {"a": "high", "b": "low", "c": "low"},
    {"a": "high", "c": "low"},
    {"b": "low", "a": "high"},
]


def counts(result: folding.Folded) -> tuple[int, int, int, int, int]:
    return result.inserted, result.changed, result.closed, result.reopened, result.unchanged


def test_the_first_version_is_valid_from_the_beginning_of_time():
    first = folded([{"a": "low"}])[0]
    assert first.history.select("merchant_id", "valid_from", "valid_to").rows() == [("a", BEGINNING_OF_TIME, None)]
    assert dict(first.history.schema) == folding.HISTORY


def test_each_merchant_is_counted_once_a_day():
    assert [counts(r) for r in folded(WEEK)] == [(2, 0, 0, 0, 0), (1, 1, 0, 0, 1), (0, 0, 1, 0, 2), (0, 0, 1, 1, 1)]


def test_a_change_ends_one_version_where_the_next_begins():
    history = folded(WEEK[:2])[-1].history.filter(merchant_id="a")
    assert history.select("risk_tier", "valid_from", "valid_to").rows() == [
        ("low", BEGINNING_OF_TIME, instant(1)),
        ("high", instant(1), None),
    ]


def test_at_the_instant_of_a_change_only_the_new_version_is_valid():
    history = folded(WEEK[:2])[-1].history
    assert found(history, instant(1) - MOMENT) == [("a", "low"), ("b", "low"), ("c", "low")]
    assert found(history, instant(1)) == [("a", "high"), ("b", "low"), ("c", "low")]


def test_a_merchant_that_is_gone_is_closed_and_one_that_returns_leaves_a_gap():
    history = folded(WEEK)[-1].history.filter(merchant_id="b")
    assert history.select("valid_from", "valid_to").rows() == [(BEGINNING_OF_TIME, instant(2)), (instant(3), None)]


@given(SNAPSHOTS)
def test_a_lookup_at_any_day_finds_that_days_snapshot(snapshots):
    history = folded(snapshots)[-1].history
    for number in range(len(snapshots)):
        wanted = expected(snapshots, number)
        assert found(history, instant(number)) == wanted
        assert found(history, instant(number + 1) - MOMENT) == wanted


@given(SNAPSHOTS)
def test_versions_never_overlap(snapshots):
    for result in folded(snapshots):
        with_versions(result.history)  # raises if they do


@given(SNAPSHOTS)
def test_folding_any_day_again_changes_nothing(snapshots):
    history, newest = folded(snapshots)[-1].history, instant(len(snapshots) - 1)
    for number, snapshot in enumerate(snapshots):
        again = folding.fold(history, frame(snapshot), instant(number), known_until=newest)
        assert not again.differs
        assert again.history.equals(history)


def test_a_history_read_backwards_has_the_same_content():
    history = folded(WEEK)[-1].history
    assert folding.content_hash(history.reverse()) == folding.content_hash(history)


@settings(max_examples=20)
@given(SNAPSHOTS, st.randoms(use_true_random=False))
def test_the_order_of_rows_means_nothing(snapshots, random):
    history = folded(snapshots)[-1].history
    rows = history.rows()
    random.shuffle(rows)
    mixed = pl.DataFrame(rows, schema=folding.HISTORY, orient="row").select(reversed(history.columns))
    assert folding.content_hash(mixed) == folding.content_hash(history)


def test_the_content_hash_sees_every_column():
    history = folded(WEEK)[-1].history
    later = pl.col("valid_from") + pl.duration(microseconds=1)
    others = [history.with_columns(later), history.with_columns(valid_to=pl.lit(None, folding.HISTORY["valid_to"]))]
    others += [history.with_columns(pl.lit("x").alias(name)) for name in folding.SNAPSHOT]
    hashes = {folding.content_hash(other) for other in [history, history.head(2), *others]}
    assert len(hashes) == len(others) + 2


def test_the_content_hash_is_the_published_one():
    # Computed once with b2sum -l 128 from ["a","a & Söhne","5411","DE","low","1970-01-01T00:00:00+00:00",null]\n
    assert folding.content_hash(folded([{"a": "low"}])[0].history) == "56bb40a7a5f09024590c1c5e579f7ea5"


GOOD = frame({"a": "low", "b": "low"})


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (pl.concat([GOOD, GOOD.head(1)]), "duplicate ids: 1 in 2 rows, first of a"),
        (pl.concat([GOOD, frame({"a": "high"})]), "duplicate ids: 1 in 2 rows, first of a"),
        (GOOD.clear(), "is empty: 0 rows"),
        (GOOD.with_columns(merchant_id=pl.lit(None, pl.String)), "2 of 2 rows have a null"),
        (GOOD.with_columns(name=pl.when(pl.col("merchant_id") == "a").then("name")), "1 of 2 rows have a null"),
        (GOOD.with_columns(merchant_id=pl.lit("")), "2 of 2 rows have a null or no id"),
        (GOOD.drop("country"), "has no column country"),
        (GOOD.with_columns(category=pl.lit(5411)), "category is Int32, must be String"),
    ],
    ids=["twice", "twice and different", "empty", "no id", "no name", "blank id", "no column", "a number"],
)
def test_a_snapshot_that_cannot_be_is_rejected_in_one_line(bad, says):
    with pytest.raises(SnapshotRejected, match=says) as rejected:
        folding.fold(NOBODY, bad, instant(0))
    assert "\n" not in str(rejected.value)


def test_an_old_snapshot_that_contradicts_the_history_is_rejected():
    history = folded(WEEK)[-1].history
    with pytest.raises(SnapshotRejected, match=r"2026-11-17 00:00 UTC is not newer .*2026-11-19.* differ: 2"):
        folding.fold(history, frame({"a": "low", "b": "high"}), instant(1))


def test_a_snapshot_before_the_newest_one_is_rejected_even_if_that_only_brought_newcomers():
    history = folded([{"a": "low"}, {"a": "low", "b": "low"}])[-1].history
    with pytest.raises(SnapshotRejected, match="not newer"):
        folding.fold(history, frame({"a": "high"}), instant(0), known_until=instant(1))


def many(closed: int) -> pl.DataFrame:
    return frame({f"m{number}": "low" for number in range(100 - closed)})


def test_a_snapshot_that_lost_a_fifth_passes_and_one_merchant_more_does_not():
    history = folding.fold(NOBODY, many(0), instant(0)).history
    assert folding.fold(history, many(20), instant(1)).closed == 20
    with pytest.raises(SnapshotRejected, match="lacks 21 of 100 open ones, more than 20 %"):
        folding.fold(history, many(21), instant(1))


def test_merchants_that_closed_before_are_not_counted_as_missing():
    history = folding.fold(NOBODY, many(0), instant(0)).history
    history = folding.fold(history, many(20), instant(1)).history
    assert folding.fold(history, many(36), instant(2)).closed == 16


def test_versions_are_named_by_day_and_content_and_the_newest_day_is_read_back():
    name = version_of(day(1), "0123456789abcdef0123456789abcdef")
    assert name == "20261117-0123456789abcdef"
    assert last_day([name, version_of(day(0), "f" * 32), "world-7-20261123"]) == instant(1)
    assert last_day(["world-7-20261123"]) is None
