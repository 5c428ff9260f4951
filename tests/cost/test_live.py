"""What a closed day and the members say of the figures that the bill is driven by."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from assets.cost import drivers
from assets.cost.live import LEAST_RECORDS, Day, Member, day_of, measured, size_statement, statement
from assets.cost.live_sources import read_members
from assets.cost.units import GIB

DAY = date(2026, 11, 29)
MORNING = datetime(2026, 11, 29, tzinfo=UTC)
COMMITTED = drivers.read()
COUNTS = {"records": 0, "quarantined": 0, "repeated": 0, "superseding": 0, "first": None, "last": None}


def day(records=43_200_000, hours=24.0, **fields):
    last = MORNING + timedelta(hours=hours)
    return Day(
        DAY, records, **{"quarantined": 0, "repeated": 0, "superseding": 0, "first": MORNING, "last": last} | fields
    )


@pytest.mark.parametrize(
    ("records", "hours", "rate"),
    [(43_200_000, 24, 500), (43_200_000, 23.5, 500), (1_800_000, 1, 500), (43_200_000, 12, 1000)],
    ids=["a whole day", "a day whose edges are quiet", "an hour of it", "half of it"],
)
def test_the_rate_is_that_of_the_hours_with_traffic(records, hours, rate):
    assert day(records, hours).rate == rate


@pytest.mark.parametrize("nothing", [day(0, first=None, last=None), day(1), day(LEAST_RECORDS - 1, 0.5)])
def test_little_traffic_says_nothing_of_a_month(nothing):
    assert not nothing.enough


def test_half_an_hour_at_the_designed_rate_is_enough():
    assert day(LEAST_RECORDS, 0.56).enough


def test_shares_are_of_the_records_and_bytes_of_the_rows():
    found = measured(
        day(
            2_000_000,
            quarantined=2_000,
            repeated=500,
            superseding=40_000,
            logical_bytes=2_040_000 * 640,
            rows=2_040_000,
        ),
        [],
        COMMITTED,
    )
    assert found == {
        "quarantine_share": Decimal("0.001"),
        "duplicate_share": Decimal("0.00025"),
        "superseding_share": Decimal("0.02"),
        "logical_bytes": Decimal(640),
    }


def test_what_nobody_says_is_left_to_the_committed_figures():
    assert measured(day(0, first=None, last=None), [], COMMITTED) == {}
    assert "logical_bytes" not in measured(day(), [], COMMITTED)


def as_expected(rows, times=Decimal(1), members=1):
    """Members whose CPU is what the drivers say of 500 records a second, times something."""
    a_million = COMMITTED["engine_fixed_cores"] * members * 2000 + COMMITTED["engine_cpu_s_per_million"]
    return [Member(rows, a_million * rows / 10**6 * times, 2**29) for _ in range(members)]


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("times", [Decimal(1), Decimal(2), Decimal("0.5")])
def test_cpu_is_a_multiple_of_what_is_expected_at_this_rate(times, members):
    found = measured(day(), as_expected(5_000_000, times, members), COMMITTED)
    assert found["engine_fixed_cores"] == pytest.approx(COMMITTED["engine_fixed_cores"] * times)
    assert found["engine_cpu_s_per_million"] == pytest.approx(COMMITTED["engine_cpu_s_per_million"] * times)
    assert found["engine_memory_gib"] == 2**29 / GIB


def test_members_that_just_started_say_nothing_of_cpu():
    assert set(measured(day(), as_expected(999_999), COMMITTED)) == {
        "quarantine_share", "duplicate_share", "superseding_share",
    }  # fmt: skip


@pytest.mark.integration  # a database
def test_the_statement_counts_records_and_not_rows():
    import duckdb
    import sqlglot

    at = MORNING + timedelta(hours=1)
    rows = [
        ("e1", "OK", None, 0, at),
        ("e1", "OK", None, 0, at + timedelta(hours=2)),
        ("e2", "OK", None, 0, at),
        ("e3", "OK", None, 0, at),
        ("e3", "OK", "correction-1", 1, at),
        (None, "QUARANTINED_NOT_JSON", None, 0, at),
    ]
    db = duckdb.connect()
    db.execute(
        "CREATE TABLE payments_landing (event_id VARCHAR, status VARCHAR, replay_id VARCHAR, enrichment_revision INT, "
        "broker_timestamp TIMESTAMPTZ, business_date DATE)"
    )
    for row in rows:
        db.execute("INSERT INTO payments_landing VALUES (?, ?, ?, ?, ?, DATE '2026-11-29')", row)
    db.execute("INSERT INTO payments_landing VALUES ('x', 'OK', NULL, 0, now(), DATE '2026-11-28')")
    sql = sqlglot.transpile(statement("p.d", DAY).replace("`p.d.", "`"), read="bigquery", write="duckdb")[0]
    result = db.execute(sql)
    row = dict(zip((column[0] for column in result.description), result.fetchone(), strict=True))
    found = day_of(DAY, row, None)
    assert (found.records, found.quarantined, found.repeated, found.superseding) == (5, 1, 1, 1)
    assert found.last - found.first == timedelta(hours=2)


def test_bytes_come_from_metadata_of_the_days_partition_alone():
    assert "INFORMATION_SCHEMA.PARTITIONS" in size_statement("p.d", DAY)
    assert "partition_id = '20261129'" in size_statement("p.d", DAY)
    found = day_of(DAY, COUNTS, {"n": 10, "bytes": 6_200})
    assert (found.rows, found.logical_bytes) == (10, 6_200)
    assert day_of(DAY, COUNTS, {"n": None, "bytes": None}).logical_bytes is None


def test_members_are_read_from_their_heartbeats_and_torn_ones_passed_over(tmp_path):
    folder = tmp_path / "heartbeats"
    folder.mkdir()
    process = {"cpu_seconds": 12.5, "rss_bytes": 1, "peak_rss_bytes": 3}
    (folder / "a.json").write_text(json.dumps({"rows_landed": 7, "process": process}))
    (folder / "b.json").write_text(json.dumps({"rows_landed": 0, "process": process}))
    (folder / "c.json").write_text('{"rows_landed": 7, "proc')
    (folder / "d.json").write_text(json.dumps({"rows_landed": 7}))
    assert read_members(tmp_path) == [Member(7, Decimal("12.5"), 3)]
    assert read_members(tmp_path / "nowhere") == []
