"""A successor of the topic or the table is noticed while running, and the halt says exactly what landed since."""

from collections.abc import Callable

import polars as pl
import pytest
from held_appends import HeldAppends
from runner_rig import TURN_S, Rig

from streaming.protocol.actions import NextBlock
from streaming.runner.guard import MISSING_S, TABLE_S, TOPIC_S, Guard


def at_work(records: int = 3) -> Rig:
    """So many records landed, and the guard has looked since."""
    rig = Rig(partitions=1)
    rig.start()
    rig.produce(0, records)
    rig.settle()
    seconds(rig, TABLE_S + 1)
    return rig


def seconds(rig: Rig, count: float) -> None:
    rig.turn(int(count / TURN_S))


def under(rig: Rig, topic_id: str) -> list[int]:
    rows = rig.warehouse.rows().filter(pl.col("kafka_topic_id") == topic_id)
    return sorted(rows["kafka_offset"].to_list())


def test_rows_that_a_longer_successor_left_under_the_old_id_are_named_exactly():
    rig = at_work()
    old = rig.cluster.topic_id
    rig.cluster.recreate()
    rig.produce(0, 9)
    seconds(rig, TOPIC_S + 1)
    assert under(rig, old) == [0, 1, 2, 3, 4, 5, 6, 7, 8], "six of them are the new topic's: nothing shows it"
    (said,) = rig.halts()
    assert "offsets 3 to 8 landed under the old id since the last look" in said
    assert "tidemark recover --partition 0 --from beginning" in said


def test_a_successor_as_long_as_what_landed_is_noticed_without_a_record():
    """Its position is the end of both: nothing is fetched, nothing fails."""
    rig = at_work()
    rig.cluster.recreate()
    rig.produce(0, 3)
    seconds(rig, TOPIC_S + 1)
    (said,) = rig.halts()
    assert "it had landed up to offset 3;" in said


def test_an_idle_member_notices_a_replaced_table():
    rig = at_work()
    rig.warehouse.replace_table()
    seconds(rig, TABLE_S + 1)
    (said,) = rig.halts()
    assert "the landing table was replaced" in said
    assert "it had landed up to offset 3;" in said


def test_a_successor_that_takes_the_appends_is_noticed():
    rig = at_work()
    rig.warehouse._tables_made += 1  # as the emulator: streams and appends go on, only the creation time tells
    rig.produce(0, 2)
    seconds(rig, TABLE_S + 1)
    (said,) = rig.halts()
    assert "offsets 3 to 4 landed since the last look" in said
    assert "tidemark recover --partition 0 --from commit" in said


def under_steady_traffic(replace: Callable[[Rig], None], look_s: float) -> tuple[str, int, int]:
    """The pool answers between turns, and there is always a next block: the lane is never seen at rest.
    Returns (the halt, first offset landed after the replacement, offset after the last one)."""
    rig = HeldAppends(partitions=1)
    try:
        consumer = rig.start()
        rig.turn(8)
        rig.clock.advance(look_s - 1)  # the next look is soon
        first = 0
        for turn in range(80):
            if turn == 8:
                first = len(rig.cluster.logs[0].read(0, 10**6))
                replace(rig)
            if rig.halts():
                break
            rig.produce(0, 4)
            rig.turn()
            lane = consumer.lanes.get(0)
            assert lane is not None
            assert turn < 4 or rig.halts() or lane.held or not isinstance(lane.action, NextBlock), "not busy"
        (said,) = rig.halts()
        rows = rig.warehouse.rows()["kafka_offset"].to_list()
        return said, first, max(rows, default=-1) + 1
    finally:
        rig.close()


def test_a_lane_that_always_appends_halts_at_a_replaced_table_and_names_all_that_landed():
    def replace(rig: Rig) -> None:
        rig.warehouse._tables_made += 1

    said, first, after = under_steady_traffic(replace, TABLE_S - 1)
    assert "the landing table was replaced" in said
    assert f"to {after - 1} landed since the last look" in said
    assert after > first


def test_a_lane_that_always_appends_halts_at_another_topic_and_names_all_that_landed():
    def replace(rig: Rig) -> None:
        length = len(rig.cluster.logs[0].read(0, 10**6))
        rig.cluster.recreate()
        rig.produce(0, length)  # as long as the old one: read on without a gap

    said, first, after = under_steady_traffic(replace, TOPIC_S)
    assert f"to {after - 1} landed under the old id since the last look" in said
    assert after > first


def test_the_same_topic_and_table_are_left_alone():
    rig = at_work()
    rig.produce(0, 3)
    seconds(rig, 2 * TABLE_S)
    assert rig.halts() == []
    rig.assert_exactly_once()


def test_a_missing_topic_is_said_now_and_then_not_each_second():
    rig = at_work()
    rig.cluster.delete_topic()
    seconds(rig, 3 * MISSING_S)
    assert 2 <= len(rig.said("topic_missing")) <= 4
    assert rig.halts() == []


def never_look(self, lanes):
    return []


def trust_nothing(self, what, lane, tail):
    """All that this owner ever landed, instead of what landed since the last look."""
    return f"; offsets {lane.partition.start.offset} to {lane.partition.landed.offset - 1} {tail}"


def trust_the_answer(self, topic, table):
    """Take the table's answer as its word for ever."""


@pytest.mark.parametrize(
    ("method", "mutant", "seen_by"),
    [
        ("halts", never_look, test_a_successor_as_long_as_what_landed_is_noticed_without_a_record),
        ("_since", trust_nothing, test_rows_that_a_longer_successor_left_under_the_old_id_are_named_exactly),
        ("_take", trust_the_answer, test_a_successor_that_takes_the_appends_is_noticed),
    ],
)
def test_each_shortcut_is_seen(monkeypatch, method, mutant, seen_by):
    monkeypatch.setattr(Guard, method, mutant)
    with pytest.raises((AssertionError, ValueError)):
        seen_by()
