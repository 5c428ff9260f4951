"""What the heartbeat shows: states, lag, halts, counters."""

from runner_rig import Rig

from streaming.adapters.memory_faults import Effect, Fault
from streaming.protocol.halts import Halt, HaltReason
from streaming.runner.vitals import Vitals
from streaming.runner.world import World


def watched(rig: Rig) -> Vitals:
    consumer = rig.start()
    world = World(rig.brokers["member-0"], rig.warehouse, rig.clock, rig.journal, rig.pool, str)
    return Vitals(consumer, world, "member-0")


def test_from_starting_to_running():
    rig = Rig()
    vitals = watched(rig)
    assert vitals.beat().state == "starting"
    rig.turn()
    assert vitals.beat().state == "recovering"
    rig.turn(8)
    beat = vitals.beat()
    assert (beat.state, beat.partitions) == ("running", [0, 1])
    assert beat.reference == {"merchants": "v1", "fx_rates": "v1"}
    assert vitals.beat("draining").state == "draining"


def test_lag_is_what_is_in_the_log_and_not_landed():
    rig = Rig()
    vitals = watched(rig)
    rig.turn(8)
    assert vitals.beat().lag is None
    rig.warehouse.script(Fault("append", Effect.QUOTA))
    rig.produce(0, 7)
    rig.turn(4)
    vitals.beat()
    beat = vitals.beat()
    assert beat.lag == 7
    assert beat.partition_states == {"0": "paused", "1": "running"}
    rig.settle()
    vitals.beat()
    assert vitals.beat().lag == 0
    assert vitals.beat().rows_landed == 7


def test_a_stalled_broker_does_not_stop_the_beat():
    rig = Rig()
    vitals = watched(rig)
    rig.turn(8)
    rig.cluster.stop()
    assert vitals.beat().state == vitals.beat().state == "running"


def test_a_halt_shows_its_command():
    rig = Rig()
    vitals = watched(rig)
    rig.turn(8)
    rig.members["member-0"].lanes.interrupt(1, Halt(1, HaltReason.COUNT_MISMATCH, "5 and 3"))
    rig.turn(2)
    beat = vitals.beat()
    assert beat.state == "halted"
    assert beat.halts[0]["reason"] == "COUNT_MISMATCH"
    assert "tidemark recover --partition 1" in str(beat.halts[0]["message"])
    assert beat.counters["halt"] == 1
