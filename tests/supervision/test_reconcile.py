"""Decisions of the supervisor, one look after the other."""

from dataclasses import replace
from datetime import timedelta

import pytest
from supervised_world import NOW, RUNNING, STOPPED, beat, free, held

from orchestration.supervision.absence import absences
from orchestration.supervision.desired import Desired
from orchestration.supervision.model import LIMITS, Cursor, Do, MemberFacts
from orchestration.supervision.reconcile import backoff_s, how_it_ended, observe, reconcile
from streaming.member_process import EXIT_LEASE_HELD
from streaming.runner.rivals import WITHIN_S

ONE = Desired(True, 1, NOW, "a test")
NONE = replace(STOPPED, members=1)


def seconds(count):
    return timedelta(seconds=count)


class Looks:
    """A supervisor of one member that looks when told to."""

    def __init__(self, desired=ONE, chance=1.0):
        self.desired, self.cursor, self.chance = desired, Cursor(), chance

    def at(self, second, fact):
        plan = reconcile(self.desired, [fact], self.cursor, NOW + seconds(second), jitter=lambda: self.chance)
        self.cursor = plan.cursor
        (decision,) = plan.decisions
        return decision

    def deliver(self, start, end, step=5, **facts):
        """It delivers all the time. Returns what was done."""
        ticks = range(start, end, step)
        return {self.at(s, held(NOW + seconds(s), rows_landed=s, **facts)).do for s in ticks}


def test_nothing_is_decided_where_nobody_manages_the_stream():
    assert reconcile(None, [free()], Cursor(), NOW, jitter=lambda: 0).decisions == ()


def test_each_wanted_member_is_started_and_no_other():
    seen = [MemberFacts("member-1"), MemberFacts("member-3")]
    plan = reconcile(RUNNING, seen, Cursor(), NOW, jitter=lambda: 0)
    expected = [("member-1", Do.START), ("member-2", Do.START), ("member-3", Do.NOTHING)]
    assert [(decision.member, decision.do) for decision in plan.decisions] == expected


def test_a_killed_member_is_started_at_the_next_look():
    looks = Looks()
    assert looks.deliver(0, 60) == {Do.NOTHING}
    decision = looks.at(60, free(code=137, pid=7, words="an old line"))
    assert (decision.do, decision.why, decision.alarm) == (Do.START, "ended with signal 9", None)


def test_a_crash_loop_backs_off_and_says_the_last_error():
    looks, starts = Looks(), []
    for second in range(0, 300, 5):
        decision = looks.at(second, free(code=1, pid=9, words="ValueError: no"))
        starts += [second] if decision.do is Do.START else []
    assert starts == [0, 5, 15, 25, 35, 50, 75, 115, 180, 245]
    assert decision.alarm == ("member-1 ended 10 times in a row, last with code 1: ValueError: no; next start in 15 s")


def test_who_dies_soon_after_each_start_is_in_a_crash_loop_too():
    looks, second = Looks(), 0
    for _ in range(4):
        while looks.at(second, free(code=1, pid=7)).do is not Do.START:
            second += 5
        looks.deliver(second + 5, second + 30)
        second += 30
    assert looks.at(second, free(code=1, pid=7)).alarm.startswith("member-1 ended 4 times in a row")


def test_a_refusal_is_tried_again_seldom_and_at_once_when_somebody_wants_it():
    looks = Looks()
    looks.at(0, free())
    refused = free(code=2, pid=9, words="TIDEMARK_WINDOW_MS must be a number")
    decision = looks.at(5, refused)
    assert decision.do is Do.NOTHING
    assert decision.alarm == (
        "member-1 ended with code 2 (a setting is wrong): TIDEMARK_WINDOW_MS must be a number; "
        "next start in 300 s, or at once by stream_start"
    )
    assert looks.at(295, refused).do is Do.NOTHING
    looks.desired = replace(ONE, changed_at=NOW + seconds(296))
    assert looks.at(300, refused).do is Do.START


def test_a_service_that_is_away_at_the_start_is_asked_again_soon():
    assert backoff_s(75, 30, 1.0, LIMITS) == LIMITS.unavailable_s
    assert backoff_s(1, 30, 1.0, LIMITS) == LIMITS.backoff_most_s
    assert backoff_s(EXIT_LEASE_HELD, 1, 0.0, LIMITS) >= WITHIN_S, "a rival has its time"
    assert backoff_s(None, 10_000, 0.0, LIMITS) == LIMITS.backoff_most_s / 2


def test_an_exit_that_another_process_left_behind_is_nobodys_reason():
    looks = Looks()
    looks.deliver(0, 20)
    decision = looks.at(20, free(code=2, pid=99, words="a setting"))
    assert (decision.do, decision.alarm) == (Do.START, None)


def test_a_silent_member_is_asked_to_end_then_killed():
    looks = Looks()
    looks.deliver(0, 60)
    frozen = held(NOW + seconds(55))
    assert looks.at(70, frozen).do is Do.NOTHING
    told = looks.at(80, frozen)
    assert (told.do, told.pid, told.alarm) == (Do.TERMINATE, 7, "member-1: no heartbeat for 25 s")
    killed = looks.at(85, frozen)
    assert (killed.do, killed.pid) == (Do.KILL, 7)
    assert looks.at(90, free(code=137, pid=7)).do is Do.START


def test_who_wakes_before_the_kill_lives():
    looks = Looks()
    looks.deliver(0, 60)
    assert looks.at(70, held(NOW + seconds(55))).do is Do.NOTHING
    assert looks.at(80, held(NOW + seconds(55))).do is Do.TERMINATE
    assert looks.deliver(85, 200) == {Do.NOTHING}


def test_a_look_that_comes_late_calls_nobody_silent():
    """The machine stood still, the member and whoever looks after it alike; the first look is before its next beat."""
    looks = Looks()
    looks.deliver(0, 60)
    frozen = held(NOW + seconds(55))
    assert looks.at(100, frozen).do is Do.NOTHING
    assert looks.deliver(105, 200) == {Do.NOTHING}
    looks.at(225, held(NOW + seconds(195)))
    assert looks.at(230, held(NOW + seconds(195))).do is Do.TERMINATE, "the next look tells"


def test_after_the_clock_was_set_back_a_frozen_member_is_found_as_soon_as_before():
    looks = Looks()
    looks.deliver(0, 7_200)
    looks.cursor = looks.cursor.as_of(NOW + seconds(3_600))
    frozen = held(NOW + seconds(7_195))  # its last heartbeat is of the former time
    done = {second: looks.at(second, frozen).do for second in range(3_600, 3_635, 5)}
    assert done[3_620] is Do.NOTHING
    assert (done[3_625], done[3_630]) == (Do.TERMINATE, Do.KILL)


def test_after_the_clock_was_set_back_nobody_waits_until_it_is_there_again():
    looks = Looks()
    for second in range(7_000, 7_030, 5):
        looks.at(second, free(code=1, pid=9))
    looks.cursor = looks.cursor.as_of(NOW + seconds(3_600))
    starts = [second for second in range(3_600, 3_700, 5) if looks.at(second, free(code=1, pid=9)).do is Do.START]
    assert starts


def test_a_slow_start_is_not_silence():
    looks = Looks()
    started = MemberFacts("member-1", True, 7)
    assert [looks.at(second, started).do for second in (0, 20, 40, 60)] == [Do.NOTHING] * 4
    assert looks.at(65, started).do is Do.TERMINATE


def test_the_heartbeat_of_its_predecessor_is_not_held_against_it():
    looks = Looks()
    looks.deliver(0, 60)
    old = held(NOW + seconds(55), pid=8, beat_pid=7)
    assert [looks.at(second, old).do for second in (80, 100, 120)] == [Do.NOTHING] * 3


def test_a_full_disk_makes_nobody_silent():
    looks = Looks()
    looks.deliver(0, 30)
    frozen = replace(held(NOW + seconds(25)), beats_writable=False)
    assert [looks.at(second, frozen).do for second in (50, 80, 110)] == [Do.NOTHING] * 3


def test_a_member_that_does_nothing_while_records_come_is_stuck():
    looks = Looks()
    done = [looks.at(second, held(NOW + seconds(second), lag=10 * second)).do for second in range(0, 400, 5)]
    assert done.index(Do.TERMINATE) * 5 == LIMITS.stuck_s + 5


def test_lag_that_stands_still_may_be_the_brokers_outage():
    looks = Looks()
    done = {looks.at(second, held(NOW + seconds(second), lag=500)).do for second in range(0, 900, 5)}
    assert done == {Do.NOTHING}


def test_who_waits_for_something_is_not_stuck():
    waits = [
        {"state": "recovering"},
        {"state": "halted"},
        {"partition_states": {"0": "running", "1": "paused"}},
        {"partition_states": {"0": "running", "1": "halted"}},
        {"warnings": ["partitions 0 wait: access denied"]},
    ]
    for waiting in waits:
        looks = Looks()
        for second in range(0, 900, 5):
            assert looks.at(second, held(NOW + seconds(second), lag=10 * second, **waiting)).do is Do.NOTHING


def test_a_call_that_fails_and_is_made_again_is_a_sign_of_life():
    looks = Looks()
    for second in range(0, 900, 5):
        fact = held(NOW + seconds(second), lag=10 * second, counters={"fence_again": second // 100})
        assert looks.at(second, fact).do is Do.NOTHING


def test_a_supervisor_that_was_away_watches_anew():
    looks = Looks()
    looks.deliver(0, 60)
    frozen = held(NOW + seconds(55))
    assert looks.at(3_600, frozen).do is Do.NOTHING
    assert looks.at(3_615, frozen).do is Do.NOTHING
    assert looks.at(3_625, frozen).do is Do.TERMINATE


def test_who_is_not_wanted_drains_and_is_killed_only_in_the_end():
    looks = Looks()
    looks.deliver(0, 30)
    looks.desired = replace(NONE, changed_at=NOW + seconds(30))
    assert looks.at(30, held(NOW + seconds(30))).do is Do.TERMINATE
    draining = held(NOW + seconds(31), state="draining")
    assert [looks.at(30 + s, draining).do for s in (5, 60, 325)] == [Do.NOTHING] * 3
    assert looks.at(360, draining).do is Do.KILL
    gone = looks.at(365, free(code=137, pid=7))
    assert (gone.do, gone.why) == (Do.NOTHING, "is stopped")


def of_third(desired, **facts):
    """What is done about member-3 where two are managed."""
    third = replace(held(), member="member-3", **facts)
    return reconcile(desired, [third], Cursor(), NOW, jitter=lambda: 0).decisions[-1]


def test_a_member_too_many_is_ended_if_a_supervisor_started_it():
    assert of_third(RUNNING, spawned=True).do is Do.TERMINATE
    assert of_third(STOPPED, spawned=True).do is Do.TERMINATE


def test_a_member_that_a_person_runs_is_left_alone_unless_the_desired_state_names_it():
    for desired in (RUNNING, STOPPED):
        decision = of_third(desired)
        assert (decision.member, decision.do, decision.why) == ("member-3", Do.NOTHING, "somebody else runs it")
    assert reconcile(STOPPED, [held()], Cursor(), NOW, jitter=lambda: 0).decisions[0].do is Do.TERMINATE
    assert reconcile(None, [held()], Cursor(), NOW, jitter=lambda: 0).decisions == ()


def test_who_ends_every_few_minutes_is_in_a_crash_loop_however_well_it_started():
    looks, alarms = Looks(), []
    for start in (0, 200, 400):
        alarms.append(looks.at(start, free(code=137, pid=7) if start else free()).alarm)
        looks.deliver(start + 5, start + 195)
    assert alarms == [None, None, None]
    third = looks.at(600, free(code=137, pid=7))
    assert third.alarm == "member-1 ended 3 times within 10 minutes, last with signal 9"
    assert looks.at(605, held(NOW + seconds(605))).alarm == third.alarm
    assert looks.at(800, held(NOW + seconds(800))).alarm is None  # the first is ten minutes old


def test_somebody_who_wants_the_stream_anew_forgives_former_ends():
    looks = Looks()
    for start in (0, 100, 200, 300):
        looks.at(start, free(code=137, pid=7) if start else free())
        looks.deliver(start + 5, start + 95)
    assert looks.at(395, held(NOW + seconds(395))).alarm
    looks.desired = replace(ONE, changed_at=NOW + seconds(396))
    assert looks.at(400, held(NOW + seconds(400))).alarm is None


def test_an_end_between_two_looks_counts_as_well():
    looks, alarms = Looks(), []
    for number in range(4):
        at = 100 * number
        alarms.append(looks.at(at, held(NOW + seconds(at), pid=7 + number)).alarm)
    assert alarms[:3] == [None] * 3
    assert alarms[3] == "member-1 ended 3 times within 10 minutes, last with an end that nobody saw"


def test_a_member_that_starts_for_long_is_an_alarm_with_its_last_line():
    looks = Looks()
    starting = [
        replace(held(NOW + seconds(s), state="starting", partitions=[], lag=None), last_words="waiting for the group")
        for s in range(0, 75, 5)
    ]
    alarms = [looks.at(5 * number, fact).alarm for number, fact in enumerate(starting)]
    assert alarms[:13] == [None] * 13
    assert alarms[13] == (
        "member-1 has delivered nothing for 65 s: no partition was assigned to it; its last line: waiting for the group"
    )


def test_a_member_left_over_is_idle_and_no_alarm():
    cursor, alarms = Cursor(), []
    for second in range(0, 120, 5):
        at = NOW + seconds(second)
        owner = held(at, partitions=[0, 1], rows_landed=second)
        left = replace(held(at, state="starting", partitions=[], lag=None), member="member-2")
        plan = reconcile(RUNNING, [owner, left], cursor, at, jitter=lambda: 0)
        cursor = plan.cursor
        alarms += [decision.alarm for decision in plan.decisions if decision.alarm]
    assert alarms == []
    assert absences([owner, left], cursor, RUNNING.names(), at, LIMITS).idle == ("member-2",)


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (137, "old", "signal 9"),
        (1, "x" * 1_000, "code 1: " + "x" * 400),
        (3, "no", "code 3 (it refused to start or every partition halted): no"),
        (None, "no", "an unknown code: no"),
    ],
)
def test_how_it_ended_is_one_line(code, words, said):
    assert how_it_ended(code, words) == said


class TestObserve:
    def look(self, cursor, second, **facts):
        fact = MemberFacts("pod-a", True, 7, beat(NOW, **facts), 7)
        return observe([fact], cursor, NOW + seconds(second))

    def test_an_old_heartbeat_is_an_alarm_and_nothing_is_done(self):
        plan = self.look(Cursor(), 30)
        assert [(d.do, d.alarm) for d in plan.decisions] == [(Do.NOTHING, "pod-a: no heartbeat for 30 s")]

    def test_a_heartbeat_of_the_future_is_no_sign_of_life(self):
        (decision,) = self.look(Cursor(), -3_600).decisions
        assert decision.alarm == "pod-a: its heartbeat is 3600 s ahead of this machine's clock"

    def test_a_farewell_is_none(self):
        (decision,) = self.look(Cursor(), 3_000, state="stopped").decisions
        assert (decision.why, decision.alarm) == ("has stopped", None)

    def test_one_that_starts_for_long_is_an_alarm(self):
        cursor, alarms = Cursor(), []
        for second in range(0, 70, 5):
            fact = MemberFacts("pod-a", True, 7, beat(NOW + seconds(second), state="starting", partitions=[]), 7)
            plan = observe([fact], cursor, NOW + seconds(second))
            cursor = plan.cursor
            alarms += [decision.alarm for decision in plan.decisions if decision.alarm]
        assert alarms == ["pod-a has delivered nothing for 65 s: no partition was assigned to it"]

    def test_a_stuck_member_is_an_alarm(self):
        cursor, alarms = Cursor(), []
        for second in range(0, 400, 5):
            fact = MemberFacts("pod-a", True, 7, beat(NOW + seconds(second), lag=second), 7)
            plan = observe([fact], cursor, NOW + seconds(second))
            cursor = plan.cursor
            alarms += [decision.alarm for decision in plan.decisions if decision.alarm]
        assert alarms[0] == "pod-a: no progress for 305 s while 305 records wait"
