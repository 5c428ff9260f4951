"""A demo empties its own folder and no other."""

import fcntl
from pathlib import Path

import pytest

from sandbox.demo.folder import FolderTaken, fresh


def test_a_new_folder_is_made(tmp_path: Path):
    state = tmp_path / "a" / "b"
    assert fresh(state) == state
    assert [path.name for path in state.iterdir()] == ["instance.lock"]
    assert fresh(state) == state, "however early a demo ends, the next one knows the folder"


def test_what_an_earlier_demo_left_is_removed(tmp_path: Path):
    (tmp_path / "instance.lock").touch()
    (tmp_path / "report.json").write_text("{}")
    (tmp_path / "ledger").mkdir()
    fresh(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["instance.lock"]


def test_a_folder_with_other_peoples_files_is_refused_and_left_alone(tmp_path: Path):
    mine = tmp_path / "thesis.tex"
    mine.write_text("years of work")
    with pytest.raises(FolderTaken, match="choose an empty folder"):
        fresh(tmp_path)
    assert mine.read_text() == "years of work"


def test_a_file_is_no_folder(tmp_path: Path):
    path = tmp_path / "state"
    path.touch()
    with pytest.raises(FolderTaken, match="not a folder"):
        fresh(path)


def test_a_folder_where_something_runs_is_refused(tmp_path: Path):
    with (tmp_path / "instance.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(FolderTaken, match="tidemark down --state"):
            fresh(tmp_path)
    assert (tmp_path / "instance.lock").exists()
