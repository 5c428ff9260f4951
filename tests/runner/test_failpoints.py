"""Failpoints: none is armed by default, each has its place and is passed, and a death at any of them costs nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from crash_points import CrashRig

import streaming
from streaming.adapters.bigquery_streams import Connection
from streaming.adapters.failpoints import acts, passing
from streaming.adapters.journal import MemoryJournal
from streaming.failpoints import WHAT, Failpoint, Point, unarmed
from streaming.protocol import recovery
from streaming.protocol.actions import OpenStream
from streaming.protocol.metadata import CommitMetadata
from streaming.protocol.partition import Partition
from streaming.runner.world import World
from streaming.settings import Settings, SettingsError

SOURCE = Path(streaming.__file__).parent
IN_THE_CLIENT = Point.APPEND_SENT
"""Passed by the real adapter alone: in memory a request is its answer."""
SELDOM = {
    *(Point.TABLE_ASKED, Point.SKIP, Point.DRAINING, Point.DRAINED, Point.REVOKING),
    *(Point.REVOKE_SETTLED, Point.REVOKE_COMMITTED, Point.REVOKE_FINALIZED),
}
"""Passed less than three times in a life: nobody dies at the third."""
DEATHS = [
    (point, nth)
    for nth in (1, 3)
    for point in Point
    if point is not IN_THE_CLIENT and (nth == 1 or point not in SELDOM)
]


def test_none_is_armed_by_default():
    journal = MemoryJournal()
    assert Settings.from_environment({"HOME": "/x"}).failpoint == ""
    assert passing(Settings().failpoint, journal) is unarmed
    assert journal.events == []
    assert World.__dataclass_fields__["passing"].default is unarmed
    assert Partition.__dataclass_fields__["passing"].default is unarmed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nowhere:kill:1", "before_fence, fenced"),
        ("fenced", "kill, stop, sleep"),
        ("fenced:explode:1", "kill, stop, sleep"),
        ("fenced:kill:0", "n from 1"),
        ("fenced:kill:-1", "n from 1"),
        ("fenced:kill:1:1", "n from 1"),
        ("fenced:kill:²", "n from 1"),
    ],
)
def test_what_is_no_failpoint_is_one_clear_line(text, says):
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"TIDEMARK_FAILPOINT": text})
    assert str(caught.value).startswith("TIDEMARK_FAILPOINT must be <point>:<what>:<n>")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_nth_passing_acts_once():
    acted, journal = [], MemoryJournal()
    pass_by = passing("skip:kill:3", journal, dict.fromkeys(WHAT, lambda: acted.append(1)))
    seen = []
    for _ in range(5):
        pass_by(Point.FENCED)
        pass_by(Point.SKIP)
        seen.append(len(acted))
    assert seen == [0, 0, 1, 1, 1]
    assert [event for event, _ in journal.events] == ["failpoint_armed", "failpoint"]
    assert set(acts()) == set(WHAT)


def test_a_failpoint_is_written_as_it_is_read():
    assert str(Failpoint.parse("skip:stop")) == "skip:stop:1"
    assert Failpoint.parse("append_sent:kill:40") == Failpoint(Point.APPEND_SENT, "kill", 40)


def test_every_point_has_one_place_in_production_code():
    used = [
        node.attr
        for path in SOURCE.rglob("*.py")
        if path.name != "failpoints.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Point"
    ]
    assert sorted(used) == sorted(point.name for point in Point)


def test_a_life_passes_every_point():
    rig = CrashRig()
    rig.live()
    rig.assert_exactly_once()
    assert set(rig.passed) == set(Point) - {IN_THE_CLIENT}
    assert {point for point, times in rig.passed.items() if times < 3} == SELDOM


def test_steps_are_passed_by_the_window_and_not_by_the_record():
    rig = CrashRig()
    rig.start()
    rig.turn(6)
    before = rig.passed.total()
    rig.produce(0, 2_000)
    rig.turn(1)
    assert len(rig.landed()) == 2_000
    assert rig.passed.total() - before <= 2 * len(Point)


@pytest.mark.parametrize(("point", "nth"), DEATHS)
def test_a_death_at_any_point_loses_and_doubles_nothing(point, nth):
    rig = CrashRig(point, nth)
    rig.live()
    rig.assert_exactly_once()
    assert rig.halts() == []
    assert rig.died == 1


def count_nothing(me, stream):
    """Mutant: the last owner's stream is taken for empty, unasked."""
    return 0
    yield


def dies_at(point):
    rig = CrashRig(point)
    try:
        rig.live()
        rig.assert_exactly_once()
    except Exception:  # whatever it dies of
        return True
    return bool(rig.halts())


def publish_nothing(me, position, before, offset, row):
    """Mutant: appends to a stream that no commit names yet."""
    stream = yield from recovery.patiently(OpenStream())
    made = CommitMetadata(stream, me.new_epoch(), me.topic_id, position.table_created, row, None, position.partitions)
    return recovery.Start(offset, made, landed=-row)


def test_a_crash_shows_a_stream_that_nobody_can_fence(monkeypatch):
    monkeypatch.setattr(recovery, "_open_and_publish", publish_nothing)
    assert dies_at(Point.APPEND_ANSWERED)


def test_a_crash_shows_a_stream_that_was_not_counted(monkeypatch):
    monkeypatch.setattr(recovery, "_fence", count_nothing)
    assert dies_at(Point.APPEND_ANSWERED)


def test_a_request_that_left_is_passed_before_its_answer_is_read():
    passed, sent = [], []

    def call_rows(requests, metadata):
        sent.append(next(requests))
        sent.append(next(requests))  # as gRPC does once the first is on the wire
        yield from ()

    connection = Connection(call_rows, "streams/s", b"schema", passed.append)
    connection._requests.put("first")
    assert passed == []
    connection._requests.put("second")
    connection._answers.get(timeout=10)
    assert (passed, len(sent)) == ([Point.APPEND_SENT], 2)


@pytest.mark.integration
def test_a_process_refuses_an_unknown_point():
    said = subprocess.run(
        [sys.executable, "-m", "streaming"],
        env={"TIDEMARK_FAILPOINT": "nowhere:kill:1"}, check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert said.returncode == 2
    assert len(said.stderr.splitlines()) == 1
    assert said.stderr.startswith("tidemark: TIDEMARK_FAILPOINT must be ")
