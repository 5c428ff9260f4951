"""The desired state: absent means that nobody manages the stream; half a file is never seen."""

import json
from datetime import UTC, datetime

import pytest

from orchestration.supervision.desired import (
    SUPERVISED,
    Desired,
    DesiredError,
    desired_path,
    read_desired,
    write_desired,
)

WANTED = Desired(True, 3, datetime(2026, 1, 7, 12, tzinfo=UTC), "a test")


def test_absent_is_not_managed(tmp_path):
    assert read_desired(tmp_path) is None


def test_what_is_written_is_read(tmp_path):
    write_desired(tmp_path / "new", WANTED)
    assert read_desired(tmp_path / "new") == WANTED
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["desired.json"]


def test_names_are_those_of_the_members_that_should_run():
    assert WANTED.names() == ["member-1", "member-2", "member-3"]
    assert Desired(False, 3, WANTED.changed_at, "").names() == []
    assert all(SUPERVISED.fullmatch(name) for name in WANTED.names())
    assert not SUPERVISED.fullmatch("member-0")


@pytest.mark.parametrize(
    "change",
    [
        {"running": "yes"},
        {"members": 0},
        {"members": 65},
        {"members": True},
        {"members": "2"},
        {"changed_at": "2026-01-07T12:00:00"},
        {"changed_at": 7},
        {"by": None, "members": None},
    ],
    ids=str,
)
def test_a_file_that_says_nothing_usable_is_one_line(tmp_path, change):
    write_desired(tmp_path, WANTED)
    path = desired_path(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DesiredError, match=r"^[^\n]*desired\.json does not say[^\n]*stream_start[^\n]*$"):
        read_desired(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '"stop"', "{"])
def test_another_file_is_one_line(tmp_path, text):
    desired_path(tmp_path).write_text(text)
    with pytest.raises(DesiredError):
        read_desired(tmp_path)
