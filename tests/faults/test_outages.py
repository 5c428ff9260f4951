"""Kafka or the warehouse dies or stops answering under traffic: the members stay up and go on by themselves."""

import os
import signal
import time

import pytest
from fault_report import record_fault
from fault_rig import platform_rig, until

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(600)]

RATE, MEMBERS = 200, 2
STOP_S = 60.0
AFTER_S = 10.0
"""Traffic after the fault."""


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with platform_rig(tmp_path_factory.mktemp("outages")) as rig:
        yield rig


def outage(rig, fault, done, cause, fault_s):
    """Members and traffic, `cause` (returns when the service answers again), recovery, audit, one row."""
    with rig.members(MEMBERS):
        rig.ready()
        with rig.traffic(RATE, fault_s + 10 + AFTER_S):
            cause()
            seconds = rig.recovery_seconds()
            until(lambda: rig.crew.tend() or rig.crew.ready(), 120, "all members running")
        starts = [member.starts for member in rig.crew.members]
        seen = rig.events()
        report = rig.audited()
        assert starts == [1] * MEMBERS, "no member ended"
        assert not [event for event in seen if event["event"] in ("text", "halt")], "no traceback, no halt"
    happened = happenings(seen)
    record_fault(fault=fault, done=done, happened=happened, seconds=seconds, audit=report)
    return seen


def happenings(seen):
    """How often the members said what is said only in trouble."""
    kinds = ("call_failed", "fence_again", "commit_refused", "rejoin", "lost", "stalled", "reference_not_loaded")
    counts = {kind: sum(event["event"] == kind for event in seen) for kind in kinds}
    return "members stayed up; " + (", ".join(f"{kind} x{n}" for kind, n in counts.items() if n) or "nothing said")


@pytest.mark.long
def test_broker_killed_and_restarted(rig):
    def cause():
        os.kill(rig.platform.kafka_pid, signal.SIGKILL)
        rig.platform.restart_broker()

    outage(rig, "broker killed", "kill -9, started again at once on its data", cause, 8)


@pytest.mark.long
def test_emulator_killed_and_restarted(rig):
    def cause():
        os.kill(rig.platform.bigquery_pid, signal.SIGKILL)
        rig.platform.restart_emulator()

    seen = outage(rig, "warehouse killed", "kill -9, started again: rows kept, write streams gone", cause, 8)
    fenced = {event["partition"] for event in seen if event["event"] == "fence_again"}
    assert fenced == set(range(6)), "every partition's stream was gone"


@pytest.mark.long
def test_broker_stopped_for_a_minute(rig):
    outage(rig, "broker stopped a minute", f"SIGSTOP, SIGCONT after {STOP_S:.0f} s", stopped(rig, "kafka_pid"), STOP_S)


@pytest.mark.long
def test_emulator_stopped_for_a_minute(rig):
    cause = stopped(rig, "bigquery_pid")
    outage(rig, "warehouse stopped a minute", f"SIGSTOP, SIGCONT after {STOP_S:.0f} s", cause, STOP_S)


def stopped(rig, which):
    def cause():
        pid = getattr(rig.platform, which)
        os.kill(pid, signal.SIGSTOP)
        try:
            until_s = time.monotonic() + STOP_S
            until(lambda: rig.crew.tend() or time.monotonic() > until_s, STOP_S + 60, "the fault's end")
        finally:
            os.kill(pid, signal.SIGCONT)

    return cause
