"""What `tidemark status` says of Dagster, from the processes that are written down."""

import json
import os

import pytest

from orchestration.ui.home import Home
from orchestration.ui.looking import _of_all, line, look, resident_bytes
from sandbox.platform.processes import started_at

DEAD_PID = 2**22 + 1
"""Above the kernel's largest pid."""


def written(home: Home, **pids: int) -> None:
    """servers.json of processes that are this one, or dead."""
    home.folder.mkdir(parents=True)
    facts = {
        name.replace("_", "-"): {"pid": pid, "started": started_at(os.getpid()), "port": 1}
        for name, pid in pids.items()
    }
    home.facts.write_text(json.dumps(facts))


def test_nothing_was_ever_started(tmp_path):
    found = look(Home(tmp_path))
    assert found == {"state": "down", "address": None, "servers": {}}
    assert line(found, "start it") == "Dagster   down         start it"
    assert resident_bytes(Home(tmp_path)) == {}
    assert list(tmp_path.iterdir()) == [], "a look leaves nothing behind"


def test_a_dead_process_is_named_with_the_command_that_starts_it(tmp_path):
    home, me = Home(tmp_path), os.getpid()
    written(home, code_server=me, webserver=DEAD_PID, daemon=me)
    found = look(home)
    assert found["state"] == "dead"
    assert found["servers"]["webserver"] == {"state": "dead", "pid": DEAD_PID, "port": 1}
    assert found["address"] is None
    told = line(found, "start it")
    assert f"webserver pid {DEAD_PID} dead" in told
    assert f"daemon pid {me};" in told
    assert told.endswith("; start it")


def test_pages_that_do_not_answer_are_not_up(tmp_path):
    home, me = Home(tmp_path), os.getpid()
    written(home, code_server=me, webserver=me, daemon=me)
    found = look(home)
    assert found["state"] == "unresponsive"
    assert found["address"] == "http://127.0.0.1:1"
    assert resident_bytes(home)["daemon"] > 1_000_000


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (("up", "up", "up"), "up"),
        (("up", "dead", "unresponsive"), "dead"),
        (("up", "down", "up"), "dead"),
        (("up", "unresponsive", "up"), "unresponsive"),
        (("down", "down", "down"), "down"),
    ],
)
def test_the_whole_is_as_good_as_its_worst_part(states, whole):
    assert _of_all(dict(zip("abc", states, strict=True))) == whole
