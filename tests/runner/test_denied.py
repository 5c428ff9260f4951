"""A permission that is taken away in mid-run and given back: said once, waited for, nothing lost or doubled."""

import pytest
from runner_rig import Rig

from streaming.adapters.memory_faults import Effect, Fault
from streaming.ports import (
    AccessDenied,
    BrokerError,
    NoCredentials,
    QuotaExceeded,
    RowsRejected,
    StreamFinalized,
    Unavailable,
)
from streaming.protocol.actions import DENIED_WAIT_S
from streaming.runner.lanes import _proves_access
from streaming.runner.vitals import Vitals


def running(partitions: int = 2) -> tuple[Rig, Vitals]:
    rig = Rig(partitions)
    consumer = rig.start()
    rig.turn(8)
    return rig, Vitals(consumer, rig.world("member-0"), "member-0")


def test_appends_wait_are_said_once_and_go_on_by_themselves():
    rig, vitals = running()
    rig.warehouse.script(*[Fault("append", Effect.DENY)] * 6)
    for partition in (0, 1):
        rig.produce(partition, 5)
    rig.turn(8)
    assert set(rig.states()["member-0"].values()) == {"paused"}
    assert vitals.beat().warnings == ["partitions 0, 1 wait: append: no permission"]
    rig.clock.advance(DENIED_WAIT_S)
    rig.turn(4)
    assert len(rig.said("access_denied")) == 1
    assert rig.said("access_denied")[0]["then"] == "delivery goes on by itself once that is mended"
    assert rig.said("call_failed") == rig.said("access_restored") == []
    for _ in range(4):
        rig.clock.advance(DENIED_WAIT_S)
        rig.turn(2)
    rig.settle()
    assert len(rig.said("access_restored")) == 1
    assert vitals.beat().warnings == []
    assert rig.halts() == []
    rig.assert_exactly_once()


@pytest.mark.parametrize("between", [Effect.LOSE_REQUEST, Effect.LOSE_ANSWER, Effect.QUOTA])
def test_a_call_without_an_answer_restores_nothing(between):
    rig, vitals = running(partitions=1)
    rig.warehouse.script(*(Fault("append", effect) for effect in (Effect.DENY, between, Effect.DENY)))
    rig.produce(0, 5)
    rig.turn(4)
    for _ in range(6):
        assert rig.said("access_restored") or vitals.beat().warnings == ["partitions 0 wait: append: no permission"]
        rig.clock.advance(DENIED_WAIT_S)
        rig.turn(2)
    rig.settle()
    kinds = [name for name, _ in rig.journal.events if name.startswith("access")]
    assert kinds == ["access_denied", "access_restored"]
    assert vitals.beat().warnings == []
    rig.assert_exactly_once()


def test_a_call_that_is_judged_restores_access_though_it_fails():
    assert all(map(_proves_access, (None, RowsRejected("row 0", {0: "too long"}), StreamFinalized("fenced"))))
    silent = (Unavailable("reset"), QuotaExceeded("later"), NoCredentials("none"), AccessDenied("no"), BrokerError("x"))
    assert not any(map(_proves_access, silent))


def test_a_member_that_delivered_waits_and_one_that_did_not_is_refused():
    rig = Rig(partitions=2)
    rig.warehouse.script(*[Fault("open_stream", Effect.DENY)] * 4)
    consumer = rig.start()
    assert not consumer.refused()
    rig.turn(8)
    assert consumer.refused()
    rig.clock.advance(2 * DENIED_WAIT_S)
    rig.turn(8)
    rig.clock.advance(2 * DENIED_WAIT_S)
    rig.turn(8)
    assert not consumer.refused()
    rig.produce(0, 3)
    rig.settle()
    rig.warehouse.script(*[Fault("append", Effect.DENY)] * 4)
    for partition in (0, 1):
        rig.produce(partition, 3)
    rig.turn(8)
    assert set(rig.states()["member-0"].values()) == {"paused"}
    assert not consumer.refused()
