"""Rebalances and commits by example: what is given up in order, what is forgotten, what is dropped."""

from collections.abc import Iterator

import pytest
from held_appends import HeldAppends
from runner_rig import Rig

from streaming.adapters.memory_cluster import CommitFault
from streaming.adapters.memory_faults import Effect
from streaming.ports import CommitAnswer, CommitOutcome, LogRange
from streaming.protocol.actions import Publish
from streaming.protocol.metadata import decode


def recovered_rig() -> HeldAppends:
    rig = HeldAppends(commit_interval_s=30.0, drain_s=1.0)
    rig.start()
    rig.turn(6)
    return rig


@pytest.fixture
def rig() -> Iterator[HeldAppends]:
    rig = recovered_rig()
    yield rig
    rig.close()


def committed(rig: Rig, partition: int = 0) -> tuple[int, int]:
    commit = rig.cluster.group.commits[partition]
    meta = decode(commit.metadata)
    assert meta is not None
    return commit.offset, meta.row


ROOM = 2**30


class TestRevoked:
    def test_the_append_in_flight_is_awaited_then_committed_and_the_stream_finalized(self, rig):
        rig.hold()
        rig.produce(0, 5)
        rig.turn(3)
        assert len(rig.landed()) == 0
        rig.journal.on["revoked"] = rig.gate.set  # it is in flight when the revocation begins
        rig.members["member-0"].stop()
        assert len(rig.landed()) == 5
        assert committed(rig) == (5, 5)
        assert rig.warehouse.open_streams == []
        assert rig.said("given_up") == [{"partitions": [0], "commits": {0: "applied"}}]

    def test_an_append_that_does_not_end_in_time_is_not_committed_and_cannot_land_later(self, rig):
        rig.hold()
        rig.produce(0, 5)
        rig.turn(3)
        rig.clock.ticking = True
        rig.members["member-0"].stop()
        assert committed(rig) == (0, 0)
        rig.let_go()
        assert len(rig.landed()) == 0

    def test_an_append_whose_answer_is_lost_is_left_to_the_next_owner(self, rig):
        rig.hold(effect=Effect.LOSE_ANSWER)
        rig.produce(0, 5)
        rig.turn(3)
        rig.journal.on["revoked"] = rig.gate.set
        rig.members["member-0"].stop()
        assert committed(rig) == (0, 0)
        rig.kill()
        rig.start()
        rig.produce(0, 2)
        rig.settle(30 * 30)
        rig.assert_exactly_once()

    def test_what_waits_behind_it_is_not_sent(self, rig):
        rig.hold()
        rig.produce(0, 5)
        rig.turn(3)
        rig.produce(0, 5)
        rig.turn(3)
        rig.journal.on["revoked"] = rig.gate.set
        rig.members["member-0"].stop()
        assert len(rig.landed()) == 5
        assert committed(rig) == (5, 5)

    def test_a_last_commit_without_an_answer_makes_the_member_join_anew(self, rig):
        rig.produce(0, 5)
        rig.turn(4)
        rig.cluster.script(CommitFault.LOSE_ANSWER)
        consumer = rig.members["member-0"]
        consumer.ownership.revoked([0])
        assert not rig.said("rejoin"), "not from inside the callback"
        rig.turn(8)
        assert rig.said("rejoin")
        assert rig.states()["member-0"] == {0: "running"}
        rig.assert_exactly_once()

    def test_a_publish_without_an_answer_makes_the_member_join_anew(self):
        rig = Rig(partitions=1)
        consumer = rig.start()
        while not any(isinstance(lane.action, Publish) for lane in consumer.lanes):
            rig.turn()
        (lane,) = consumer.lanes
        assert lane.partition.outstanding is not None
        consumer.ownership.revoked([0])
        assert consumer.ownership.unresolved is not None

    def test_an_answered_commit_leaves_nothing_open(self, rig):
        rig.produce(0, 5)
        rig.turn(4)
        consumer = rig.members["member-0"]
        consumer.ownership.revoked([0])
        assert consumer.ownership.unresolved is None


class TestLost:
    def test_nothing_is_committed_or_finalized(self, rig):
        rig.produce(0, 5)
        rig.turn(4)
        assert len(rig.landed()) == 5
        consumer = rig.members["member-0"]
        consumer.ownership.lost([0])
        assert committed(rig) == (0, 0)
        assert len(rig.warehouse.open_streams) == 1
        assert list(consumer.lanes) == []

    def test_an_answer_that_comes_after_it_is_nobodys(self, rig):
        consumer = rig.members["member-0"]
        consumer.ownership.lost([0])
        consumer.ownership.answered([CommitAnswer(0, CommitOutcome.UNKNOWN)])
        assert not rig.said("rejoin")


class TestAnswers:
    def test_a_fenced_commit_drops_that_partition_alone(self):
        rig = Rig(partitions=2)
        consumer = rig.start()
        rig.turn(6)
        consumer.ownership.answered([CommitAnswer(1, CommitOutcome.FENCED, "unknown member (25)")])
        assert [lane.partition.number for lane in consumer.lanes] == [0]
        assert consumer.ownership.fetching == {0}
        assert not rig.said("rejoin")

    @pytest.mark.parametrize("outcome", [CommitOutcome.UNKNOWN, CommitOutcome.DEAD])
    def test_an_open_fate_gives_up_everything_and_joins_anew(self, outcome):
        rig = Rig(partitions=2)
        consumer = rig.start()
        rig.turn(6)
        consumer.ownership.answered([CommitAnswer(1, outcome)])
        assert list(consumer.lanes) == []
        assert rig.said("rejoin")
        rig.turn(8)
        assert rig.states()["member-0"] == {0: "running", 1: "running"}

    def test_a_rebalance_keeps_the_state(self):
        rig = Rig(partitions=1)
        consumer = rig.start()
        rig.turn(6)
        consumer.ownership.answered([CommitAnswer(0, CommitOutcome.REBALANCING)])
        assert rig.states()["member-0"] == {0: "running"}

    def test_a_client_fenced_by_its_own_id_starts_over(self):
        rig = Rig(partitions=1)
        rig.start()
        rig.turn(6)
        with rig.cluster.changed:
            rig.cluster.group.join("member-0", 1)  # another process with the same static id
        rig.turn(10)
        assert rig.said("rejoin")
        rig.produce(0, 2)
        rig.settle()
        rig.assert_exactly_once()


def test_a_full_partition_is_paused_and_resumed_when_half_of_it_has_room(rig):
    consumer = rig.members["member-0"]
    rig.hold(appends=5)
    rig.produce(0, 300)
    rig.turn(3)
    rig.produce(0, 300)
    rig.turn(3)
    consumer.ownership.balance(100, ROOM)
    assert consumer.ownership.paused == {0}
    rig.let_go()
    rig.turn(3)
    consumer.ownership.balance(100, ROOM)
    assert consumer.ownership.paused == set()


def test_a_position_outside_the_log_fences_and_says_what_is_gone():
    rig = Rig(partitions=1)
    rig.start()
    rig.turn(6)
    rig.produce(0, 10)
    rig.cluster.delete_records(0, 4)
    rig.turn(12)
    assert rig.said("fence_again")
    assert "offsets 0 to 3 are gone from the log" in rig.halts()[0]
    assert rig.brokers["member-0"].log_ranges([0], 1.0) == {0: LogRange(4, 10)}


def test_few_large_records_pause_everything_that_is_fetched(rig):
    consumer = rig.members["member-0"]
    rig.hold(appends=5)
    rig.produce(0, 30, description="x" * 900)
    rig.turn(3)
    rig.produce(0, 30, description="x" * 900)
    rig.turn(3)
    (lane,) = consumer.lanes
    assert lane.partition.buffered < 100
    assert lane.partition.buffered_bytes > 20_000
    consumer.ownership.balance(ROOM, 20_000)
    assert consumer.ownership.paused == {0}
    rig.let_go()
    rig.turn(4)
    consumer.ownership.balance(ROOM, 20_000)
    assert consumer.ownership.paused == set()
    rig.assert_exactly_once()


def test_a_refused_commit_halts_the_partition_as_a_defect(rig):
    rig.produce(0, 5)
    rig.turn(4)
    consumer = rig.members["member-0"]
    consumer.ownership.answered([CommitAnswer(0, CommitOutcome.INVALID, "metadata too large (12)")])
    rig.turn(2)
    assert ["metadata too large (12)" in said for said in rig.halts()] == [True]
    assert not rig.said("rejoin")
