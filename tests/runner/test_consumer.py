"""The whole consumer by example: starts, drains, kills, rebalances, lost answers, quota, halts."""

import polars as pl
import pytest
from runner_rig import Rig, event

from streaming.adapters.memory_cluster import CommitFault
from streaming.adapters.memory_faults import Effect, Fault
from streaming.protocol.metadata import decode
from streaming.runner.patience import JOINS_UNSERVED


def running(rig: Rig, name: str = "member-0", turns: int = 6) -> Rig:
    rig.start(name)
    rig.turn(turns)
    return rig


def test_records_become_enriched_rows_once_each():
    rig = running(Rig())
    rig.produce(0, 5)
    rig.produce(1, 3, merchant_id="m-unknown")
    rig.cluster.produce(1, b"not json", None)
    rig.settle()
    rig.assert_exactly_once()
    rows = rig.warehouse.rows()
    assert dict(rows.group_by("status").len().iter_rows()) == {
        "OK": 8,
        "QUARANTINED_NOT_JSON": 1,
        "QUARANTINED_TOMBSTONE": 1,
    }
    good = rows.filter(pl.col("kafka_partition") == 0)
    assert [str(amount) for amount in good["reporting_amount"].unique()] == ["9.840000000"]
    assert good["merchant_name"].unique().to_list() == ["Shop m-1"]


def test_an_empty_window_is_no_window():
    rig = running(Rig(), turns=10)
    assert rig.members["member-0"].meters.windows == 0
    assert rig.states() == {"member-0": {0: "running", 1: "running"}}


def test_what_is_committed_is_a_true_statement():
    rig = running(Rig(partitions=1))
    rig.produce(0, 4)
    rig.settle()
    commit = rig.cluster.group.commits[0]
    meta = decode(commit.metadata)
    assert meta is not None
    assert (commit.offset, meta.row, meta.stream) == (4, 4, rig.warehouse.open_streams[0])


def test_a_drain_commits_finalizes_and_leaves_nothing_open():
    rig = running(Rig())
    rig.produce(0, 5)
    rig.turn(3)
    rig.members["member-0"].stop()
    assert rig.warehouse.open_streams == []
    rig.kill()
    running(rig)
    rig.settle()
    rig.assert_exactly_once()


def test_a_killed_member_goes_on_under_its_id_without_a_double():
    rig = running(Rig(commit_interval_s=50.0))
    rig.produce(0, 5)
    rig.turn(4)
    assert len(rig.landed()) == 5
    rig.kill()
    rig.settings["commit_interval_s"] = 0.1
    running(rig)
    rig.produce(0, 2)
    rig.settle()
    rig.assert_exactly_once()
    assert {"partition": 0, "offset": 0, "skip": 5} in rig.said("recovered")


def test_a_second_member_takes_its_share():
    rig = running(Rig(partitions=4))
    for partition in range(4):
        rig.produce(partition, 3)
    rig.turn(2)
    running(rig, "member-1", turns=20)
    assert sorted(len(partitions) for partitions in rig.states().values()) == [2, 2]
    for partition in range(4):
        rig.produce(partition, 3)
    rig.settle()
    rig.assert_exactly_once()
    assert len(rig.warehouse.open_streams) == 4


def test_a_zombie_that_wakes_neither_doubles_nor_moves_the_commit():
    rig = running(Rig(partitions=1))
    rig.produce(0, 3)
    rig.settle()
    zombie = rig.members.pop("member-0")
    rig.cluster.expire_session("member-0")
    running(rig, "member-1", turns=10)
    rig.produce(0, 3)
    rig.settle()
    commit = rig.cluster.group.commits[0]
    rig.members["member-0"] = zombie
    rig.produce(0, 2)
    rig.settle()
    rig.assert_exactly_once()
    assert rig.cluster.group.commits[0].offset > commit.offset
    assert sum(map(len, rig.states().values())) == 1


def test_a_member_that_is_assigned_nothing_again_joins_with_a_new_client():
    rig = running(Rig(partitions=2))
    rig.produce(0, 3)
    rig.settle()
    rig.brokers["member-0"].strand()
    rig.produce(1, 3)
    for _ in range(25):  # a look at the topic is due every second
        rig.clock.advance(1.0)
        rig.turn()
    assert [facts["why"] for facts in rig.said("rejoin")] == ["assigned nothing while the broker answered 15 times"]
    rig.settle()
    rig.assert_exactly_once()


def test_a_member_that_is_never_assigned_anything_joins_with_a_new_client_too():
    rig = Rig(partitions=2)
    rig.produce(0, 3)
    rig.start()
    rig.brokers["member-0"].strand()
    for _ in range(70):
        rig.clock.advance(1.0)
        rig.turn()
    assert [facts["why"] for facts in rig.said("rejoin")] == ["assigned nothing while the broker answered 60 times"]
    rig.settle()
    rig.assert_exactly_once()


def test_members_without_a_partition_stop_asking():
    rig = running(Rig(partitions=1))
    rig.start("member-1")
    for _ in range(1_100):  # a fourth wait would be over by now
        rig.clock.advance(1.0)
        rig.turn()
    assert len(rig.said("rejoin")) == JOINS_UNSERVED
    rig.produce(0, 3)
    rig.settle()
    rig.assert_exactly_once()


def test_it_waits_for_the_broker_first():
    rig = running(Rig(partitions=1))
    rig.brokers["member-0"].strand()
    rig.turn(3)
    rig.cluster.stop()
    for _ in range(100):
        rig.clock.advance(1.0)
        rig.turn()
    assert not rig.said("rejoin"), "no new client while nobody is there to answer it"


@pytest.mark.parametrize("effect", [Effect.LOSE_REQUEST, Effect.LOSE_ANSWER, Effect.DELAY, Effect.DUPLICATE])
@pytest.mark.parametrize("states_expected", [True, False])
def test_a_lost_or_late_append(effect, states_expected):
    rig = running(Rig(partitions=1))
    rig.warehouse.states_expected = states_expected
    rig.warehouse.script(Fault("append", effect), Fault("append", effect))
    rig.produce(0, 5)
    rig.turn(3)
    rig.warehouse.deliver_delayed()
    rig.produce(0, 5)
    rig.settle()
    assert rig.warehouse.faults_left == 0
    rig.warehouse.deliver_delayed()
    rig.assert_exactly_once()


@pytest.mark.parametrize("fault", CommitFault)
def test_a_commit_whose_fate_is_unknown_makes_a_new_client(fault):
    rig = running(Rig(partitions=1))
    rig.produce(0, 5)
    rig.cluster.script(fault)
    rig.turn(12)
    assert rig.said("rejoin")
    rig.cluster.deliver_delayed()
    rig.produce(0, 5)
    rig.settle()
    rig.assert_exactly_once()


def test_a_commit_that_arrives_late_cannot_take_the_stream_back():
    """Retried instead, it would name the stream before last, and the last one would stay open behind us."""
    rig = running(Rig(partitions=1))
    rig.produce(0, 3)
    rig.cluster.script(CommitFault.DELAY)
    rig.turn(12)
    rig.warehouse.script(Fault("append", Effect.EXPIRE))
    rig.produce(0, 3)
    rig.turn(12)
    rig.cluster.deliver_delayed()
    rig.kill()
    running(rig)
    rig.produce(0, 3)
    rig.settle()
    rig.assert_exactly_once()
    assert len(rig.warehouse.open_streams) == 1


def test_what_waits_in_the_queue_is_not_committed():
    rig = running(Rig(partitions=1))
    rig.produce(0, 3)
    rig.settle()
    rig.warehouse.script(Fault("append", Effect.QUOTA))
    for _ in range(3):
        rig.produce(0, 2)
        rig.turn(3)
    rig.kill()
    running(rig)
    rig.clock.advance(60)
    rig.settle()
    rig.assert_exactly_once()


def test_what_waits_in_the_window_is_dropped_with_the_stream():
    rig = running(Rig(partitions=1, window_ms=1_500))
    rig.warehouse.script(Fault("append", Effect.EXPIRE))
    for _ in range(60):
        rig.produce(0)
        rig.turn()
    assert rig.said("fence_again")
    rig.settle()
    rig.assert_exactly_once()


def test_a_new_client_starts_with_nothing_of_the_old_one():
    rig = running(Rig())
    consumer = rig.members["member-0"]
    consumer.ownership.start_over("a commit's fate is unknown")
    assert list(consumer.lanes) == []
    assert consumer.ownership.fetching == set()
    rig.produce(0, 3)
    rig.settle()
    rig.assert_exactly_once()


def test_an_expired_stream_is_resumed_from_the_table():
    rig = running(Rig(partitions=1))
    rig.produce(0, 5)
    rig.settle()
    rig.warehouse.expire(rig.warehouse.open_streams[0])
    rig.produce(0, 5)
    rig.settle()
    rig.assert_exactly_once()
    assert rig.said("fence_again")


def test_a_drained_quota_pauses_one_partition_and_not_the_others():
    rig = running(Rig())
    stream = next(lane.partition.stream for lane in rig.members["member-0"].lanes if lane.partition.number == 0)
    rig.warehouse.script(*[Fault("append", Effect.QUOTA, stream=stream)] * 2)
    rig.produce(0, 3)
    rig.produce(1, 3)
    rig.turn(5)
    assert rig.states()["member-0"] == {0: "paused", 1: "running"}
    assert {partition for partition, _ in rig.landed()} == {1}
    rig.settle()
    rig.assert_exactly_once()


def test_rows_that_the_service_refuses_are_quarantined_and_counted_as_such():
    rig = running(Rig(partitions=1))
    rig.warehouse.script(Fault("append", Effect.REJECT_ROWS, rows=(1,)))
    rig.produce(0, 3)
    rig.settle()
    rig.assert_exactly_once()
    assert rig.warehouse.rows()["status"].to_list() == ["OK", "QUARANTINED_WAREHOUSE_REJECTED", "OK"]
    assert rig.members["member-0"].meters.by_status == {"OK": 2, "QUARANTINED_WAREHOUSE_REJECTED": 1}


def test_a_broker_that_stops_answering_is_waited_for():
    rig = running(Rig())
    rig.produce(0, 3)
    rig.turn(2)
    rig.cluster.stop()
    rig.turn(20)
    rig.cluster.start()
    rig.produce(0, 3)
    rig.settle()
    rig.assert_exactly_once()


def test_a_warehouse_that_stops_answering_is_waited_for():
    rig = running(Rig())
    rig.warehouse.down = True
    rig.produce(0, 3)
    rig.turn(60)
    rig.warehouse.down = False
    rig.settle()
    rig.assert_exactly_once()


def test_gaps_and_open_transactions_are_no_records():
    rig = running(Rig(partitions=1))
    rig.cluster.gap(0, 3)
    rig.produce(0, 2)
    rig.cluster.begin_transaction(0)
    rig.produce(0, 2)
    rig.turn(5)
    assert len(rig.landed()) == 2
    rig.cluster.end_transaction(0, commit=False)
    rig.produce(0, 2)
    rig.settle()
    rig.assert_exactly_once()


def test_a_recreated_topic_halts_every_partition():
    rig = running(Rig())
    rig.produce(0, 3)
    rig.settle()
    rig.cluster.recreate()
    rig.turn(500)
    assert len(rig.halts()) == 2
    assert all("tidemark recover --partition" in halt and "topic" in halt for halt in rig.halts())


def test_a_replaced_table_halts_at_the_next_recovery():
    rig = running(Rig(partitions=1))
    rig.produce(0, 3)
    rig.settle()
    rig.warehouse.replace_table()
    rig.produce(0, 3)
    rig.turn(30)
    assert "tidemark recover --partition 0 --from commit" in rig.halts()[0]
    assert len(rig.landed()) == 0


def test_a_count_that_is_wrong_halts_with_both_numbers():
    rig = running(Rig(partitions=1, commit_interval_s=60.0))
    rig.produce(0, 5)
    rig.turn(4)
    rig.kill()
    rig.warehouse.script(Fault("finalize", Effect.MISCOUNT, by=2))
    consumer = rig.start()
    rig.produce(0, 5)
    for _ in range(200):
        rig.clock.advance(1)
        consumer.turn()
    assert "the streams count 7 rows, the table 5" in rig.halts()[0]
    assert len(rig.landed()) == 5


def test_retention_that_overtook_halts_with_the_range():
    rig = running(Rig(partitions=1))
    rig.produce(0, 3)
    rig.settle()
    rig.kill()
    rig.produce(0, 10)
    rig.cluster.delete_records(0, 8)
    running(rig)
    assert "offsets 3 to 7 are gone from the log" in rig.halts()[0]
    assert rig.members["member-0"].refused()


def test_reference_data_is_swapped_between_windows():
    rig = running(Rig(partitions=1, reference_poll_s=0.5))
    rig.produce(0, 1, merchant_id="m-2")
    rig.settle()
    rig.publish("m-2", version="v2")
    rig.turn(20)
    assert rig.members["member-0"].reference_versions() == {"merchants": "v2", "fx_rates": "v2"}
    rig.produce(0, 1, merchant_id="m-2")
    rig.settle()
    assert rig.warehouse.rows().sort("kafka_offset")["merchant_status"].to_list() == ["UNKNOWN", "KNOWN"]


def test_a_partition_added_later_is_read_from_its_beginning():
    rig = running(Rig(partitions=1, start_at="latest"))
    rig.produce(0, 2)
    rig.settle()
    rig.cluster.add_partitions(2)
    rig.produce(1, 4)
    rig.settle()
    rig.assert_exactly_once()


def test_latest_leaves_what_was_there():
    rig = Rig(partitions=1, start_at="latest")
    rig.produce(0, 5)
    running(rig)
    rig.produce(0, 2)
    rig.settle()
    assert sorted(rig.landed()) == [(0, 5), (0, 6)]


def test_back_pressure_holds_what_is_buffered_in_bounds():
    rig = running(Rig(partitions=1, max_buffered_rows=100, window_max_rows=100, commit_interval_s=5.0))
    rig.warehouse.script(*[Fault("append", Effect.QUOTA)] * 3)
    consumer = rig.members["member-0"]
    for _ in range(60):
        rig.produce(0, 20)
        rig.turn()
        lane = consumer.lanes.get(0)
        assert lane is not None
        assert lane.partition.buffered <= 100 + 5 * 20
    rig.settle()
    rig.assert_exactly_once()


def test_a_check_behind_lands_at_once_and_halts_when_it_finds_a_mismatch():
    rig = running(Rig(partitions=1, recovery_check="behind", commit_interval_s=60.0))
    rig.produce(0, 5)
    rig.turn(4)
    rig.kill()
    rig.warehouse.script(Fault("finalize", Effect.MISCOUNT, by=-2))
    running(rig, turns=12)
    assert "the streams count 3 rows, the table 5" in rig.halts()[0]


def test_payloads_are_never_said():
    rig = running(Rig(partitions=1))
    rig.cluster.produce(0, event(1, description="4111 1111 1111 1111"), b"4111111111111111")
    rig.settle()
    assert "4111" not in repr(rig.journal.events)


def test_what_a_recovery_skips_is_counted():
    rig = running(Rig(partitions=1, commit_interval_s=30.0))
    rig.produce(0, 3)
    rig.turn(6)
    assert len(rig.landed()) == 3
    rig.kill()
    consumer = rig.start()
    rig.turn(6)
    assert consumer.meters.events["skipped_at_recovery"] == 3
