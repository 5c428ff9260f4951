from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random

import iso18245
import polars as pl
import pytest

from sandbox.world.merchants import BEGINNING, MERCHANTS, RISK_TIERS, SCHEMA, MerchantBook, merchants_history

TODAY = date(2026, 11, 23)
COUNT = 4_000


@pytest.fixture(scope="module")
def history():
    return merchants_history(7, TODAY, COUNT)


@pytest.fixture(scope="module")
def book():
    return MerchantBook.build(7, COUNT)


def overlaps_or_gaps(history):
    """Merchants of which a version does not begin where the one before it ended: the rule, and its mutants' judge."""
    following = pl.col("valid_from").shift(-1).over("merchant_id", order_by="valid_from")
    return history.filter(following.is_not_null() & ~pl.col("valid_to").eq_missing(following))


def test_the_same_seed_and_day_give_the_same_history(history):
    assert merchants_history(7, TODAY, COUNT).equals(history)
    assert not merchants_history(8, TODAY, COUNT).equals(history)


def test_shape_and_values(history, book):
    assert dict(history.schema) == SCHEMA
    assert history["merchant_id"].n_unique() == COUNT
    assert set(history["merchant_id"]) == set(book.ids)
    assert history["merchant_id"].str.contains(r"^[A-Za-z0-9_-]{1,32}$").all()
    assert history["country"].str.contains(r"^[A-Z]{2}$").all()
    assert set(history["risk_tier"]) <= set(RISK_TIERS)
    assert history.drop("valid_to").null_count().sum_horizontal().item() == 0
    for category in history["category"].unique():
        assert iso18245.get_mcc(category).mcc == category


def test_the_world_has_eighty_thousand_merchants():
    assert MERCHANTS == 80_000


def test_intervals_are_half_open_without_gap_or_overlap(history):
    assert overlaps_or_gaps(history).is_empty()
    assert history.filter(pl.col("valid_to") <= pl.col("valid_from")).is_empty()
    assert history.filter(pl.col("valid_to").is_null()).select("merchant_id").is_unique().all()


@pytest.mark.parametrize("shift", [timedelta(microseconds=1), timedelta(microseconds=-1)])
def test_an_interval_that_misses_by_a_microsecond_would_be_seen(history, shift):
    assert not overlaps_or_gaps(history.with_columns(pl.col("valid_to") + shift)).is_empty()


def test_each_version_differs_from_the_one_before(history):
    attributes = ["name", "category", "country", "risk_tier"]
    same = pl.all_horizontal(pl.col(a) == pl.col(a).shift(1).over("merchant_id") for a in attributes)
    assert history.filter(same).is_empty()


def test_most_have_one_version_and_some_several(history):
    versions = Counter(history.group_by("merchant_id").len()["len"].to_list())
    assert versions[1] > COUNT / 2
    assert versions[2] > 0
    assert versions[3] > 0


def test_first_versions_begin_with_time_unless_the_opening_is_known(history):
    first = history.group_by("merchant_id").agg(pl.col("valid_from").min())
    dated = first.filter(pl.col("valid_from") > BEGINNING)
    assert 0.01 < dated.height / COUNT < 0.06
    assert dated["valid_from"].max() < datetime(2026, 1, 1, tzinfo=UTC)


def test_about_one_in_a_hundred_changes_during_the_day_at_many_times(history):
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    today = history.filter(pl.col("valid_from") >= midnight)
    assert 0.007 * COUNT < today.height <= 0.01 * COUNT
    assert today["valid_from"].dt.hour().n_unique() > 10
    assert today["valid_from"].max() < midnight + timedelta(days=1)


def test_some_close_but_none_of_the_busy_quarter(history, book):
    closed = set(book.ids) - set(history.filter(pl.col("valid_to").is_null())["merchant_id"])
    busy = {book.ids[index] for index in book.by_rank[: COUNT // 4]}
    assert 0 < len(closed) < COUNT * 0.02
    assert not closed & busy


def test_tomorrow_only_adds_to_history(history):
    """Within a month the past does not change: each version is there tomorrow, at most closed by then."""
    tomorrow = merchants_history(7, TODAY + timedelta(days=1), COUNT)
    key = ["merchant_id", "valid_from", "name", "category", "country", "risk_tier"]
    assert history.join(tomorrow, on=key, how="anti").is_empty()
    ended = history.filter(pl.col("valid_to").is_not_null())
    assert ended.join(tomorrow, on=[*key, "valid_to"], how="anti").is_empty()


def test_popularity_is_zipf(book):
    rng = Random(1)
    drawn = Counter(book.draw(rng) for _ in range(40_000))
    top = [count for _, count in drawn.most_common()]
    head = sum(top[: COUNT // 100]) / 40_000
    assert 0.4 < head < 0.6
    # by Zipf's law the first sells about twice as often as the second, and ten times as often as the tenth
    assert 1.6 < drawn[book.by_rank[0]] / drawn[book.by_rank[1]] < 2.4
    assert 6 < drawn[book.by_rank[0]] / drawn[book.by_rank[9]] < 13


def test_every_merchant_can_be_drawn(book):
    class Edge(Random):
        def __init__(self, value):
            self.value = value

        def random(self):
            return self.value

    assert book.draw(Edge(0.0)) == book.by_rank[0]
    assert book.draw(Edge(1.0 - 2**-53)) == book.by_rank[-1]
