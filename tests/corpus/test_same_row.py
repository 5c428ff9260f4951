"""The fast path and the row-wise path give the same row for every record: alone, in company, in any order and split.

`truth` holds the row that each record gets by itself, read the slow way. A row does not depend on its window, so any
window's rows can be compared with it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest
from corpus_world import NOW, POLICY, neighbours, window
from hostile import corpus
from hypothesis import given, settings
from mutations import windows
from tempting import WRONG, Way, fast, slowly

from streaming.stages import shapes
from streaming.walk import Policy

HOSTILE = [record.payload(NOW) for record in corpus()]
SMALL = [place for place, payload in enumerate(HOSTILE) if len(payload or b"") < 4_096]
"""Where the few large ones would only cost time."""


@pytest.fixture(scope="module")
def everybody() -> pl.DataFrame:
    """Every record of the corpus, then good ones; the offset tells who it is wherever it stands."""
    return window([*HOSTILE, *neighbours()])


@pytest.fixture(scope="module")
def truth(everybody: pl.DataFrame) -> pl.DataFrame:
    return slowly(everybody).rows


def differing(way: Way, frame: pl.DataFrame, truth: pl.DataFrame) -> list[str]:
    """Names of the records (offsets of good ones) whose row differs from the truth, in a window as it stands."""
    places = frame["kafka_offset"].to_list()
    enriched = way(frame)
    expected = truth[places]
    assert enriched.internal == ()
    assert enriched.rows.schema == expected.schema
    if enriched.rows.equals(expected):
        return []
    unequal = pl.DataFrame([enriched.rows[name].ne_missing(expected[name]) for name in expected.columns])
    names = [record.name for record in corpus()]
    wrong = unequal.select(pl.any_horizontal(pl.all()).arg_true()).to_series().to_list()
    return [names[places[n]] if places[n] < len(names) else str(places[n]) for n in wrong]


def shuffled(height: int, seed: int) -> list[int]:
    order = list(range(height))
    Random(seed).shuffle(order)
    return order


def cut(order: Sequence[int], seed: int) -> Iterator[Sequence[int]]:
    """Windows of 1 to 400 records."""
    drawn, first = Random(seed), 0
    while first < len(order):
        last = first + drawn.choice((1, 2, 7, 8, 13, 60, 150, 400))
        yield order[first:last]
        first = last


def test_the_corpus_among_good_ones(everybody: pl.DataFrame, truth: pl.DataFrame) -> None:
    assert differing(fast, everybody, truth) == []


def test_in_reverse_and_split(everybody: pl.DataFrame, truth: pl.DataFrame) -> None:
    for places in cut(SMALL[::-1], 1):
        assert differing(fast, everybody[places], truth) == []


def test_unknown_fields_are_counted_alike(everybody: pl.DataFrame) -> None:
    small = everybody[SMALL]
    assert fast(small).unknown_fields == slowly(small).unknown_fields > 100


@settings(max_examples=12)
@given(windows(least=8))
def test_spoiled_records(payloads: list[bytes | None]) -> None:
    assert_same(window(payloads))


def assert_same(frame: pl.DataFrame, policy: Policy = POLICY) -> None:
    quick, slow = fast(frame, policy), slowly(frame, policy)
    assert (quick.internal, slow.internal) == ((), ())
    assert quick.unknown_fields == slow.unknown_fields
    for n in range(frame.height) if not quick.rows.equals(slow.rows) else ():
        assert quick.rows.row(n, named=True) == slow.rows.row(n, named=True), frame["payload"][n]
    assert quick.rows.schema == slow.rows.schema


# --- mutants --------------------------------------------------------------------------------------------------


def few(names: Iterable[str]) -> list[Any]:
    """Two of them are caught in every fast run, the others in every full one."""
    return [
        name if place < 2 else pytest.param(name, marks=pytest.mark.integration) for place, name in enumerate(names)
    ]


@pytest.mark.parametrize("name", few(WRONG))
def test_a_wrong_fast_path_is_caught(everybody: pl.DataFrame, truth: pl.DataFrame, name: str) -> None:
    assert differing(WRONG[name], everybody[SMALL], truth)


TEXT = r'[^"\\\x00-\x1F]'
LOOSER: dict[str, tuple[tuple[str, str], ...]] = {
    "the end is not anchored": ((r"\z", ""),),
    "quotes of an amount are optional": (('"(?P<amount>', '"?(?P<amount>'), ('[0-9]{1,4}))?)"', '[0-9]{1,4}))?)"?')),
    "members may follow": ((r"\}\z", r"(?:,.*)?\}\z"),),
    "control characters may stand": ((TEXT, r'[^"\\]'),),
    "escapes are text": ((TEXT, r'[^"\x00-\x1F]'),),
    "any character in an id": (("(?P<event_id>[A-Za-z0-9_-]+)", '(?P<event_id>[^"]+)'),),
    "any version": (('"schema_version":1', '"schema_version":[0-9]+'),),
}
"""What could be wrong in the expressions of our own fast path: texts of the pattern and what they become."""


@pytest.mark.parametrize("name", few(LOOSER))
def test_a_looser_expression_is_caught(
    everybody: pl.DataFrame, truth: pl.DataFrame, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = shapes._pattern
    changed = 0

    def looser(shape: shapes.Shape, text: str) -> str:
        nonlocal changed
        pattern = loose = right(shape, text)
        for find, put in LOOSER[name]:
            loose = loose.replace(find, put)
        changed += loose != pattern
        return loose

    shapes.patterns.cache_clear()
    monkeypatch.setattr(shapes, "_pattern", looser)
    try:
        caught = differing(fast, everybody[SMALL], truth)
    finally:
        shapes.patterns.cache_clear()
    assert changed
    assert caught


# --- the same at length ---------------------------------------------------------------------------------------


@pytest.mark.integration
def test_alone_and_in_its_own_company(everybody: pl.DataFrame, truth: pl.DataFrame) -> None:
    """One by one both ways; and eight of a kind, so that a shape is learned from the hostile record itself."""
    for place in range(len(HOSTILE)):
        one = everybody[[place]]
        assert slowly(one).rows.equals(truth[[place]])
        assert differing(fast, one, truth) == []
        assert differing(fast, everybody[[place] * 8], truth) == []


@pytest.mark.integration
def test_each_among_a_thousand_good_ones(everybody: pl.DataFrame, truth: pl.DataFrame) -> None:
    good = list(range(len(HOSTILE), everybody.height))
    for place in range(len(HOSTILE)):
        at = place * 131 % (len(good) + 1)
        assert differing(fast, everybody[[*good[:at], place, *good[at:]]], truth) == []


@pytest.mark.integration
def test_many_orders_and_splits(everybody: pl.DataFrame, truth: pl.DataFrame) -> None:
    for seed in range(12):
        for places in cut(shuffled(everybody.height, seed), seed):
            assert differing(fast, everybody[places], truth) == []


OTHERWISE = {
    "card numbers may stand in ids": replace(POLICY, pan_in_ids=False),
    "records of 300 bytes at most": replace(POLICY, max_payload_bytes=300),
    "a year late": replace(POLICY, max_past=timedelta(days=400), max_future=timedelta(days=3)),
    "reported in yen": replace(POLICY, reporting_currency="JPY"),
}
MOMENTS = {
    "the last microsecond of a year": datetime(2025, 12, 31, 23, 59, 59, 999_999, UTC),
    "the first of a leap day": datetime(2028, 2, 29, tzinfo=UTC),
    "the hour that summer time skips in Europe": datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
}


@pytest.mark.integration
@pytest.mark.parametrize("name", OTHERWISE)
def test_under_other_settings(everybody: pl.DataFrame, name: str) -> None:
    assert_same(everybody, OTHERWISE[name])


@pytest.mark.integration
@pytest.mark.parametrize("name", MOMENTS)
def test_at_another_moment(name: str) -> None:
    now = MOMENTS[name]
    usual = [payload for payload in (record.payload(now) for record in corpus() if record.status == "OK") if payload]
    payloads = [record.payload(now) for record in corpus()]
    for policy in (POLICY, OTHERWISE["a year late"]):
        assert_same(window([*usual, *payloads], now), policy)


@pytest.mark.long
@pytest.mark.integration
@settings(max_examples=250)
@given(windows(least=40))
def test_thousands_of_spoiled_records(payloads: list[bytes | None]) -> None:
    assert_same(window(payloads))
