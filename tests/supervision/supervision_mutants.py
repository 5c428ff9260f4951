"""The supervisor with one tempting shortcut each; each with the scenario that must see it."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import test_reconcile as t
import test_stream_figures as figures
from supervised_world import World

from orchestration.supervision import judging, metrics, progress, reconcile
from orchestration.supervision.absence import WHOLE
from orchestration.supervision.desired import MOST_MEMBERS, Desired
from orchestration.supervision.model import Cursor, Decision, Do, Limits, MemberCursor, MemberFacts

_lag, _tick = judging.lag, reconcile._Tick
_absent, _living, _failed, _noted, _from_json = (
    reconcile._absent,
    reconcile._living,
    reconcile._failed,
    reconcile.noted,
    Cursor.from_json,
)


def start_what_does_not_beat(tick: Any, fact: MemberFacts, member: MemberCursor, wanted: bool) -> Any:
    """A process without a heartbeat is as good as none."""
    return (_living if fact.beat_pid == fact.pid else _absent)(tick, fact, member, wanted)


def start_while_starting(tick: Any, fact: MemberFacts, member: MemberCursor, wanted: bool) -> Any:
    """It does not run, so it is started."""
    return _absent(tick, fact, replace(member, started=None), wanted)


def wait_for_nothing(code: int | None, failures: int, chance: float, limits: Limits) -> float:
    return 0.0


def jitter_over_all_of_it(code: int | None, failures: int, chance: float, limits: Limits) -> float:
    return limits.backoff_most_s * chance


def start_well_by_starting(tick: Any, fact: MemberFacts, member: MemberCursor, wanted: bool) -> Any:
    """Whoever has its lease has started well."""
    decision, after = _living(tick, fact, member, wanted)
    return decision, replace(after, failures=0)


def give_up(tick: Any, fact: MemberFacts, member: MemberCursor, wanted: bool) -> Any:
    """Who fails that often will not start."""
    if member.failures > 4:
        return Decision(fact.member, Do.NOTHING, "given up"), member
    return _absent(tick, fact, member, wanted)


def try_refusals_like_crashes(tick: Any, fact: MemberFacts, member: MemberCursor) -> MemberCursor:
    return _failed(tick, replace(fact, exit_code=None), member)


def stand_still_is_stuck(cursor: MemberCursor, now: datetime, limits: Limits) -> str | None:
    """Records wait and nothing moves, so it hangs: also while the broker is away."""
    since = cursor.progress_since
    return "stuck" if cursor.lag and since and (now - since).total_seconds() > limits.stuck_s else None


def lag_is_stuck(cursor: MemberCursor, now: datetime, limits: Limits) -> str | None:
    return "stuck" if cursor.lag and cursor.lag > 5 else None


def trust_the_process(*_: Any) -> None:
    """The process lives, so it works."""


def take_any_heartbeat(facts: MemberFacts, *rest: Any) -> str | None:
    return progress.silent(replace(facts, beat_pid=facts.pid), *rest)


def judge_everybody(beat: Any) -> bool:
    return True


def forget_the_backoff(text: str | None) -> Cursor:
    cursor = _from_json(text)
    return replace(cursor, members={n: replace(m, not_before=None) for n, m in cursor.members.items()})


def kill_at_once(tick: Any, fact: MemberFacts, member: MemberCursor, why: str, wedged: bool) -> Any:
    return Decision(fact.member, Do.KILL, why, fact.pid), member


def ask_for_ever(tick: Any, fact: MemberFacts, member: MemberCursor, why: str, wedged: bool) -> Any:
    return Decision(fact.member, Do.TERMINATE, why, fact.pid), member


def remember_over_a_lapse(cursor: Cursor, now: datetime, limits: Limits) -> datetime:
    return cursor.watched_since or now


def count_on(counted: Any, before: Any) -> tuple[int, int]:
    """The difference to the last report, whichever process counted."""
    known = {name: before.get(name, replace(now, landed=0, quarantined=0)) for name, now in counted.items()}
    landed = sum(max(0, now.landed - known[name].landed) for name, now in counted.items())
    return landed, sum(max(0, now.quarantined - known[name].quarantined) for name, now in counted.items())


def average(beats: Any, quantile: str) -> float | None:
    known = [beat.latency_ms[quantile] for beat in beats if beat.latency_ms.get(quantile) is not None]
    return sum(known) / len(known) if known else None


def no_lag_is_no_lag(figures: Any) -> judging.Verdict:
    return _lag(replace(figures, lag=figures.lag or 0))


def the_living_are_all(figures: Any) -> judging.Verdict:
    """The lag of who lives is the lag."""
    return _lag(replace(figures, absence=WHOLE))


def forget_former_ends(*_: Any, **__: Any) -> list[int]:
    """Who has started well has not failed."""
    return []


def manage_every_name(desired: Desired) -> list[str]:
    """Its name is a supervisor's, so it is ours."""
    return [f"member-{number}" for number in range(1, MOST_MEMBERS + 1)]


def start_as_long_as_it_likes(*_: Any) -> None:
    """It lives and has heartbeat."""


def nobody_is_idle(*_: Any) -> bool:
    return False


def judge_at_every_look(*facts: Any, **more: Any) -> Any:
    """A heartbeat is old however long nobody looked."""
    return replace(_tick(*facts, **more), late=False)


def a_lag_of_some_partitions_fails() -> None:
    figures.test_the_lag_of_some_partitions_never_passes(0, "WARN", "at least 0 records wait")


def an_unknown_lag_fails() -> None:
    figures.test_what_is_not_well_fails_one_check_with_its_severity(
        "lag", {"lag": None}, "WARN", "the lag is not known"
    )


def in_some_course() -> None:
    """Twenty courses of events: fails if any breaks a promise. The rarest, to give up, shows in the 17th."""
    for seed in range(20):
        World(random.Random(seed).choice).run(100)


MUTANTS: dict[str, tuple[tuple[Any, str, Any], Callable[[], None]]] = {
    "start what does not beat": ((reconcile, "_living", start_what_does_not_beat), in_some_course),
    "start while starting": ((reconcile, "_absent", start_while_starting), in_some_course),
    "no backoff": ((reconcile, "backoff_s", wait_for_nothing), in_some_course),
    "jitter over all of the wait": ((reconcile, "backoff_s", jitter_over_all_of_it), in_some_course),
    "a lease is a good start": (
        (reconcile, "_living", start_well_by_starting),
        t.test_who_dies_soon_after_each_start_is_in_a_crash_loop_too,
    ),
    "give up": ((reconcile, "_absent", give_up), in_some_course),
    "try refusals like crashes": ((reconcile, "_failed", try_refusals_like_crashes), in_some_course),
    "standing still is stuck": ((reconcile, "stuck", stand_still_is_stuck), in_some_course),
    "lag is stuck": ((reconcile, "stuck", lag_is_stuck), in_some_course),
    "trust the process: silence": ((reconcile, "silent", trust_the_process), in_some_course),
    "trust the process: progress": ((reconcile, "stuck", trust_the_process), in_some_course),
    "the cursor forgets the backoff": ((Cursor, "from_json", forget_the_backoff), in_some_course),
    "ask for ever": ((reconcile, "_end", ask_for_ever), in_some_course),
    "kill at once": ((reconcile, "_end", kill_at_once), t.test_who_is_not_wanted_drains_and_is_killed_only_in_the_end),
    "take any heartbeat": (
        (reconcile, "silent", take_any_heartbeat),
        t.test_the_heartbeat_of_its_predecessor_is_not_held_against_it,
    ),
    "judge everybody": (
        (progress, "_judgeable", judge_everybody),
        t.test_who_waits_for_something_is_not_stuck,
    ),
    "remember over a lapse": (
        (reconcile, "watched_since", remember_over_a_lapse),
        t.test_a_supervisor_that_was_away_watches_anew,
    ),
    "count on over a restart": (
        (metrics, "_lately", count_on),
        figures.TestAggregate().test_what_came_since_the_last_report_is_counted_by_process,
    ),
    "average percentiles": (
        (metrics, "_worst", average),
        figures.TestAggregate().test_counts_are_summed_and_percentiles_are_the_worst,
    ),
    "the living are all": ((judging, "lag", the_living_are_all), a_lag_of_some_partitions_fails),
    "forget former ends": (
        (reconcile, "_deaths", forget_former_ends),
        t.test_who_ends_every_few_minutes_is_in_a_crash_loop_however_well_it_started,
    ),
    "manage every name": (
        (Desired, "managed", manage_every_name),
        t.test_a_member_that_a_person_runs_is_left_alone_unless_the_desired_state_names_it,
    ),
    "start as long as it likes": (
        (reconcile, "_missing", start_as_long_as_it_likes),
        t.test_a_member_that_starts_for_long_is_an_alarm_with_its_last_line,
    ),
    "judge at every look": (
        (reconcile, "_Tick", judge_at_every_look),
        t.test_a_look_that_comes_late_calls_nobody_silent,
    ),
    "believe heartbeats of the future": (
        (progress, "AHEAD", timedelta(days=1)),
        t.test_after_the_clock_was_set_back_a_frozen_member_is_found_as_soon_as_before,
    ),
    "nobody is idle": ((reconcile, "is_idle", nobody_is_idle), t.test_a_member_left_over_is_idle_and_no_alarm),
    "an unknown lag is none": ((judging, "lag", no_lag_is_no_lag), an_unknown_lag_fails),
}
"""Where it is planted, and what must see it."""


@contextmanager
def alive(name: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*MUTANTS[name][0])
        yield
