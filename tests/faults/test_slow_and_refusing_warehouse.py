"""A warehouse that takes 20 s an append, and one that refuses the credentials: nothing piles up, nothing spins."""

import itertools
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from fault_report import record_fault
from fault_rig import platform_rig, until
from storm import drained, tidemark
from warehouse_proxy import NO_PERMISSION, UNKNOWN_CALLER, warehouse_proxy

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(600)]

PARTITIONS = 2
APPEND_S, SLOW_S = 20.0, 45.0
"""Two appends a partition, and the third under way."""
BACKLOG, HELD_ROWS, WINDOW_ROWS = 50_000, 500, 1_000
POLLED_ROWS = APPENDED_ROWS = 5_000
MOST_HELD = PARTITIONS * (APPENDED_ROWS + HELD_ROWS + POLLED_ROWS) + 2 * (WINDOW_ROWS + POLLED_ROWS)
"""In flight and queued, in the window and in the one that is walked, each with what one poll brings beyond the bound:
33,000."""
DENIED_S = 15.0


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with (
        platform_rig(tmp_path_factory.mktemp("slow"), PARTITIONS) as rig,
        warehouse_proxy(rig.platform.rest_endpoint, rig.platform.grpc_endpoint) as (mood, environment),
    ):
        yield rig, mood, environment


def beat_of(rig):
    return rig.crew.beats().get("member-1", {})


def test_refused_at_the_start(world):
    """On every call, and for an account that may look but not write."""
    rig, mood, environment = world
    said = []
    for refusal, writes_alone in itertools.product((NO_PERMISSION, UNKNOWN_CALLER), (False, True)):
        mood.refuse(refusal, writes_alone=writes_alone)
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "streaming"],
                env=rig.environment | environment | {"TIDEMARK_SESSION_TIMEOUT_S": "6"},
                check=False,
                capture_output=True,
                text=True,
                timeout=180,
            )
        finally:
            mood.refuse(None)
        (line,) = (line for line in ended.stderr.splitlines() if not line.startswith("{"))
        assert ended.returncode == 3, ended.stderr
        assert line.startswith("tidemark: ")
        assert ("GOOGLE_APPLICATION_CREDENTIALS" if refusal is UNKNOWN_CALLER else "roles/bigquery") in line
        assert "tidemark seed" not in line
        assert "tidemark migrate" not in line
        said.append(line)
    done = "PERMISSION_DENIED or UNAUTHENTICATED on every call, or on writes alone, at the start"
    happened = "exit 3 and one line, such as: " + said[1].removeprefix("tidemark: ")
    record_fault(fault="no access at the start", done=done, happened=happened, seconds=None, audit="nothing sent")


@pytest.mark.long
@pytest.mark.parametrize("refusal", [NO_PERMISSION, UNKNOWN_CALLER], ids=lambda refusal: refusal.code.name)
def test_refused_in_mid_run(world, refusal):
    rig, mood, environment = world
    with rig.members(1, **environment):
        rig.ready()
        with rig.traffic(200, DENIED_S + 12):
            mood.refused = 0
            mood.refuse(refusal)
            (warning,) = until(lambda: rig.crew.tend() or beat_of(rig)["warnings"], 60, "a warning in the heartbeat")
            cpu_before, before = beat_of(rig)["process"]["cpu_seconds"], time.monotonic()
            until(lambda: rig.crew.tend() or time.monotonic() > before + DENIED_S, DENIED_S + 60, "the fault's end")
            cpu = (beat_of(rig)["process"]["cpu_seconds"] - cpu_before) / (time.monotonic() - before)
            shown = subprocess.run(
                tidemark("status", "--state", str(rig.state)), check=False, capture_output=True, text=True
            ).stdout
            refused = mood.refused
            mood.refuse(None)
            seconds = rig.recovery_seconds()
        assert rig.crew.members[0].starts == 1
        until(lambda: not beat_of(rig)["warnings"], 30, "no warning")
        kinds = [event["event"] for event in rig.events()]
        report = rig.audited()
    assert warning in shown
    assert "wait: " in warning
    assert "\n" not in warning
    assert (kinds.count("access_denied"), kinds.count("access_restored")) == (1, 1), kinds
    assert not {"halt", "text", "fence_again"} & set(kinds)
    assert refused < 100, "no hot loop"
    happened = f"one line in log, heartbeat and status; {refused} calls refused, {cpu:.2f} of a core; went on by itself"
    done = f"{refusal.code.name} on every call for {DENIED_S:.0f} s"
    fault = f"{'permission' if refusal is NO_PERMISSION else 'credentials'} taken away"
    record_fault(fault=fault, done=done, happened=happened, seconds=seconds, audit=report)


@pytest.mark.long
def test_twenty_seconds_an_append(world):
    """A backlog meets a member that may hold half of it; max.poll.interval is 10 s, an append takes 20."""
    rig, mood, environment = world
    bounds = {
        "TIDEMARK_MAX_BUFFERED_ROWS": str(HELD_ROWS),
        "TIDEMARK_WINDOW_MAX_ROWS": str(WINDOW_ROWS),
        "TIDEMARK_MAX_POLL_INTERVAL_S": "10",
        "TIDEMARK_SESSION_TIMEOUT_S": "10",
    }
    rate = BACKLOG / 10
    produce = tidemark("produce", "--state", str(rig.state), "--rate", str(rate), "--seconds", "10")
    assert subprocess.run(produce, check=False, capture_output=True, timeout=300).returncode == 0
    mood.append_s = APPEND_S
    held, resident = [], []
    with rig.members(1, **environment, **bounds):
        rig.ready()
        slow_until = time.monotonic() + SLOW_S
        while time.monotonic() < slow_until:
            rig.crew.tend()
            beat = beat_of(rig)
            held.append(beat["counters"]["polled"] - beat["rows_landed"])
            resident.append(beat["process"]["rss_bytes"])
            time.sleep(0.5)
        slow = beat_of(rig)
        mood.quick()
        over, began = datetime.now(UTC), time.monotonic()
        with rig.traffic(200, 2):
            seconds = time.monotonic() - began
        until(lambda: rig.landed_since(over) and drained(rig.settings), 120, "the backlog landed")
        drained_s = time.monotonic() - began
        seen = rig.events()
        assert rig.crew.members[0].starts == 1
    report = rig.audited()
    assert max(held) <= MOST_HELD < BACKLOG
    assert slow["rows_landed"] > 0
    grown = (max(resident) - resident[0]) / 1e6
    assert grown < 200, f"{grown:.0f} MB more while slow"
    rebalances = ("revoked", "lost", "rejoin", "fence_again", "halt", "stalled", "text", "commit_refused")
    assert [event["event"] for event in seen if event["event"] in rebalances] == []
    assert sum(event["event"] == "assigned" for event in seen) == 1
    happened = (
        f"no rebalance (max.poll.interval 10 s); at most {max(held):,} records held, {grown:.0f} MB more memory; "
        f"all landed {drained_s:.0f} s after"
    )
    done = f"every append takes {APPEND_S:.0f} s for {SLOW_S:.0f} s, {BACKLOG:,} records waiting"
    record_fault(fault="slow warehouse", done=done, happened=happened, seconds=seconds, audit=report)
