"""`tidemark status` tells the dead from the living by heartbeats alone."""

import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.platform import status
from sandbox.platform.instance import PlatformDown, load

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
DEAD_PID = 2**22 + 1
"""Above the kernel's largest pid."""


def beat(folder, member="member-0", age=timedelta(0), **changes):
    document = {
        "pid": os.getpid(),
        "member": member,
        "partitions": [0, 1],
        "lag": 3,
        "rows_landed": 99,
        "latency_ms": {"p50": 100.0, "p95": 200.0, "p99": 300.0},
        "state": "running",
        "at": (NOW - age).isoformat(),
    } | changes
    folder.mkdir(exist_ok=True)
    (folder / f"{member}.json").write_text(json.dumps(document))


def test_a_living_member(tmp_path):
    beat(tmp_path)
    assert status.heartbeats(tmp_path, NOW) == [
        {
            "pid": os.getpid(),
            "member": "member-0",
            "partitions": [0, 1],
            "lag": 3,
            "rows_landed": 99,
            "latency_ms": {"p50": 100.0, "p95": 200.0, "p99": 300.0},
            "state": "running",
            "partition_states": {},
            "halts": [],
            "warnings": [],
            "at": NOW.isoformat(),
        }
    ]


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"age": timedelta(seconds=9.9)}, "running"),
        ({"age": timedelta(seconds=10.1)}, "dead"),
        ({"pid": DEAD_PID}, "dead"),
        ({"state": "recovering"}, "recovering"),
        ({"state": "stopped", "pid": DEAD_PID, "age": timedelta(days=1)}, "stopped"),
        ({"state": "draining", "pid": DEAD_PID}, "dead"),
        ({"state": "halted", "pid": DEAD_PID}, "dead"),
    ],
)
def test_the_state_of_a_member(tmp_path, change, state):
    beat(tmp_path, **change)
    assert [consumer["state"] for consumer in status.heartbeats(tmp_path, NOW)] == [state]


def test_halts_are_passed_on(tmp_path):
    halts = [{"partition": 1, "reason": "BELOW_LOG", "message": "partition 1 halted: ..."}]
    beat(tmp_path, state="halted", halts=halts, partition_states={"0": "running", "1": "halted"})
    (member,) = status.heartbeats(tmp_path, NOW)
    assert (member["halts"], member["partition_states"]) == (halts, {"0": "running", "1": "halted"})


def test_members_are_in_order_and_broken_files_are_passed_over(tmp_path):
    beat(tmp_path, "member-1")
    beat(tmp_path, "member-0", latency_ms=None)
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "other.json").write_text("[1]")
    found = status.heartbeats(tmp_path, NOW)
    assert [consumer["member"] for consumer in found] == ["member-0", "member-1"]
    assert found[0]["latency_ms"] == {"p50": None, "p95": None, "p99": None}


def test_without_a_platform_everything_is_down(tmp_path):
    found = status.status(tmp_path, NOW)
    assert found["kafka"] == {"bootstrap_servers": None, "topic": None, "state": "down"}
    assert found["bigquery"]["state"] == "down"
    assert found["consumers"] == []


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"kafka": {}}'])
def test_load_says_how_to_start(tmp_path, content):
    if content is not None:
        (tmp_path / "platform.json").write_text(content)
    with pytest.raises(PlatformDown, match=rf"^no platform .* `tidemark up --state {tmp_path}`$"):
        load(tmp_path)


def test_a_platform_whose_owner_is_gone_is_down(tmp_path):
    """Also when its pid was given to somebody else since: the start time tells."""
    document = {
        "kafka": {"bootstrap_servers": "127.0.0.1:1", "topic": "payments", "state": "up", "pid": DEAD_PID},
        "bigquery": dict.fromkeys(("rest_endpoint", "grpc_endpoint", "project", "dataset"), "x") | {"pid": DEAD_PID},
        "supervisor_pid": os.getpid(),
        "supervisor_started": 1.0,
    }
    (tmp_path / "platform.json").write_text(json.dumps(document))
    with pytest.raises(PlatformDown):
        load(tmp_path)
