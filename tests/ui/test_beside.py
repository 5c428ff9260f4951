"""Dagster beside a demo: what it says of members and processes that are down, from the files they leave."""

import json
from pathlib import Path

import pytest

from orchestration.supervision.desired import read_desired
from orchestration.supervision.facts import exit_path, log_path
from orchestration.ui.beside import DagsterBeside
from orchestration.ui.home import Home
from sandbox.demo.failure import DemoFailed

DEAD_PID = 2**22 + 1
"""Above the kernel's largest pid."""


@pytest.fixture
def plane(tmp_path: Path) -> DagsterBeside:
    return DagsterBeside(tmp_path, lambda line: None)


def ended(state: Path, code: int, words: str) -> None:
    exit_path(state, "member-1").parent.mkdir(parents=True, exist_ok=True)
    exit_path(state, "member-1").write_text(f"7 {code}\n")
    log_path(state, "member-1").parent.mkdir(exist_ok=True)
    log_path(state, "member-1").write_text(words)


@pytest.mark.parametrize("code", [2, 3])
def test_a_refusal_is_told_with_the_members_own_words(plane: DagsterBeside, tmp_path: Path, code: int):
    ended(tmp_path, code, "loading\ntidemark: TIDEMARK_WINDOW_MS must be a number\n")
    told = plane.refused("member-1")
    assert told is not None
    assert told.startswith(f"member-1 ended with code {code}")
    assert told.endswith("TIDEMARK_WINDOW_MS must be a number")


@pytest.mark.parametrize("code", [1, 75, 137])
def test_an_end_that_another_start_may_mend_is_no_refusal(plane: DagsterBeside, tmp_path: Path, code: int):
    ended(tmp_path, code, "tidemark: Kafka does not answer\n")
    assert plane.refused("member-1") is None


def test_a_member_that_never_ran_has_refused_nothing(plane: DagsterBeside):
    assert plane.refused("member-1") is None


def test_what_is_wanted_is_what_the_sensor_reads(plane: DagsterBeside, tmp_path: Path):
    plane.want(2)
    desired = read_desired(tmp_path)
    assert desired is not None
    assert desired.names() == ["member-1", "member-2"]


def test_a_process_that_died_is_named_with_its_log(plane: DagsterBeside, tmp_path: Path):
    plane.check()
    home = Home(tmp_path)
    home.folder.mkdir()
    home.facts.write_text(json.dumps({"daemon": {"pid": DEAD_PID, "started": 1.0, "port": 0}}))
    plane.check()  # while they start, whoever waits for the pages notices
    plane._serves = True
    with pytest.raises(DemoFailed, match=r"Dagster's daemon has died; .*dagster-daemon\.log"):
        plane.check()


def test_before_the_pages_answer_there_is_no_address(plane: DagsterBeside):
    assert plane.address() is None


def test_to_end_what_never_began_does_nothing(plane: DagsterBeside, tmp_path: Path):
    plane.end(0.0)
    assert list(tmp_path.iterdir()) == []
