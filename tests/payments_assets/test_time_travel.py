"""`payments_as_known_at` against brute force: any revisions, any instant."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import duckdb
import polars as pl
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from assets.warehouse.ddl import statements
from streaming.landing import LANDING

pytestmark = pytest.mark.integration  # a database in memory, not pure

DAYS = (date(2026, 11, 20), date(2026, 11, 21))
START = datetime(2026, 11, 21, tzinfo=UTC)
PLACE = ("business_date", "kafka_topic_id", "kafka_partition", "kafka_offset")


@cache
def declared() -> str:
    """The function's SELECT."""
    sql = next(s.sql for s in statements("p", "d") if s.name == "payments_as_known_at")
    return sql.partition("\nAS (\n")[2].rstrip().removesuffix(");")


def body(known_at: str) -> str:
    return declared().replace("known_at", known_at)


@cache
def prepared(sql: str) -> str:
    return sqlglot.transpile(sql.replace("`p.d.", "`"), read="bigquery", write="duckdb")[0]


def asked(landing: pl.DataFrame, known_at: datetime, select: str = "") -> set[tuple[Any, ...]]:
    """What the function answers, as coordinates with revisions."""
    sql = select or body("CAST('2000-01-01 00:00:00+00' AS TIMESTAMP)")
    sql = prepared(sql).replace("2000-01-01 00:00:00+00", known_at.strftime("%Y-%m-%d %H:%M:%S+00"))
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        db.register("payments_landing", landing.to_arrow())
        columns = ", ".join((*PLACE, "enrichment_revision"))
        return set(db.execute(f"SELECT {columns} FROM ({sql})").fetchall())


def oracle(landing: pl.DataFrame, known_at: datetime) -> set[tuple[Any, ...]]:
    """Row by row, as the words say it."""
    newest: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in landing.to_dicts():
        place = tuple(row[name] for name in PLACE)
        if row["loaded_at"] <= known_at and (
            place not in newest or row["enrichment_revision"] > newest[place]["enrichment_revision"]
        ):
            newest[place] = row
    events: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in newest.values():
        rank = (-row["enrichment_revision"], row["broker_timestamp"], row["kafka_partition"], row["kafka_offset"])
        event = row["business_date"], row["event_id"]
        if row["status"] == "OK" and (event not in events or rank < events[event][:4]):
            events[event] = (*rank, *(row[name] for name in PLACE), row["enrichment_revision"])
    return {found[4:] for found in events.values()}


def row(place: tuple[int, date], revision: int, event: str, status: str, minutes: int) -> dict[str, Any]:
    (offset, day), at = place, START + timedelta(minutes=minutes)
    own = {"kafka_offset": offset, "enrichment_revision": revision, "business_date": day, "event_id": event}
    where = {"kafka_topic": "payments", "kafka_topic_id": f"t{offset // 2}", "kafka_partition": 0}
    return dict.fromkeys(LANDING) | own | where | {"status": status, "broker_timestamp": START, "loaded_at": at}


rows = st.builds(
    row,
    st.tuples(st.integers(0, 3), st.sampled_from(DAYS)),
    st.integers(0, 2),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["OK", "OK", "QUARANTINED_BAD_AMOUNT", "MOVED"]),
    st.integers(0, 5),
)


def key(made: dict[str, Any]) -> tuple[Any, ...]:
    return (*(made[name] for name in PLACE), made["enrichment_revision"])


@settings(max_examples=40)
@given(st.lists(rows, max_size=12, unique_by=key), st.integers(-1, 6))
def test_the_function_is_what_brute_force_finds(made, minutes):
    landing, at = pl.DataFrame(made, schema=LANDING), START + timedelta(minutes=minutes)
    assert asked(landing, at) == oracle(landing, at)


A0, B0, B1 = (0, DAYS[0]), (1, DAYS[0]), (1, DAYS[1])
CORRECTED = [row(A0, 0, "a", "OK", 0), row(A0, 1, "a", "OK", 2)]
MOVED = [row(B0, 0, "b", "OK", 0), row(B0, 1, "b", "MOVED", 3), row(B1, 1, "b", "OK", 3)]


def test_before_and_after_a_correction_and_a_move():
    landing = pl.DataFrame([*CORRECTED, *MOVED], schema=LANDING)

    def at(minutes):
        return {found[0::4] for found in asked(landing, START + timedelta(minutes=minutes))}

    assert at(-1) == set()
    assert at(1) == {(DAYS[0], 0)}
    assert len(asked(landing, START + timedelta(minutes=1))) == 2
    assert at(2) == {(DAYS[0], 1), (DAYS[0], 0)}
    assert at(3) == {(DAYS[0], 1), (DAYS[1], 1)}


def test_a_filter_on_business_date_passes_every_window():
    windows = list(sqlglot.parse_one(declared(), dialect="bigquery").find_all(exp.Window))
    assert len(windows) == 2
    assert all("business_date" in {part.name for part in each.args["partition_by"]} for each in windows)


def test_time_cut_after_the_newest_revision_would_lose_what_was_known():
    """The tempting wrong query: newest revision first, then the instant."""
    landing, at = pl.DataFrame(CORRECTED, schema=LANDING), START + timedelta(minutes=1)
    late = body("CAST('2000-01-01 00:00:00+00' AS TIMESTAMP)")
    condition = "loaded_at <= CAST('2000-01-01 00:00:00+00' AS TIMESTAMP)"
    assert condition in late
    wrong = late.replace(f"WHERE {condition}", "WHERE TRUE").replace(
        "WHERE status = 'OK'", f"WHERE status = 'OK' AND {condition}"
    )
    with pytest.raises(AssertionError):
        assert asked(landing, at, wrong) == oracle(landing, at)
