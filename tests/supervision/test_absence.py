"""Who is missing and whose partitions nobody owns: a lag that is not the whole stream's is never green."""

from dataclasses import replace
from datetime import timedelta

import pytest
from supervised_world import LIMITS, NOW, RUNNING, free, held

from orchestration.supervision.absence import Absence, absences, late, missing_since, partitions_seen, unowned
from orchestration.supervision.judging import lag
from orchestration.supervision.metrics import aggregate
from orchestration.supervision.model import Cursor, Do, MemberCursor, MemberFacts
from orchestration.supervision.reconcile import reconcile

WANTED = ("member-1", "member-2")
MINUTE = timedelta(seconds=60)


def second(**facts):
    return replace(held(**facts), member="member-2")


def dead(member="member-2", **facts):
    """What is left of it: its last heartbeat."""
    return replace(free(), member=member, beat=held(**facts).beat, beat_pid=7)


def test_partitions_of_the_dead_are_owned_by_nobody_until_somebody_takes_them():
    facts = [held(partitions=[0, 1]), dead(partitions=[2, 3])]
    known = partitions_seen(facts, 0)
    assert (known, unowned(facts, known)) == (4, (2, 3))
    assert unowned([held(partitions=[0, 1, 2, 3]), dead(partitions=[2, 3])], known) == ()


def test_what_was_seen_once_is_remembered():
    assert partitions_seen([held(partitions=[])], 8) == 8
    plan = reconcile(RUNNING, [held(partitions=[4])], Cursor(), NOW, jitter=lambda: 0)
    assert plan.cursor.partitions == 5
    anew = replace(RUNNING, changed_at=NOW)  # perhaps another topic
    assert reconcile(anew, [], plan.cursor, NOW, jitter=lambda: 0).cursor.partitions == 0


def test_a_member_is_missing_from_the_first_look_at_which_it_owns_nothing():
    starting = held(state="starting", partitions=[])
    assert missing_since(starting, MemberCursor(), True, NOW) == NOW
    assert missing_since(starting, MemberCursor(missing_since=NOW - MINUTE), True, NOW) == NOW - MINUTE
    assert missing_since(MemberFacts("member-1"), MemberCursor(), False, NOW) is None
    for state in ("running", "recovering", "halted", "draining"):
        assert missing_since(held(state=state), MemberCursor(missing_since=NOW), True, NOW) is None


def test_a_start_is_given_a_minute():
    member = MemberCursor(missing_since=NOW)
    assert late(member, NOW + MINUTE, LIMITS) is None
    assert late(member, NOW + 2 * MINUTE, LIMITS) == 120


def test_who_waits_for_its_next_start_is_missing_and_who_is_starting_is_not():
    facts = [held(partitions=[0]), dead(partitions=[1])]
    waiting = Cursor(members={"member-2": MemberCursor(not_before=NOW + MINUTE)}, partitions=2)
    assert absences(facts, waiting, WANTED, NOW, LIMITS) == Absence(("member-2",), (), (1,))
    starting = Cursor(members={"member-2": MemberCursor(started=NOW, missing_since=NOW)}, partitions=2)
    assert absences(facts, starting, WANTED, NOW, LIMITS) == Absence((), (), (1,))
    assert absences(facts, starting, WANTED, NOW + 2 * MINUTE, LIMITS).missing == ("member-2",)


def test_a_member_without_a_partition_is_idle_only_while_the_others_own_all():
    cursor = Cursor(members={"member-2": MemberCursor(missing_since=NOW - 2 * MINUTE)}, partitions=2)
    left = second(state="starting", partitions=[])
    assert absences([held(), left], cursor, WANTED, NOW, LIMITS) == Absence((), ("member-2",), ())
    assert absences([held(partitions=[0]), left], cursor, WANTED, NOW, LIMITS) == Absence(("member-2",), (), (1,))


@pytest.mark.parametrize("ends_every_s", [5, 20, 40])
def test_the_lag_is_not_green_while_a_member_never_comes_up(ends_every_s):
    """However its ends fall between the reports: after the first backoff no look at it passes."""
    cursor, verdicts, born = Cursor(), {}, None
    for at in range(0, 600, 5):
        now = NOW + timedelta(seconds=at)
        if born is not None and at - born >= ends_every_s:
            born = None
        fact = replace(free(code=None if born is not None else 1, pid=9), member="member-2")
        plan = reconcile(RUNNING, [held(now, partitions=[0], rows_landed=at), fact], cursor, now, jitter=lambda: 1)
        born = at if plan.decisions[1].do is Do.START else born
        cursor = plan.cursor
        absence = absences([held(now), fact], cursor, WANTED, now, LIMITS)
        verdicts[at] = lag(aggregate([held(now), fact], 2, {}, absence=absence)[0]).passed
    assert verdicts[0]
    assert not any(passed for at, passed in verdicts.items() if at > LIMITS.backoff_most_s)
