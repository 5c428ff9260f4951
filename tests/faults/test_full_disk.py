"""No room for the log, the heartbeat or both: payments go on, it is said where something can still be said.

Works on any machine without privileges: a limit of 0 on file sizes (EFBIG) is set on the running member and taken away
again as a disk fills up and is cleared; /dev/full answers what a full disk does (ENOSPC).
"""

import os
import resource
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from fault_report import record_fault
from fault_rig import platform_rig, until
from storm import tidemark

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(600)]

RATE, FAULT_S = 200, 10.0
FULL = Path("/dev/full")


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with platform_rig(tmp_path_factory.mktemp("disk"), partitions=2) as rig:
        yield rig


def room_for_files(pid, size):
    """The largest file this process may write from now on; None lifts the limit."""
    process = psutil.Process(pid)
    hard = process.rlimit(psutil.RLIMIT_FSIZE)[1]
    process.rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY if size is None else size, hard))


def landing_goes_on(rig, seconds):
    """For so long, every second's records are landed soon."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        rig.recovery_seconds(60)


def beat_of(rig):
    return rig.crew.beats().get("member-1", {})


def beats_since(rig, moment):
    beat = beat_of(rig)
    return beat if beat and datetime.fromisoformat(beat["at"]) > moment else None


@pytest.mark.long
def test_log_and_state_on_a_full_disk(rig):
    with rig.members(1):
        rig.ready()
        member = rig.crew.members[0]
        with rig.traffic(RATE, FAULT_S + 8):
            room_for_files(member.pid, 0)
            full = datetime.now(UTC)
            size = member.log.stat().st_size
            landing_goes_on(rig, FAULT_S)
            assert member.log.stat().st_size == size
            assert (datetime.now(UTC) - datetime.fromisoformat(beat_of(rig)["at"])).total_seconds() > FAULT_S / 2
            assert not beats_since(rig, full + (datetime.now(UTC) - full) / 2)
            room_for_files(member.pid, None)
            over, began = datetime.now(UTC), time.monotonic()
            until(lambda: beats_since(rig, over), 30, "a heartbeat")
            seconds = time.monotonic() - began
        assert member.starts == 1
        kinds = [event["event"] for event in rig.events()]
        assert kinds.count("journal_gap") == kinds.count("heartbeat_written_again") == 1, kinds
        assert "text" not in kinds
        report = rig.audited()
    missed = rig.events("heartbeat_written_again")[0]["missed"]
    happened = f"delivery went on; {missed} heartbeats missed, lost log lines counted in `journal_gap`"
    done = f"RLIMIT_FSIZE 0 (EFBIG) on the running member for {FAULT_S:.0f} s"
    record_fault(fault="disk full, log and state", done=done, happened=happened, seconds=seconds, audit=report)


def test_a_log_without_room_is_said_by_the_heartbeat(rig):
    """From the start to the drain: nothing can be written to the log."""
    with rig.members(1, log=FULL):
        rig.ready()
        member = rig.crew.members[0]
        with rig.traffic(RATE, 5):
            until(lambda: rig.crew.tend() or beat_of(rig)["warnings"], 30, "a warning in the heartbeat")
            seconds = rig.recovery_seconds()
        (warning,) = beat_of(rig)["warnings"]
        shown = subprocess.run(
            tidemark("status", "--state", str(rig.state)), check=False, capture_output=True, text=True
        )
        process = member.process
        assert process is not None
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, "the exit code does not depend on room for the last words"
        assert member.starts == 1
        assert warning.startswith("its log cannot be written (")
        assert warning.split("(")[0] in shown.stdout
        report = rig.audited()
    happened = "delivery went on; heartbeat and `tidemark status` say it; SIGTERM drains, exit 0"
    done = "stderr is /dev/full (ENOSPC) from start to drain"
    record_fault(fault="disk full, log", done=done, happened=happened, seconds=seconds, audit=report)


@pytest.mark.long
def test_a_heartbeat_without_room_is_said_once_by_the_log(rig):
    with rig.members(1):
        rig.ready()
        member = rig.crew.members[0]
        obstacle = rig.state / "heartbeats" / f"member-1.{member.pid}.tmp"
        with rig.traffic(RATE, FAULT_S + 5):
            until(lambda: makes(obstacle), 30, "the moment between two heartbeats")
            landing_goes_on(rig, FAULT_S)
            (said,) = rig.events("heartbeat_not_written")
            obstacle.rmdir()
            over, began = datetime.now(UTC), time.monotonic()
            until(lambda: beats_since(rig, over), 30, "a heartbeat")
            seconds = time.monotonic() - began
        (again,) = rig.events("heartbeat_written_again")
        assert said["level"] == "warning"
        assert again["missed"] > FAULT_S / 2
        assert member.starts == 1
        report = rig.audited()
    happened = f"delivery went on; `heartbeat_not_written` once, `heartbeat_written_again` after {again['missed']}"
    done = f"the heartbeat's new file cannot be written for {FAULT_S:.0f} s"
    record_fault(fault="state folder not writable", done=done, happened=happened, seconds=seconds, audit=report)


def makes(folder):
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


@pytest.mark.parametrize("variables", [{}, {"TIDEMARK_NO_SUCH_SETTING": "1"}], ids=["missing", "unknown"])
def test_the_exit_code_does_not_depend_on_room_for_the_last_words(variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIDEMARK_")}
    command = [sys.executable, "-m", "streaming"]
    with FULL.open("wb") as full:
        ended = subprocess.run(command, env=environment | variables, stdout=full, stderr=full, check=False, timeout=120)
    assert ended.returncode == 2


def test_a_state_folder_that_is_none_is_refused_in_one_line(rig, tmp_path):
    (tmp_path / "file").touch()
    ended = subprocess.run(
        [sys.executable, "-m", "streaming"],
        env=rig.environment | {"TIDEMARK_STATE_DIR": str(tmp_path / "file")},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    (line,) = ended.stderr.splitlines()
    assert ended.returncode == 2
    assert line.startswith("tidemark: TIDEMARK_STATE_DIR: no heartbeat can be written")
