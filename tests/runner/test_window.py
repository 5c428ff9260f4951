"""The window: what is polled, in order, without what is delivered again later."""

import polars as pl
import pytest
from runner_rig import START

from streaming.landing import WINDOW
from streaming.ports import Records
from streaming.runner.window import IDLE_S, MAX_BYTES, Window

MS = int(START.timestamp() * 1000)


def records(*coordinates: tuple[int, int], value: bytes | None = b"x") -> Records:
    partitions, offsets = zip(*coordinates, strict=True)
    return Records(list(partitions), list(offsets), [MS] * len(offsets), [value] * len(offsets))


def coordinates(frame: pl.DataFrame) -> list[tuple[int, int]]:
    return frame.select("kafka_partition", "kafka_offset").rows()


def taken(at: float) -> Window:
    """A window that follows one taken at that time."""
    window = Window()
    window.take(at)
    return window


def test_behind_waiting_blocks_a_window_grows_to_a_bound_or_until_it_is_full():
    window = taken(10.0)
    window.add(records((0, 1)), {0}, 10.0)
    assert window.due(10.15, 0.15, 3, backlog=False)
    assert not window.due(10.15, 0.15, 3, backlog=True)
    assert not window.due(10.59, 0.15, 3, backlog=True)
    assert window.due(10.61, 0.15, 3, backlog=True)
    assert window.due(10.01, 0.15, 1, backlog=True)


def test_a_window_is_due_by_age_or_by_size():
    window = taken(10.0)
    assert not window.due(100.0, 0.15, 3, backlog=False)
    window.add(records((0, 1)), {0}, now=10.0)
    assert not window.due(10.1, 0.15, 3, backlog=False)
    assert window.due(10.15, 0.15, 3, backlog=False)
    window.add(records((0, 2), (0, 3)), {0}, now=10.1)
    assert window.due(10.1, 0.15, 3, backlog=False)


def test_age_counts_from_the_window_before_so_that_a_first_record_after_a_pause_does_not_wait():
    window = taken(10.0)
    window.add(records((0, 1)), {0}, now=10.14)
    assert window.due(10.15, 0.15, 100, backlog=False)
    window.take(10.15)
    window.add(records((0, 2)), {0}, now=17.0)
    assert window.due(17.0, 0.15, 100, backlog=False)


def test_polling_rests_until_the_window_is_due():
    window = taken(10.0)
    assert window.rest_s(10.1, 0.25, 5_000, backlog=False) == pytest.approx(0.15)
    window.add(records((0, 1)), {0}, now=10.1)
    assert window.rest_s(10.2, 0.25, 5_000, backlog=False) == pytest.approx(0.05)
    assert window.rest_s(10.2, 0.25, 5_000, backlog=True) == pytest.approx(0.25)
    assert window.rest_s(10.3, 0.25, 5_000, backlog=False) == 0.0


def test_without_records_polling_rests_a_moment():
    assert taken(10.0).rest_s(20.0, 0.25, 5_000, backlog=False) == IDLE_S
    assert taken(10.0).rest_s(20.0, 0.05, 5_000, backlog=False) == 0.05


def test_in_a_backlog_polling_rests_until_the_window_is_half_way_to_full():
    window = taken(10.0)
    window.add(Records(), {0}, 10.0)
    window.add(records(*((0, n) for n in range(1_000))), {0}, 10.01)  # 100,000 a second
    assert window.rest_s(10.01, 0.25, 5_000, backlog=False) == pytest.approx(0.02)
    window.add(records(*((0, n) for n in range(1_000, 5_000))), {0}, 10.03)
    assert window.rest_s(10.03, 0.25, 5_000, backlog=True) == 0.0


def test_taking_empties_it():
    window = Window()
    window.add(records((0, 1), (1, 7)), {0, 1}, now=10.0)
    assert coordinates(window.take()) == [(0, 1), (1, 7)]
    assert len(window) == 0
    assert not window.due(99.0, 0.1, 1, backlog=False)


def test_the_frame_has_the_walks_schema_and_the_brokers_time():
    window = Window()
    window.add(records((0, 1), value=None), {0}, now=1.0)
    frame = window.take()
    assert frame.schema == pl.Schema(WINDOW)
    assert frame["broker_timestamp"].to_list() == [START]
    assert frame["payload"].to_list() == [None]


def test_a_window_comes_partition_by_partition_in_the_order_of_delivery():
    window = Window()
    window.add(records((1, 5), (0, 9), (1, 6), (2, 0), (0, 12)), {0, 1, 2}, now=1.0)
    assert coordinates(window.take()) == [(0, 9), (0, 12), (1, 5), (1, 6), (2, 0)]


def test_records_of_partitions_that_are_not_fetched_are_dropped():
    window = Window()
    window.add(records((0, 1), (1, 7), (0, 2)), {0}, now=1.0)
    assert coordinates(window.take()) == [(0, 1), (0, 2)]


def test_a_dropped_partition_leaves_the_others_alone():
    window = Window()
    window.add(records((0, 1), (1, 7), (0, 2)), {0, 1}, now=1.0)
    window.drop(0)
    assert coordinates(window.take()) == [(1, 7)]


def test_a_window_that_lost_all_its_records_can_still_be_taken():
    window = Window()
    window.add(records((0, 1)), {0}, now=1.0)
    window.drop(0)
    assert window.take().schema == pl.Schema(WINDOW)


def test_a_window_of_large_payloads_is_due_at_once_and_forgets_their_size():
    window = taken(10.0)
    window.add(Records([0, 1], [1, 1], [MS, MS], [b"x" * MAX_BYTES, None]), {0, 1}, 10.0)
    assert window.due(10.0, 0.15, 100, backlog=True)
    window.drop(0)
    assert window.nbytes == 0
    assert not window.due(10.0, 0.15, 100, backlog=False)
    window.add(Records([0], [2], [MS], [b"x" * MAX_BYTES]), {0}, 10.0)
    window.take()
    assert window.nbytes == 0
