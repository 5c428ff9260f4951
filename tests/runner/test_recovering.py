"""`tidemark recover` on the in-memory services: each halt, what its command says, and the stream that goes on."""

import pytest
from runner_rig import Rig, live_row, worked

from orchestration.recovering import NothingToRecover, apply, plan
from streaming.adapters.memory_broker import MemoryBroker
from streaming.protocol.halts import RESUME_FROM, HaltReason


def halted_by(rig: Rig, reason: HaltReason) -> str:
    """The consumer starts, halts for this reason, and is gone. Returns what it said."""
    rig.start()
    rig.turn(8)
    (said,) = rig.halts()
    assert reason.value in said
    assert f"tidemark recover --partition 0 --from {RESUME_FROM[reason]}" in said
    rig.kill()
    return said


def recover(rig: Rig, source: str) -> list[str]:
    broker = MemoryBroker(rig.cluster, "operator")
    planned = plan(broker, rig.warehouse, 0, source)

    def set_commit(partition: int, commit: object) -> None:
        rig.cluster.group.commits[partition] = commit

    apply(planned, rig.warehouse, set_commit)
    return planned.lines()


def goes_on(rig: Rig) -> None:
    rig.start()
    rig.produce(0, 3)
    rig.settle()
    assert rig.halts() == []


class TestEachHalt:
    def test_a_recreated_topic_goes_on_from_its_beginning(self):
        rig = worked()
        rig.cluster.recreate()
        rig.produce(0, 2)
        halted_by(rig, HaltReason.TOPIC_REPLACED)
        recover(rig, "beginning")
        goes_on(rig)
        assert len(rig.warehouse.rows()) == 10

    def test_a_replaced_table_goes_on_from_the_commit(self):
        rig = worked()
        rig.warehouse.replace_table()
        halted_by(rig, HaltReason.TABLE_REPLACED)
        assert any("offsets 0 to 4 would NOT be landed" in line for line in recover(rig, "commit"))
        goes_on(rig)
        assert sorted(offset for _, offset in rig.landed()) == [5, 6, 7]

    def test_what_landed_in_the_new_table_before_the_halt_is_not_landed_twice(self):
        rig = worked()
        rig.warehouse.replace_table()
        rig.produce(0, 3)
        live_row(rig, 5)  # after the commit, by the owner that had not noticed yet
        halted_by(rig, HaltReason.TABLE_REPLACED)
        lines = recover(rig, "commit")
        assert "would go on at offset 6" in lines
        assert any(line.startswith("5 of the 6 offsets from 0 to 5 have no live row") for line in lines)
        goes_on(rig)
        assert sorted(offset for _, offset in rig.landed()) == [5, 6, 7, 8, 9, 10]

    def test_a_replaced_table_can_be_filled_anew_from_the_beginning(self):
        rig = worked()
        rig.warehouse.replace_table()
        halted_by(rig, HaltReason.TABLE_REPLACED)
        recover(rig, "beginning")
        goes_on(rig)
        rig.assert_exactly_once()

    def test_retention_past_the_commit_goes_on_where_the_log_begins(self):
        rig = worked()
        rig.produce(0, 4)
        rig.cluster.delete_records(0, 7)
        said = halted_by(rig, HaltReason.BELOW_LOG)
        assert "offsets 5 to 6 are gone" in said
        assert "offsets 5 to 6 are gone from the log and were never landed: they are LOST" in recover(rig, "beginning")
        goes_on(rig)
        rig.assert_exactly_once()


class TestDoubts:
    def test_holes_behind_the_commit_are_named(self):
        rig = worked()
        rig.produce(0, 5)
        live_row(rig, 8)
        halted_by(rig, HaltReason.COUNT_MISMATCH)
        (line,) = [line for line in recover(rig, "table") if "no live row" in line]
        assert line.startswith("3 of the 9 offsets from 0 to 8 have no live row")
        goes_on(rig)

    def test_rows_that_are_doubled_already_are_named(self):
        rig = worked()
        rig.produce(0, 1)
        live_row(rig, 5)
        live_row(rig, 5)
        halted_by(rig, HaltReason.COUNT_MISMATCH)
        assert any("landed TWICE already" in line for line in recover(rig, "table"))


class TestPlan:
    def test_an_offset_that_would_double_rows_is_refused(self):
        rig = worked()
        with pytest.raises(NothingToRecover, match=r"offset 2 is not after the highest landed offset 4.*--from table"):
            recover(rig, "2")

    @pytest.mark.parametrize(
        ("partition", "source", "says"),
        [
            (9, "table", "partitions 0 to 0"),
            (0, "yesterday", "commit, table, beginning, end or an offset"),
            (0, "-3", "commit, table, beginning, end or an offset"),
            (0, "99", r"offset 99 is outside the log \[0, 5\)"),
        ],
    )
    def test_what_makes_no_sense_is_said(self, partition, source, says):
        rig = worked()
        with pytest.raises(NothingToRecover, match=says):
            plan(MemoryBroker(rig.cluster, "operator"), rig.warehouse, partition, source)

    def test_without_a_commit_there_is_no_commit_to_go_on_from(self):
        rig = Rig(partitions=1)
        with pytest.raises(NothingToRecover, match="no commit for this partition"):
            recover(rig, "commit")

    def test_it_says_what_would_be_left_out_and_finalizes_the_last_owner(self):
        rig = worked()
        rig.produce(0, 3)
        assert recover(rig, "end") == [
            "partition 0: offset 5, highest live offset 4, log [0, 8)",
            "would go on at offset 8",
            "offsets 5 to 7 would NOT be landed: --from 5 lands them",
        ]
        assert rig.warehouse.open_streams == []

    def test_to_go_on_where_all_is_landed_leaves_nothing_out(self):
        rig = worked()
        assert len(recover(rig, "table")) == 2
        goes_on(rig)
        rig.assert_exactly_once()
