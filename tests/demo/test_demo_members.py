"""The demo only watches its members: who holds a lease runs, and nobody is started here."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import until

from sandbox.demo.members import Members
from streaming.adapters.lease import lease_path

HOLDER = """
import sys, time, pathlib
from streaming.adapters.lease import take
take(pathlib.Path(sys.argv[1]), sys.argv[2])
time.sleep(60)
"""


class Plane:
    """A control plane that knows why members ended."""

    def __init__(self) -> None:
        self.why: dict[str, str] = {}

    def refused(self, member: str) -> str | None:
        return self.why.get(member)


@pytest.fixture
def plane() -> Plane:
    return Plane()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def members(tmp_path: Path, plane: Plane, said: list[str], monkeypatch: pytest.MonkeyPatch) -> Members:
    monkeypatch.setattr("sandbox.demo.members.LOOK_EVERY_S", 0.0)
    return Members(tmp_path, 1, plane, said.append)  # type: ignore[arg-type]  # all that members ask of it


@pytest.fixture
def holders(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that hold the lease; the newest is the last."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def held(tmp_path: Path, holders: list[subprocess.Popen[bytes]]) -> int:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path), "member-1"])
    holders.append(process)
    until(lambda: lease_path(tmp_path, "member-1").exists() and _signed(tmp_path) == process.pid)
    return process.pid


def _signed(tmp_path: Path) -> int:
    return int(lease_path(tmp_path, "member-1").read_text().strip() or 0)


def beat(tmp_path: Path, **content: object) -> None:
    (tmp_path / "heartbeats").mkdir(exist_ok=True)
    (tmp_path / "heartbeats" / "member-1.json").write_text(json.dumps(content))


def test_nobody_runs_before_somebody_holds_the_lease(members: Members, tmp_path: Path, said: list[str]):
    beat(tmp_path, pid=os.getpid(), state="running", partitions=[0])
    members.tend()
    assert members.pid("member-1") is None
    assert not members.ready()
    assert said == []


@pytest.mark.fault
def test_a_killed_member_is_missing_until_the_supervisor_has_started_another(
    members: Members, tmp_path: Path, holders: list[subprocess.Popen[bytes]], said: list[str]
):
    first = held(tmp_path, holders)
    beat(tmp_path, pid=first, state="running", partitions=[0])
    members.tend()
    assert members.ready()
    assert members.kill("member-1") == first
    assert holders[0].wait(10) == -signal.SIGKILL
    members.tend()
    assert members.pid("member-1") is None
    assert not members.ready()
    second = held(tmp_path, holders)
    members.tend()
    assert members.pid("member-1") == second
    assert not members.ready(), "the heartbeat is of the dead process"
    beat(tmp_path, pid=second, state="running", partitions=[0])
    assert members.ready()
    assert said == [
        f"member-1 was started by the supervisor, as pid {first}",
        f"member-1 was started again by the supervisor, as pid {second}",
    ]
    assert members.usage.cpu_s >= members.usage.startup_cpu_s > 0


@pytest.mark.parametrize("content", [{}, {"state": "starting"}, {"state": "running", "partitions": []}])
def test_a_member_without_partitions_that_deliver_is_not_ready(
    members: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: dict[str, object]
):
    monkeypatch.setattr(members, "_pids", {"member-1": 7})
    beat(tmp_path, **{"pid": 7, "partitions": [0]} | content)
    assert not members.ready()


def test_a_refusal_counts_only_while_nobody_runs(members: Members, plane: Plane):
    plane.why["member-1"] = "member-1 ended with code 2"
    members.tend()
    assert members.refusals() == ["member-1 ended with code 2"]
    plane.why.clear()
    members.tend()
    assert members.refusals() == []
