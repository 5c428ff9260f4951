"""Lanes by example: what recovers together is counted together, and a lane rests on exactly one thing."""

from collections.abc import Sequence

from held_appends import HeldAppends
from runner_rig import Rig

from streaming.adapters.memory_faults import Effect, Fault
from streaming.adapters.memory_warehouse import MemoryWarehouse
from streaming.ports import CountQuery
from streaming.protocol import actions as a
from streaming.protocol.halts import FenceAgain, Halt, HaltReason


class Counting(MemoryWarehouse):
    """Keeps which partitions each count asked for."""

    def __init__(self, *, clock) -> None:
        super().__init__(clock=clock)
        self.counted: list[list[int]] = []

    def count_live(self, topic_id: str, queries: Sequence[CountQuery], timeout_s: float) -> dict[int, int]:
        self.counted.append([query.partition for query in queries])
        return super().count_live(topic_id, queries, timeout_s)


def counting_rig(partitions: int = 6) -> tuple[Rig, Counting]:
    rig = Rig(partitions)
    rig.warehouse = warehouse = Counting(clock=rig.clock)
    rig.publish()
    return rig, warehouse


def test_partitions_that_recover_together_are_counted_in_one_query():
    rig, warehouse = counting_rig()
    rig.start()
    rig.turn(12)
    assert warehouse.counted == [[0, 1, 2, 3, 4, 5]]
    assert set(rig.states()["member-0"].values()) == {"running"}


def test_one_that_hangs_holds_the_others_up_for_a_moment_only():
    rig, warehouse = counting_rig(partitions=3)
    rig.warehouse.script(*[Fault("open_stream", Effect.LOSE_REQUEST)] * 3, Fault("open_stream", Effect.LOSE_REQUEST))
    rig.start()
    rig.turn(40)
    assert sorted(partition for asked in warehouse.counted for partition in asked) == [0, 1, 2]
    assert len(warehouse.counted) == 2
    assert set(rig.states()["member-0"].values()) == {"running"}


def test_a_count_that_fails_is_asked_again_for_all():
    rig, warehouse = counting_rig(partitions=3)
    rig.warehouse.script(Fault("count_live", Effect.LOSE_REQUEST))
    rig.start()
    rig.turn(40)
    assert warehouse.counted == [[0, 1, 2]] * 2


def test_one_halted_partition_leaves_the_others_running():
    rig = Rig(partitions=2)
    consumer = rig.start()
    rig.turn(8)
    consumer.lanes.interrupt(0, Halt(0, HaltReason.TOPIC_REPLACED, "seen"))
    rig.turn(2)
    assert rig.states()["member-0"] == {0: "halted", 1: "running"}
    rig.produce(0, 2)
    rig.produce(1, 2)
    rig.turn(8)
    assert {partition for partition, _ in rig.landed()} == {1}
    assert not consumer.refused()


def test_an_interrupt_waits_for_the_append_in_flight():
    rig = HeldAppends()
    consumer = rig.start()
    rig.turn(8)
    rig.hold()
    rig.produce(0, 3)
    rig.turn(3)
    consumer.lanes.interrupt(0, FenceAgain("cannot fetch"))
    rig.turn(3)
    lane = consumer.lanes.get(0)
    assert lane is not None
    assert isinstance(lane.action, a.Append)
    rig.let_go()
    rig.settle()
    assert rig.said("fence_again")
    rig.assert_exactly_once()
    rig.close()


def test_one_append_in_flight_a_partition_while_polling_goes_on():
    rig = HeldAppends(partitions=2)
    consumer = rig.start()
    rig.turn(8)
    rig.hold(appends=2)
    for _ in range(4):
        rig.produce(0, 2)
        rig.produce(1, 2)
        rig.turn(2)
    assert len([append for append in rig.pool.appends if not append.done()]) == 2
    assert consumer.meters.polled == 16
    rig.let_go()
    rig.settle()
    rig.assert_exactly_once()
    rig.close()


def test_a_replacement_of_the_behind_check_is_not_misled_by_the_one_before():
    """The old check would count the new epoch's rows as too many."""
    rig = Rig(partitions=1, recovery_check="behind")
    consumer = rig.start()
    rig.turn(8)
    rig.warehouse.visibility_lag_s = 5.0
    rig.produce(0, 3)
    rig.turn(4)
    consumer.lanes.interrupt(0, FenceAgain("doubt"))
    rig.turn(8)
    consumer.lanes.interrupt(0, FenceAgain("doubt"))
    rig.produce(0, 3)
    rig.settle()
    assert rig.halts() == []
    rig.turn(100)
    rig.assert_exactly_once()


def test_lanes_know_only_what_is_assigned():
    rig = Rig(partitions=1)
    consumer = rig.start()
    rig.turn(8)
    assert consumer.lanes.get(7) is None
    consumer.lanes.interrupt(7, FenceAgain("nobody"))
    assert consumer.lanes.discard([7]) == []
    assert [lane.partition.number for lane in consumer.lanes] == [0]
