"""What one append takes from a partition's queue: several small blocks joined, or a part of a large one."""

from collections import deque
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.landing import LANDING
from streaming.runner.take import take_block
from streaming.stages.plan import COLUMNS, Block, join

NOON = datetime(2026, 1, 7, 12, tzinfo=UTC)


def block(first: int, rows: int, size: int = 10) -> Block:
    frame = pl.DataFrame({"kafka_offset": range(first, first + rows)}).with_columns(
        kafka_partition=pl.lit(0, dtype=pl.Int64), broker_timestamp=pl.lit(NOON), status=pl.lit("OK")
    )
    absent = [pl.lit(None, dtype=LANDING[name]).alias(name) for name in COLUMNS if name not in frame.columns]
    typed = frame.with_columns(absent).select(pl.col(name).cast(LANDING[name]) for name in COLUMNS)
    return Block.of(typed, pl.Series([b"x" * size] * rows, dtype=pl.Binary))


def offsets(taken: Block) -> list[int]:
    return taken.rows["kafka_offset"].to_list()


def test_small_blocks_are_joined():
    queue = deque([block(0, 2), block(2, 3)])
    assert offsets(take_block(queue)) == [0, 1, 2, 3, 4]
    assert not queue


def test_a_block_that_does_not_fit_any_more_waits():
    queue = deque([block(0, 2), block(2, 3)])
    assert offsets(take_block(queue, max_rows=4)) == [0, 1]
    assert offsets(take_block(queue, max_rows=4)) == [2, 3, 4]


def test_a_large_block_is_cut():
    queue = deque([block(0, 10)])
    assert offsets(take_block(queue, max_rows=4)) == [0, 1, 2, 3]
    assert offsets(queue[0])[0] == 4


@pytest.mark.parametrize("rows", [1, 3])
def test_a_record_over_the_bound_goes_alone(rows):
    queue = deque([block(0, rows, size=100_000)])
    assert offsets(take_block(queue, max_bytes=1_000)) == [0]
    assert len(queue) == (rows > 1)


def test_large_records_at_the_front_do_not_make_a_request_too_large():
    large, small = block(0, 60, size=60_000), block(60, 2_000)
    queue = deque([join([large, small])])
    while queue:
        assert take_block(queue, max_bytes=1_000_000).nbytes <= 1_000_000


@settings(max_examples=15, deadline=None)
@given(
    sizes=st.lists(st.tuples(st.integers(1, 6), st.sampled_from((1, 500, 5_000))), min_size=1, max_size=5),
    max_rows=st.integers(1, 7),
    max_bytes=st.sampled_from((1_000, 5_000, 20_000)),
)
def test_nothing_is_lost_doubled_or_turned_around_and_bounds_hold(sizes, max_rows, max_bytes):
    queue, total = deque(), 0
    for rows, size in sizes:
        queue.append(block(total, rows, size))
        total += rows
    seen = []
    while queue:
        taken = take_block(queue, max_rows, max_bytes)
        assert len(taken) == 1 or (len(taken) <= max_rows and taken.nbytes <= max_bytes)
        seen += offsets(taken)
    assert seen == list(range(total))
