"""The cursor survives its JSON; another version's is taken as none."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.supervision.model import Counted, Cursor, MemberCursor

zones = st.sampled_from([UTC, timezone(timedelta(hours=2))])
moments = st.none() | st.datetimes(timezones=zones)
counts = st.integers(0, 2**62)
members = st.builds(
    MemberCursor,
    failures=counts,
    refused=st.booleans(),
    ended_with=st.text(),
    started=moments,
    held_since=moments,
    pid=st.none() | counts,
    told_at=moments,
    not_before=moments,
    progress=st.none() | st.lists(counts),
    progress_since=moments,
    lag=st.none() | counts,
    lag_rose_at=moments,
    deaths=st.lists(counts, max_size=4),
    missing_since=moments,
)
cursors = st.builds(
    Cursor,
    at=moments,
    watched_since=moments,
    desired_at=moments,
    reported_at=moments,
    alarmed=st.booleans(),
    members=st.dictionaries(st.text(), members, max_size=3),
    partitions=counts,
    counted=st.dictionaries(st.text(), st.builds(Counted, counts, counts, counts), max_size=3),
)


@given(cursors)
def test_it_is_the_same_after_its_json(cursor):
    assert Cursor.from_json(cursor.to_json()) == cursor


def test_a_clock_that_was_set_back_takes_everything_along():
    at = datetime(2026, 1, 7, 12, tzinfo=UTC)
    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    waiting = MemberCursor(not_before=at + minute, started=at, deaths=[int(at.timestamp())])
    cursor = Cursor(at, at - hour, at - 2 * hour, at - minute, members={"member-1": waiting})
    assert cursor.as_of(at) is cursor
    assert cursor.as_of(at + hour) is cursor
    back = cursor.as_of(at - hour)
    assert (back.at, back.watched_since, back.reported_at) == (at - hour, at - hour, at - hour - minute)
    assert back.desired_at == at - 2 * hour, "it is compared with a file, not with the clock"
    moved = back.members["member-1"]
    assert (moved.not_before, moved.started) == (at - hour + minute, at - hour)
    assert moved.deaths == [int(at.timestamp()) - 3_600]


@pytest.mark.parametrize("text", [None, "", "{", "[]", "7", '{"members":[]}', '{"members":{"m":{"no":1}}}', '{"at":5}'])
def test_anything_else_is_the_empty_cursor(text):
    assert Cursor.from_json(text) == Cursor()


def test_another_versions_cursor_is_the_empty_one():
    content = json.loads(Cursor().to_json()) | {"of_a_later_version": 1}
    assert Cursor.from_json(json.dumps(content)) == Cursor()
