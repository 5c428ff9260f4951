"""Commit metadata: reads back what it wrote, stays small, and unreadable text is None, never an exception."""

import json
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_script import AT, metadata

from streaming.protocol.metadata import CFG, MAX_LENGTH, decode

FIELDS = sorted(json.loads(metadata().encode()))
NAMES = st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=64)


@given(
    stream=st.none() | NAMES,
    epoch=NAMES,
    row=st.integers(-(2**40), 2**40),
    at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_it_reads_back(stream, epoch, row, at):
    meta = metadata(stream=stream, epoch=epoch, row=row, at=at)
    assert decode(meta.encode()) == meta


def test_a_real_one_is_far_below_the_brokers_limit():
    stream = "projects/" + "p" * 30 + "/datasets/" + "d" * 200 + "/tables/payments_landing/streams/" + "S" * 120
    assert len(metadata(stream=stream, epoch="0" * 36, topic_id="A" * 22, at=AT).encode()) < MAX_LENGTH


def test_one_that_would_not_fit_is_never_sent():
    with pytest.raises(AssertionError, match="characters"):
        metadata(stream="s" * MAX_LENGTH).encode()


@given(
    st.text(max_size=60)
    | st.dictionaries(st.sampled_from(FIELDS), st.none() | st.integers() | st.text()).map(json.dumps)
)
def test_no_text_raises(text):
    decode(text)


@pytest.mark.parametrize("text", [None, "", "{}", "[]", "1", "null", "not json", '{"v":1}'])
def test_unreadable_is_none(text):
    assert decode(text) is None


@pytest.mark.parametrize(
    ("name", "value"), [("v", 2), ("row", "4"), ("row", 4.0), ("row", True), ("row", None), ("at", 5), ("at", "then")]
)
def test_a_field_of_another_kind_is_none(name, value):
    fields = json.loads(metadata().encode())
    assert decode(json.dumps(fields | {name: value})) is None
    assert decode(json.dumps({k: v for k, v in fields.items() if k != name})) is None


def test_times_come_back_in_utc():
    local = AT.astimezone(timezone(timedelta(hours=5)))
    read = decode(metadata(at=local).encode())
    assert read is not None
    assert read.at == AT
    assert read.at.tzinfo is UTC


def test_further_on_in_the_same_stream():
    later = AT + timedelta(seconds=5)
    assert metadata().at_row(9, later) == metadata(row=9, at=later)
    assert metadata().at_row(9, None) == metadata(row=9, at=AT)


def test_cfg_changes_with_the_rules_of_delivery():
    from streaming.protocol import metadata as module

    assert len(CFG) == 8
    assert module.DELIVERY_RULES == {"isolation.level": "read_committed", "rows_per_record": 1}
