"""The end of a stream with its platform: who is ended, who is not. Real processes."""

# ruff: noqa: TID251 - real processes live by the real clock

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.supervision import ending, spawn
from orchestration.supervision.desired import Desired, desired_path, read_desired, write_desired
from orchestration.supervision.ending import end_stream
from streaming.adapters.lease import holder

pytestmark = pytest.mark.fault

STUB = (sys.executable, str(Path(__file__).with_name("stub_member.py")))
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)


def until(condition: Callable[[], object], within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.02)


def spawned(state: Path, member: str) -> None:
    """A supervisor started it."""
    spawn.start(state, member, ENVIRONMENT, (*STUB, str(state)))
    until(lambda: holder(state, member))


@pytest.fixture
def by_hand(tmp_path) -> Iterator[subprocess.Popen[bytes]]:
    """What a person runs, as member-3."""
    with subprocess.Popen([*STUB, str(tmp_path)], env=ENVIRONMENT | {"TIDEMARK_MEMBER": "member-3"}) as process:
        until(lambda: holder(tmp_path, "member-3"))
        yield process
        process.kill()


@pytest.fixture(autouse=True)
def _nobody_is_left(tmp_path) -> Iterator[None]:
    yield
    for path in (tmp_path / "leases").glob("*.lock"):
        if (held := holder(tmp_path, path.stem)) and held.pid:
            os.kill(held.pid, signal.SIGKILL)


def test_who_is_named_or_was_spawned_is_ended_and_what_a_person_runs_is_not(tmp_path, by_hand):
    write_desired(tmp_path, Desired(True, 1, NOW, "a test"))
    for member in ("member-1", "member-2"):  # the second was scaled away and still drains
        spawned(tmp_path, member)
    assert end_stream(tmp_path, NOW, "a test") == ["member-1", "member-2"]
    until(lambda: not holder(tmp_path, "member-1") and not holder(tmp_path, "member-2"))
    assert by_hand.poll() is None
    assert not read_desired(tmp_path).running


def test_every_name_of_a_supervisors_would_be_ended_without_that_rule(tmp_path, by_hand, monkeypatch):
    """The mutant of the test above: whoever has such a name is ours."""
    write_desired(tmp_path, Desired(True, 1, NOW, "a test"))
    monkeypatch.setattr(ending, "_spawned", lambda *_: True)
    assert end_stream(tmp_path, NOW, "a test") == ["member-3"]
    assert by_hand.wait(10) == 0


def test_members_that_were_told_to_stop_a_moment_ago_do_not_outlive_their_platform(tmp_path):
    write_desired(tmp_path, Desired(False, 1, NOW, "a test"))
    spawned(tmp_path, "member-1")
    assert end_stream(tmp_path, NOW, "the end") == ["member-1"]
    until(lambda: not holder(tmp_path, "member-1"))
    assert read_desired(tmp_path).by == "a test", "it was stopped before, by somebody else"


def test_a_desired_state_that_says_nothing_leaves_nobody_running_whom_a_supervisor_started(tmp_path, by_hand):
    spawned(tmp_path, "member-1")
    desired_path(tmp_path).write_text("yes")
    assert end_stream(tmp_path, NOW, "a test") == ["member-1"]
    assert by_hand.poll() is None
