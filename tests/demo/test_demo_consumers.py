"""Supervision of member processes: restarted when they die, not when they refuse, gone when told to go."""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from waiting import until

from sandbox.demo.consumers import Crew, supervise

pytestmark = pytest.mark.fault

ENVIRONMENT = dict(os.environ)  # noqa: TID251 - what a shell would hand a member

MEMBER = """
import json, os, pathlib, signal, sys, time
member, how = os.environ["TIDEMARK_MEMBER"], pathlib.Path(sys.argv[1])
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
beat = how / "heartbeats" / f"{member}.json"
beat.parent.mkdir(exist_ok=True)
text = {"pid": os.getpid(), "state": "running", "partitions": [0]}
fresh = beat.with_suffix(".tmp")
fresh.write_text(json.dumps(text))
fresh.replace(beat)
code = how / "code"
if code.exists():
    print("some log line")
    print("tidemark: TIDEMARK_WINDOW_MS must be a number", file=sys.stderr)
    sys.exit(int(code.read_text()))
time.sleep(60)
"""
"""A member that heartbeats once and waits, or ends with the code in the file `code`."""


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def crew(tmp_path: Path, said: list[str]) -> Iterator[Crew]:
    script = tmp_path / "member.py"
    script.write_text(MEMBER)
    command = (sys.executable, str(script), str(tmp_path))
    crew = Crew(tmp_path, ENVIRONMENT, 2, said.append, command=command)
    yield crew
    crew.terminate(1.0)


def test_a_killed_member_is_started_again_at_once_under_its_name(crew: Crew, said: list[str]):
    crew.start()
    until(crew.ready, crew.tend)
    other = crew.members[1].pid
    killed = crew.kill("member-1")
    until(lambda: crew.members[0].pid not in {None, killed}, crew.tend)
    until(crew.ready, crew.tend)
    assert crew.members[1].pid == other
    assert crew.kills == 1
    assert not psutil.pid_exists(killed)
    assert said == [
        "member-1 ended (signal 9), starting it again",
        f"member-1 started again as pid {crew.members[0].pid}",
    ]
    assert crew.usage.cpu_s >= crew.usage.startup_cpu_s > 0
    assert crew.usage.peak_rss_bytes > 1_000_000


@pytest.mark.parametrize("code", [2, 3])
def test_a_member_that_refuses_is_not_started_again_and_its_last_words_are_shown(crew: Crew, tmp_path: Path, code: int):
    (tmp_path / "code").write_text(str(code))
    crew.start()
    until(lambda: len(crew.refusals()) == 2, crew.tend)
    assert [member.starts for member in crew.members] == [1, 1]
    assert crew.refusals()[0].endswith("TIDEMARK_WINDOW_MS must be a number")
    assert f"code {code}" in crew.refusals()[0]


def test_a_member_that_keeps_dying_is_started_ever_more_slowly(crew: Crew, tmp_path: Path, said: list[str]):
    (tmp_path / "code").write_text("1")
    crew.start()
    until(lambda: crew.members[0].failures >= 2, crew.tend)
    assert "member-1 ended (code 1), starting it again" in said
    assert "member-1 ended (code 1), again in 0.5 s" in said
    assert crew.members[0].restart_at is not None


def test_terminate_lets_members_end_by_themselves_and_kills_who_does_not(crew: Crew):
    crew.start()
    until(crew.ready, crew.tend)
    pids = [member.pid for member in crew.members]
    assert pids[0] is not None
    os.kill(pids[0], signal.SIGSTOP)
    assert crew.terminate(1.0) == ["member-1"]
    assert not any(psutil.pid_exists(pid) for pid in pids if pid is not None)


def test_supervision_ends_with_the_platform(crew: Crew, said: list[str]):
    asked = iter([True, True, False])
    assert supervise(crew, threading.Event(), lambda: next(asked)) == 0
    assert said[-1] == "the platform is gone: stopping"
    assert [member.process for member in crew.members] == [None, None]


def test_supervision_ends_with_code_3_when_nobody_can_run(crew: Crew, tmp_path: Path):
    (tmp_path / "code").write_text("3")
    assert supervise(crew, threading.Event(), lambda: True) == 3


def test_a_heartbeat_of_another_process_does_not_make_a_member_ready(crew: Crew, tmp_path: Path):
    crew.start()
    until(crew.ready, crew.tend)
    beat = tmp_path / "heartbeats" / "member-2.json"
    beat.write_text(json.dumps(json.loads(beat.read_text()) | {"pid": os.getpid()}))
    assert not crew.ready()
