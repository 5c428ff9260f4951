"""SKIP -> APPEND by example: same bytes at the same offset until their fate is known, else back to Fence."""

from typing import Any

import pytest
from offset_blocks import Offsets
from protocol_script import drive

from streaming.ports import (
    AccessDenied,
    AlreadyExists,
    OffsetOutOfRange,
    QuotaExceeded,
    Refused,
    RowsRejected,
    StreamFinalized,
    StreamNotFound,
    Unavailable,
)
from streaming.protocol import actions as a
from streaming.protocol.delivery import QUOTA_WAIT_S, RESENDS, deliver
from streaming.protocol.halts import FenceAgain, Halt, HaltReason


class Rewritable(Offsets):
    def quarantined(self, reasons: Any) -> "Rewritable":
        return Rewritable(tuple(-1 if place in reasons else offset for place, offset in enumerate(self.offsets)))


def delivered(row: int, answers: Any = None, offsets: tuple[int, ...] = (10, 12, 13)):
    block: Any = Rewritable(offsets)
    steps = deliver(3, "stream-1", row, block, lambda rows: repr(rows.offsets).encode())
    driven = drive(steps, {a.Append: answers})
    if driven.result:
        row, landed = driven.result
        driven.result = row, landed and landed.offsets
    return driven


@pytest.mark.parametrize(
    ("row", "sent", "then"),
    [
        (0, a.Append("stream-1", 0, b"(10, 12, 13)", 3), (3, (10, 12, 13))),
        (7, a.Append("stream-1", 7, b"(10, 12, 13)", 3), (10, (10, 12, 13))),
        (-1, a.Append("stream-1", 0, b"(12, 13)", 2), (2, (12, 13))),
        (-2, a.Append("stream-1", 0, b"(13,)", 1), (1, (13,))),
    ],
)
def test_the_counter_says_what_is_skipped_and_where_the_rest_goes(row, sent, then):
    driven = delivered(row)
    assert driven.actions == [sent]
    assert driven.result == then


@pytest.mark.parametrize("row", [-3, -9])
def test_a_block_that_is_landed_is_not_sent(row):
    driven = delivered(row)
    assert driven.actions == []
    assert driven.result == (row + 3, None)


def test_a_lost_answer_has_the_same_bytes_sent_again_at_the_same_offset():
    driven = delivered(4, [Unavailable(""), Unavailable(""), None])
    assert driven.of(a.Append) == [a.Append("stream-1", 4, b"(10, 12, 13)", 3)] * 3
    assert driven.of(a.Wait)[0].seconds < driven.of(a.Wait)[1].seconds
    assert driven.result == (7, (10, 12, 13))


def test_no_answer_again_and_again_leads_back_to_fence():
    driven = delivered(0, Unavailable("reset"))
    assert isinstance(driven.raised, FenceAgain)
    assert len(driven.of(a.Append)) == RESENDS + 1


def test_already_exists_is_success_only_with_proof():
    assert delivered(4, [Unavailable(""), AlreadyExists("", 7)]).result == (7, (10, 12, 13))


@pytest.mark.parametrize("expected", [None, 4, 6, 8])
def test_already_exists_without_proof_leads_back_to_fence(expected):
    assert isinstance(delivered(4, AlreadyExists("", expected)).raised, FenceAgain)


@pytest.mark.parametrize("error", [StreamFinalized(""), StreamNotFound(""), OffsetOutOfRange("")])
def test_a_stream_that_is_not_ours_any_more_leads_back_to_fence_and_is_never_replaced(error):
    driven = delivered(0, error)
    assert isinstance(driven.raised, FenceAgain)
    assert driven.raised.__cause__ is error
    assert not driven.of(a.OpenStream)


def test_quota_waits_as_long_as_it_takes_and_counts_as_paused():
    driven = delivered(0, [QuotaExceeded("")] * 40 + [None])
    assert driven.result == (3, (10, 12, 13))
    assert driven.of(a.Wait) == [a.Wait(QUOTA_WAIT_S, paused=True)] * 40


def test_refused_rows_are_quarantined_in_place_and_sent_at_the_same_offset():
    driven = delivered(-1, [RowsRejected("", {1: "bad"}), None])
    assert driven.of(a.Append)[1] == a.Append("stream-1", 0, b"(12, -1)", 2)
    assert driven.result == (2, (12, -1))


def test_each_refusal_may_name_other_rows():
    driven = delivered(0, [RowsRejected("", {1: "bad"}), RowsRejected("", {1: "bad", 2: "bad"}), None])
    assert driven.result == (3, (10, -1, -1))


def test_a_permission_that_is_missing_is_waited_for_with_the_same_bytes():
    driven = delivered(7, [AccessDenied("grant it")] * 100 + [None])
    assert driven.of(a.Append) == [a.Append("stream-1", 7, b"(10, 12, 13)", 3)] * 101
    assert driven.of(a.Wait) == [a.Wait(a.DENIED_WAIT_S, paused=True, why="grant it")] * 100
    assert driven.result == (10, (10, 12, 13))


@pytest.mark.parametrize(
    "answers", [RowsRejected("", {0: "bad"}), RowsRejected("", {}), Refused("no such column")], ids=str
)
def test_what_will_never_be_accepted_halts(answers):
    driven = delivered(0, answers)
    assert isinstance(driven.raised, Halt)
    assert driven.raised.reason is HaltReason.REFUSED
    assert len(driven.of(a.Append)) <= 2
