"""Detached members end with whoever wanted them, also one that is still on its way to its lease."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from orchestration.supervision.desired import Desired, read_desired, write_desired
from orchestration.supervision.ending import end_stream
from orchestration.supervision.facts import spawned_path
from orchestration.supervision.spawn import start
from orchestration.ui.tether import LEAVE

pytestmark = pytest.mark.fault

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
ENVIRONMENT = dict(os.environ)  # noqa: TID251 - what a shell would hand a process
SLEEPS = (sys.executable, "-c", "import time; time.sleep(60)")
HOLDS = (
    sys.executable, "-c",
    "import os, pathlib, time; from streaming.adapters.lease import take;"
    "take(pathlib.Path(os.environ['TIDEMARK_STATE_DIR']), 'member-1'); time.sleep(60)",
)  # fmt: skip


def until(condition: Callable[[], bool], within: float = 20.0) -> None:
    deadline = time.monotonic() + within  # noqa: TID251 - a deadline of the test itself
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"  # noqa: TID251
        time.sleep(0.02)  # noqa: TID251 - between two looks at the condition


def started(state: Path, command: tuple[str, ...]) -> psutil.Process:
    """A member that a supervisor spawned and that is wanted."""
    write_desired(state, Desired(True, 1, NOW, "test"))
    start(state, "member-1", ENVIRONMENT, command)
    until(lambda: spawned_path(state, "member-1").exists() and bool(spawned_path(state, "member-1").read_text()))
    process = psutil.Process(int(spawned_path(state, "member-1").read_text()))
    if command is HOLDS:
        until((state / "leases" / "member-1.lock").exists)
    return process


@pytest.fixture
def tether(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration.ui.tether", str(tmp_path)], stdin=subprocess.PIPE, env=ENVIRONMENT
    )
    yield process
    process.kill()
    process.wait()


@pytest.mark.long
@pytest.mark.parametrize("command", [SLEEPS, HOLDS], ids=["starting", "holds its lease"])
def test_the_end_of_a_stream_is_the_end_of_its_members(tmp_path: Path, command: tuple[str, ...]):
    member = started(tmp_path, command)
    assert end_stream(tmp_path, NOW, "test") == ["member-1"]
    until(lambda: not member.is_running())
    desired = read_desired(tmp_path)
    assert desired is not None
    assert not desired.running
    assert end_stream(tmp_path, NOW, "test") == [], "and again, nothing to do"


def test_a_process_that_was_given_the_id_of_one_that_ended_is_left_alone(tmp_path: Path):
    write_desired(tmp_path, Desired(True, 1, NOW, "test"))
    spawned_path(tmp_path, "member-1").parent.mkdir()
    stranger = subprocess.Popen(SLEEPS, env=ENVIRONMENT)
    spawned_path(tmp_path, "member-1").write_text(str(stranger.pid))
    try:
        assert end_stream(tmp_path, NOW, "test") == []
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_pipe_that_breaks_ends_the_members(tmp_path: Path, tether):
    member = started(tmp_path, SLEEPS)
    tether.stdin.close()
    until(lambda: not member.is_running())
    assert tether.wait(20) == 0


@pytest.mark.long
def test_who_was_told_to_leave_leaves_them(tmp_path: Path, tether):
    member = started(tmp_path, SLEEPS)
    tether.communicate(LEAVE, timeout=20)
    assert member.is_running()
    assert end_stream(tmp_path, NOW, "test") == ["member-1"]
