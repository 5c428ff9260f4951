"""CHECK: the table must hold what the fenced streams counted, and rows may take a minute to show."""

from datetime import timedelta

from protocol_script import AT, NOW, drive, identity, metadata

from streaming.ports import Unavailable
from streaming.protocol import actions as a
from streaming.protocol.halts import Halt, HaltReason
from streaming.protocol.recovery import LONGEST_PAUSE_S, VISIBILITY_S, Start, check


def checked(found, landed=5, at=AT, **me):
    start = Start(100, metadata(row=-landed, at=at, epoch="epoch-2"), landed)
    return drive(check(identity(**me), start), {a.CountLive: found})


def test_the_cheap_look_suffices_where_it_finds_all():
    driven = checked([5])
    assert driven.raised is None
    assert driven.actions == [a.CountLive(100, AT - timedelta(days=1), "epoch-2")]


def test_late_records_have_old_business_dates():
    driven = checked([3, 5])
    assert driven.raised is None
    assert [count.since for count in driven.of(a.CountLive)] == [AT - timedelta(days=1), AT - timedelta(days=31)]


def test_rows_that_show_late_are_waited_for():
    driven = checked([0, 0, 2, 2, 5])
    assert driven.raised is None
    assert 0 < driven.waited < VISIBILITY_S


def test_too_few_is_believed_after_a_minute_with_both_numbers_and_the_range():
    driven = checked(3)
    halt = driven.raised
    assert isinstance(halt, Halt)
    assert halt.reason is HaltReason.COUNT_MISMATCH
    assert VISIBILITY_S <= driven.waited <= VISIBILITY_S + LONGEST_PAUSE_S
    assert len(driven.of(a.CountLive)) < 30  # each is billed
    assert "offset 100" in halt.detail
    assert "count 5 rows, the table 3" in halt.detail
    assert halt.command.endswith("--partition 3 --from table`")


def test_too_many_is_believed_at_once():
    driven = checked(6)
    assert isinstance(driven.raised, Halt)
    assert driven.waited == 0


def test_nothing_landed_is_checked_too():
    assert checked(0, landed=0).raised is None
    assert isinstance(checked(1, landed=0).raised, Halt)


def test_an_unanswered_query_proves_nothing():
    assert checked([Unavailable("timeout"), Unavailable("timeout"), 5]).raised is None


def test_a_wider_contract_is_looked_for_as_far_back():
    """A record 89 days late is valid where the setting says 90: without this the partition halts for nothing."""
    assert checked([0, 5], max_past=timedelta(days=90)).of(a.CountLive)[-1].since == AT - timedelta(days=91)


def test_before_the_first_commit_no_date_bounds_what_the_log_held():
    first, second = checked([0, 5], at=None).of(a.CountLive)
    assert first.since == NOW - timedelta(days=1)
    assert second.since < NOW - timedelta(days=10_000)
