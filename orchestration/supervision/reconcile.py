"""Desired state and one look at the members become decisions. Pure: clock, chance and processes are handed in.

A member is judged by its lease and its progress, never by a process that somebody once started: whoever holds the
lease is the member, whoever spawned it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orchestration.supervision.absence import is_idle, late, missing_since, partitions_seen, unowned
from orchestration.supervision.desired import Desired
from orchestration.supervision.model import (
    LIMITS,
    Cursor,
    Decision,
    Do,
    Limits,
    MemberCursor,
    MemberFacts,
    Plan,
)
from orchestration.supervision.progress import gone, noted, silent, stuck
from streaming.member_process import EXIT_LEASE_HELD, EXIT_UNAVAILABLE, FATAL_CODES

Jitter = Callable[[], float]
"""A number from 0 to 1, drawn for each wait, so that members that died together do not start together."""


@dataclass(frozen=True, slots=True)
class _Tick:
    now: datetime
    watched_since: datetime
    jitter: Jitter
    limits: Limits
    partitions: int = 0
    late: bool = False
    """Whether the look before was so long ago that the machine may have stood still, all members with it."""
    unowned: tuple[int, ...] = ()


def reconcile(
    desired: Desired | None,
    facts: Sequence[MemberFacts],
    cursor: Cursor,
    now: datetime,
    *,
    jitter: Jitter,
    limits: Limits = LIMITS,
) -> Plan:
    """Decide about every member that is wanted or seen. Nothing is decided where nobody manages the stream.

    The plan's cursor takes it that the decisions are carried out.
    """
    known = partitions_seen(facts, cursor.partitions if desired and cursor.desired_at == desired.changed_at else 0)
    late = cursor.at is not None and (now - cursor.at).total_seconds() > limits.silent_s
    tick = _Tick(now, watched_since(cursor, now, limits), jitter, limits, known, late, unowned(facts, known))
    cursor = replace(cursor, at=now, watched_since=tick.watched_since, partitions=known)
    if desired is None:
        return Plan((), replace(cursor, members={}, desired_at=None))
    kept = cursor.members if cursor.desired_at == desired.changed_at else _forgiven(cursor.members)
    kept = kept if tick.watched_since != now else _watched_anew(kept)
    wanted, managed = desired.names(), desired.managed()
    seen = {fact.member: fact for fact in facts}
    decisions, members = [], {}
    for name in sorted({*wanted, *seen}):
        fact, member = seen.get(name, MemberFacts(name)), kept.get(name, MemberCursor())
        if fact.lease_held and not fact.spawned and name not in managed:
            decisions.append(Decision(name, Do.NOTHING, "somebody else runs it", fact.pid))
            continue
        decide = _living if fact.lease_held else _absent
        decision, after = decide(tick, fact, member, name in wanted)
        members[name] = replace(after, missing_since=missing_since(fact, member, name in wanted, now))
        alarm = decision.alarm or _alarm(name, members[name], tick) or _missing(fact, members[name], tick)
        decisions.append(replace(decision, alarm=alarm))
    return Plan(tuple(decisions), replace(cursor, members=members, desired_at=desired.changed_at))


def watched_since(cursor: Cursor, now: datetime, limits: Limits) -> datetime:
    """Since when the supervisor has looked without a lapse."""
    lapsed = cursor.at is None or (now - cursor.at).total_seconds() > limits.lapse_s
    return now if lapsed or cursor.watched_since is None else cursor.watched_since


def _forgiven(members: dict[str, MemberCursor]) -> dict[str, MemberCursor]:
    """Somebody wants something anew: earlier failures are no reason to wait."""
    return {
        name: replace(member, failures=0, refused=False, not_before=None, told_at=None, deaths=[], missing_since=None)
        for name, member in members.items()
    }


def _watched_anew(members: dict[str, MemberCursor]) -> dict[str, MemberCursor]:
    return {
        name: replace(member, progress=None, progress_since=None, missing_since=None)
        for name, member in members.items()
    }


def _living(tick: _Tick, fact: MemberFacts, member: MemberCursor, wanted: bool) -> tuple[Decision, MemberCursor]:
    """Somebody holds the lease."""
    if member.held_since is None or member.pid != fact.pid:
        member = _taken_over(tick, fact, member)
    member = noted(member, fact, tick.now)
    if member.held_since is not None and tick.now - member.held_since >= timedelta(seconds=tick.limits.steady_s):
        member = replace(member, failures=0, not_before=None)
    hangs = None if tick.late else silent(fact, member, tick.watched_since, tick.now, tick.limits)
    wedged = hangs or stuck(member, tick.now, tick.limits)
    why = wedged or (None if wanted else "it is not wanted")
    if why is None:
        return Decision(fact.member, Do.NOTHING, "runs", fact.pid), replace(member, told_at=None)
    decision, member = _end(tick, fact, member, why, wedged is not None)
    return replace(decision, alarm=f"{fact.member}: {wedged}" if wedged else None), member


def _taken_over(tick: _Tick, fact: MemberFacts, member: MemberCursor) -> MemberCursor:
    """Another process holds the lease; if it took it from one that was seen to, that one has ended in between."""
    ended = None not in (member.pid, fact.pid)
    return MemberCursor(
        member.failures,
        ended_with=member.ended_with if not ended else "an end that nobody saw",
        held_since=tick.now,
        pid=fact.pid,
        deaths=_deaths(tick, member, also=ended),
    )


def _deaths(tick: _Tick, member: MemberCursor, *, also: bool) -> list[int]:
    """The member's ends that still count, and another one just now."""
    now = int(tick.now.timestamp())
    return [at for at in member.deaths if now - at < tick.limits.loop_s] + [now] * also


def _end(tick: _Tick, fact: MemberFacts, member: MemberCursor, why: str, wedged: bool) -> tuple[Decision, MemberCursor]:
    """SIGTERM first; SIGKILL, which is safe, where that has not ended it in time."""
    if member.told_at is None:
        return Decision(fact.member, Do.TERMINATE, why, fact.pid), replace(member, told_at=tick.now)
    patience = tick.limits.last_chance_s if wedged else tick.limits.drain_s
    if tick.now - member.told_at >= timedelta(seconds=patience):
        return Decision(fact.member, Do.KILL, why, fact.pid), member
    return Decision(fact.member, Do.NOTHING, f"was told to end: {why}", fact.pid), member


def _absent(tick: _Tick, fact: MemberFacts, member: MemberCursor, wanted: bool) -> tuple[Decision, MemberCursor]:
    """Nobody holds the lease."""
    waiting = member.started is not None and tick.now - member.started < timedelta(seconds=tick.limits.start_s)
    if waiting and fact.exit_code is None:
        return Decision(fact.member, Do.NOTHING, "is starting"), member
    if not wanted:
        return Decision(fact.member, Do.NOTHING, "is stopped"), MemberCursor()
    if member.started is not None or member.held_since is not None:
        member = _failed(tick, fact, member)
    if member.not_before is not None and tick.now < member.not_before:
        seconds = (member.not_before - tick.now).total_seconds()
        return Decision(fact.member, Do.NOTHING, f"starts again in {seconds:.0f} s"), member
    why = f"ended with {member.ended_with}" if member.failures else "it is wanted"
    return Decision(fact.member, Do.START, why), replace(member, started=tick.now, not_before=None)


def _failed(tick: _Tick, fact: MemberFacts, member: MemberCursor) -> MemberCursor:
    """It has ended, whatever it was doing."""
    code = fact.exit_code if member.pid in (None, fact.exit_pid) else None
    failures = member.failures + 1
    wait = timedelta(seconds=backoff_s(code, failures, tick.jitter(), tick.limits))
    return MemberCursor(
        failures,
        code in FATAL_CODES,
        how_it_ended(code, fact.last_words),
        not_before=tick.now + wait,
        deaths=_deaths(tick, member, also=True),
    )


def backoff_s(code: int | None, failures: int, chance: float, limits: Limits) -> float:
    """Seconds to wait after so many ends in a row: half of it is certain, half is chance."""
    if code in FATAL_CODES:
        wait = limits.refused_s
    elif code == EXIT_LEASE_HELD:
        wait = limits.rival_s
    elif failures <= 1:
        wait = 0.0
    else:
        most = limits.unavailable_s if code == EXIT_UNAVAILABLE else limits.backoff_most_s
        wait = min(most, limits.backoff_s * 2.0 ** min(failures - 2, 16))
    return wait * (0.5 + 0.5 * chance)


def how_it_ended(code: int | None, last_words: str) -> str:
    """Exit code and last words, on one line; words before a signal say nothing about it."""
    if code is not None and code > 128:
        return f"signal {code - 128}"
    how = "an unknown code" if code is None else f"code {code}"
    meaning = f" ({FATAL_CODES[code]})" if code in FATAL_CODES else ""
    return f"{how}{meaning}: {last_words[:400]}"


def _alarm(name: str, member: MemberCursor, tick: _Tick) -> str | None:
    """A crash loop, fast or slow, or a refusal."""
    often = len(_deaths(tick, member, also=False))
    if not member.refused and max(member.failures, often) < tick.limits.loop_failures:
        return None
    again = ""
    if member.not_before is not None and member.not_before > tick.now:
        hint = ", or at once by stream_start" if member.refused else ""
        again = f"; next start in {(member.not_before - tick.now).total_seconds():.0f} s{hint}"
    times = f"ended {member.failures} times in a row, last" if member.failures > 1 else "ended"
    if max(2, member.failures) < often:
        times = f"ended {often} times within {tick.limits.loop_s / 60:.0f} minutes, last"
    return f"{name} {times} with {member.ended_with}{again}"


def _missing(fact: MemberFacts, member: MemberCursor, tick: _Tick) -> str | None:
    """A wanted member that does not come up; one that is left over beside members that own all is only idle."""
    seconds = late(member, tick.now, tick.limits)
    if seconds is None or is_idle(fact, tick.partitions, tick.unowned):
        return None
    if not fact.lease_held:
        what = "it does not run"
    elif fact.beat is None or fact.beat_pid != fact.pid:
        what = "no first heartbeat"
    else:
        what = "no partition was assigned to it"
    words = f"; its last line: {fact.last_words[:400]}" if fact.last_words else ""
    return f"{fact.member} has delivered nothing for {seconds:.0f} s: {what}{words}"


def observe(facts: Sequence[MemberFacts], cursor: Cursor, now: datetime, limits: Limits = LIMITS) -> Plan:
    """Judge members that somebody else runs, by their heartbeats; nothing is done but to say what people must see."""
    since, known = watched_since(cursor, now, limits), partitions_seen(facts, cursor.partitions)
    tick = _Tick(now, since, lambda: 0.0, limits, known, unowned=unowned(facts, known))
    kept = cursor.members if since != now else _watched_anew(cursor.members)
    decisions, members = [], {}
    for fact in facts:
        stopped = fact.beat is not None and fact.beat.state == "stopped"
        member = noted(kept.get(fact.member, MemberCursor()), fact, now)
        members[fact.member] = replace(member, missing_since=missing_since(fact, member, not stopped, now))
        wedged = gone(fact, now, limits) or stuck(members[fact.member], now, limits)
        why = wedged or ("has stopped" if stopped else "runs")
        alarm = f"{fact.member}: {wedged}" if wedged else _missing(fact, members[fact.member], tick)
        decisions.append(Decision(fact.member, Do.NOTHING, why, fact.pid, alarm))
    return Plan(tuple(decisions), replace(cursor, at=now, watched_since=since, members=members, partitions=known))
