"""The as-of lookup against brute force, and the joins that are almost right."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage_samples import BEGINNING, BROKER, CHANGED, land, merchant, merchants, payload, rates

from streaming.landing import TIMESTAMP
from streaming.reference.tables import Reference
from streaming.stages.attach_merchant import attach_merchant

Row = tuple[str | None, datetime | None]
FX = rates(BROKER.date(), USD="1.1")
IDS = st.sampled_from(["a", "b", "c"])
HOURS = st.integers(0, 12)


def hour(n: int) -> datetime:
    return BROKER + timedelta(hours=n)


@st.composite
def dimensions(draw: st.DrawFn) -> pl.DataFrame:
    """Up to three merchants; versions half-open, touching or with a gap; shuffled, as a table delivers them."""
    rows = []
    for merchant_id in draw(st.sets(IDS)):
        bounds = sorted(draw(st.sets(HOURS, min_size=2, max_size=5)))
        for start, end in pairwise(bounds):
            if draw(st.integers(0, 4)):
                rows.append(merchant(merchant_id, hour(start), hour(end), f"{merchant_id}{start}"))
        if draw(st.booleans()):
            rows.append(merchant(merchant_id, hour(bounds[-1]), None, f"{merchant_id}{bounds[-1]}"))
    return merchants(*draw(st.permutations(rows)))


def payments(rows: list[tuple[str, int]], beside: int = 0) -> pl.DataFrame:
    """At whole hours, where versions begin and end, or so many microseconds beside them."""
    return pl.DataFrame(
        {
            "merchant_id": [merchant_id for merchant_id, _ in rows],
            "occurred_at": [hour(n) + timedelta(microseconds=beside) for _, n in rows],
            "status": ["OK"] * len(rows),
        },
        schema={"merchant_id": pl.String, "occurred_at": TIMESTAMP, "status": pl.String},
    )


def brute_force(left: pl.DataFrame, dimension: pl.DataFrame) -> list[str | None]:
    found = []
    for merchant_id, at, _ in left.iter_rows():
        hits = [
            version["name"]
            for version in dimension.iter_rows(named=True)
            if version["merchant_id"] == merchant_id
            and version["valid_from"] <= at
            and (version["valid_to"] is None or at < version["valid_to"])
        ]
        assert len(hits) <= 1
        found.append(hits[0] if hits else None)
    return found


def as_built(left: pl.DataFrame, dimension: pl.DataFrame) -> list[str | None]:
    return attach_merchant(left, Reference.build(dimension, FX, "m", "f"))["merchant_name"].to_list()


@settings(max_examples=20, deadline=None)
@given(dimensions(), st.lists(st.tuples(IDS, HOURS), max_size=6), st.sampled_from([-1, 0, 1]))
def test_as_of_agrees_with_brute_force(dimension: pl.DataFrame, rows: list[tuple[str, int]], beside: int) -> None:
    left = payments(rows, beside)
    assert as_built(left, dimension) == brute_force(left, dimension)


# --- mutants -----------------------------------------------------------------------------------------------


def plain_join(left: pl.DataFrame, dimension: pl.DataFrame) -> list[str | None]:
    return left.join(dimension, on="merchant_id", how="left", maintain_order="left")["name"].to_list()


def current_version(left: pl.DataFrame, dimension: pl.DataFrame) -> list[str | None]:
    current = dimension.filter(pl.col("valid_to").is_null())
    return left.join(current, on="merchant_id", how="left", maintain_order="left")["name"].to_list()


def as_of_without_an_end(left: pl.DataFrame, dimension: pl.DataFrame) -> list[str | None]:
    return places(left, dimension, lambda at, row: row["valid_from"] <= at)


def closed_interval(left: pl.DataFrame, dimension: pl.DataFrame) -> list[str | None]:
    return places(left, dimension, lambda at, row: row["valid_from"] < at and (row["valid_to"] or at) >= at)


def places(left: pl.DataFrame, dimension: pl.DataFrame, holds: Callable[[datetime, Any], bool]) -> list[str | None]:
    ordered = dimension.sort("merchant_id", "valid_from").rows(named=True)
    found = []
    for merchant_id, at, _ in left.iter_rows():
        hits = [row["name"] for row in ordered if row["merchant_id"] == merchant_id and holds(at, row)]
        found.append(hits[-1] if hits else None)
    return found


def agrees(attach: Callable[[pl.DataFrame, pl.DataFrame], list[str | None]]) -> bool:
    dimension = merchants(
        merchant("a", hour(2), None, "a2"),
        merchant("a", hour(0), hour(2), "a0"),
        merchant("b", hour(0), hour(3), "b0"),
    )
    left = payments([("a", 0), ("a", 1), ("a", 2), ("a", 9), ("b", 2), ("b", 3), ("c", 1)])
    return attach(left, dimension) == brute_force(left, dimension)


def test_the_lookup_passes_where_the_tempting_joins_fail() -> None:
    assert agrees(as_built)
    for mutant in (plain_join, current_version, as_of_without_an_end, closed_interval):
        assert not agrees(mutant), mutant.__name__


# --- through the whole walk ---------------------------------------------------------------------------------


def test_known_unknown_closed_and_quarantined() -> None:
    rows = land(
        payload(occurred_at="2026-11-23T09:29:59.999999Z"),
        payload(occurred_at="2026-11-23T09:30:00Z"),
        payload(merchant_id="nobody"),
        payload(merchant_id="closed", occurred_at="2026-11-23T09:00:00Z"),
        payload(merchant_id="closed", occurred_at="2026-11-23T09:30:00Z"),
        payload(amount=1),
    ).rows
    assert rows["merchant_name"].to_list() == ["Old name", "New name", None, "Closed", None, None]
    assert rows["merchant_status"].to_list() == ["KNOWN", "KNOWN", "UNKNOWN", "KNOWN", "UNKNOWN", None]
    assert rows["merchant_version"][0] == f"m1@{BEGINNING:%Y%m%dT%H%M%S}"
    assert rows["merchant_version"][1] == f"m1@{CHANGED:%Y%m%dT%H%M%S}"
    assert rows["status"].to_list()[:5] == ["OK"] * 5


def test_a_lookup_that_changes_the_height_is_noticed() -> None:
    left = payments([("a", 0), ("a", 1)])
    dimension = merchants(merchant("a", hour(0), None, "a0"))
    known = Reference.build(dimension, FX, "m", "f")
    assert attach_merchant(left, known).height == 2
    with pytest.raises(pl.exceptions.ShapeError):
        attach_merchant(left, known).hstack([pl.Series("longer", [1, 2, 3])])
