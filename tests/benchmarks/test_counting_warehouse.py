"""The counting warehouse keeps the protocol's checks: what it lets through would be a wrong figure."""

from datetime import UTC, datetime

import pytest
from counting_mutants import MUTANTS, Blind, Forgetful, Open

from benchmarks.counted import CountingWarehouse, unbroken
from streaming.landing import LANDING
from streaming.ports import (
    AlreadyExists,
    CountQuery,
    OffsetOutOfRange,
    Refused,
    StreamFinalized,
    StreamNotFound,
)
from streaming.stages.plan import SCHEMA

pytestmark = pytest.mark.integration  # files
S = 5.0
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def rows(first, count, partition=0, epoch="e1", offsets=None):
    import pyarrow as pa

    offsets = list(offsets or range(first, first + count))
    fixed = {
        "kafka_topic": "payments",
        "kafka_topic_id": "T",
        "kafka_partition": partition,
        "ownership_epoch": epoch,
        "loaded_at": NOW,
    }
    columns = {name: [fixed.get(name)] * len(offsets) for name in LANDING} | {"kafka_offset": offsets}
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA).serialize().to_pybytes()


@pytest.fixture
def warehouse(tmp_path):
    return CountingWarehouse(tmp_path)


def fill(warehouse, *appends, stream=None):
    stream = stream or warehouse.open_stream(S)
    at = 0
    for first, count in appends:
        warehouse.append(stream, at, rows(first, count), S)
        at += count
    return stream


def test_appends_follow_one_another(warehouse):
    stream = fill(warehouse, (0, 3), (3, 2))
    with pytest.raises(AlreadyExists) as taken:
        warehouse.append(stream, 3, rows(3, 2), S)
    assert taken.value.expected == 5
    with pytest.raises(OffsetOutOfRange):
        warehouse.append(stream, 6, rows(6, 1), S)
    assert warehouse.rows() == 5


def test_finalized_streams_are_closed_for_every_member(warehouse):
    stream = fill(warehouse, (0, 3))
    other = type(warehouse)(warehouse.folder)
    assert other.finalize(stream, S) == 3
    assert other.finalize(stream, S) == 3
    with pytest.raises(StreamFinalized):
        warehouse.append(stream, 3, rows(3, 1), S)


def test_unknown_streams_are_not_found(warehouse):
    for ask in (lambda: warehouse.finalize("none", S), lambda: warehouse.append("none", 0, rows(0, 1), S)):
        with pytest.raises(StreamNotFound):
            ask()


@pytest.mark.parametrize("offsets", [[0, 2], [1, 0], [0, 0]])
def test_a_batch_that_is_no_unbroken_run_is_refused(warehouse, offsets):
    with pytest.raises(Refused):
        warehouse.append(warehouse.open_stream(S), 0, rows(0, 2, offsets=offsets), S)


def test_queries_see_all_epochs_but_the_one_left_out(warehouse):
    fill(warehouse, (0, 4), (4, 4))
    own = warehouse.open_stream(S)
    warehouse.append(own, 0, rows(8, 2, epoch="e2"), S)
    other = warehouse.open_stream(S)
    warehouse.append(other, 0, rows(100, 5, partition=1, epoch="e3"), S)

    def count(offset, besides):
        return warehouse.count_live("T", [CountQuery(0, offset, NOW, besides)], S)[0]

    assert [count(0, "none"), count(0, "e2"), count(6, "e2"), count(9, "none"), count(10, "none")] == [10, 8, 2, 1, 0]
    assert warehouse.highest_live("T", 0, S) == 9
    assert warehouse.highest_live("T", 7, S) is None
    assert warehouse.topic_ids_landed("payments", 1, S) == {"T"}


def test_unbroken_counts_every_offset_once(warehouse):
    fill(warehouse, (0, 4), (4, 4))
    fill(warehouse, (8, 2))
    assert unbroken(warehouse.appends()) == 10


@pytest.mark.parametrize("appends", [[(0, 4), (5, 1)], [(0, 4), (3, 2)], [(1, 4)], [(0, 4), (0, 4)]])
def test_a_gap_or_a_double_is_seen(warehouse, appends):
    for first, count in appends:
        fill(warehouse, (first, count))
    with pytest.raises(ValueError, match="instead of"):
        unbroken(warehouse.appends())


@pytest.mark.parametrize(
    ("mutant", "caught_by"),
    [
        (Blind, test_appends_follow_one_another),
        (Forgetful, test_queries_see_all_epochs_but_the_one_left_out),
        (Open, test_finalized_streams_are_closed_for_every_member),
    ],
)
def test_mutants_are_caught(mutant, caught_by, tmp_path):
    assert mutant in MUTANTS
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        caught_by(mutant(tmp_path))
