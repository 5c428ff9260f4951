"""One tick of the supervisor: look, decide, act, and say what the stream is like."""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from orchestration.errors import UserError
from orchestration.supervision import spawn
from orchestration.supervision.absence import Absence, absences, own_beat
from orchestration.supervision.desired import Desired, DesiredError, read_desired
from orchestration.supervision.facts import gather, observed
from orchestration.supervision.metrics import StreamMetrics, aggregate
from orchestration.supervision.model import LIMITS, Cursor, Decision, Do, Limits, MemberFacts, Plan
from orchestration.supervision.progress import gone
from orchestration.supervision.reconcile import Jitter, observe, reconcile
from orchestration.supervision.thresholds import REPORT_EVERY_S
from streaming.member_process import MEMBER_COMMAND

SIGNALS = {Do.TERMINATE: signal.SIGTERM, Do.KILL: signal.SIGKILL}


@dataclass(frozen=True, slots=True)
class Stream:
    """Where the stream lives and how its members are started."""

    state_dir: Path
    environment: Callable[[], Mapping[str, str]]
    """A whole process environment for a member; asked for only when one is started. Raises UserError."""
    command: Sequence[str] = MEMBER_COMMAND
    observe_only: bool = False
    """Somebody else starts and ends the members: a cluster."""
    expected: int = 1
    """How many members a stream that is only observed should have."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tick did and saw."""

    cursor: Cursor
    metrics: StreamMetrics
    lines: tuple[str, ...] = ()
    """What was done about members, for people."""
    alarms: tuple[str, ...] = ()
    """What people must see: wedged members, crash loops, what could not be done. One line each."""
    report: bool = False
    """Whether the figures are to be reported now: a minute is over, or an alarm is new."""


def tick(stream: Stream, cursor: Cursor, now: datetime, jitter: Jitter, limits: Limits = LIMITS) -> Outcome:
    """Look at the members once, and bring them nearer to what is wanted; only look where that is somebody else's.

    What a person must mend becomes an alarm, no exception: the cursor must outlive it.
    """
    cursor = cursor.as_of(now)
    seen = _seen(stream, cursor, now, jitter, limits)
    lines, after, failures = _carried_out(stream, seen.plan)
    alarms = [*seen.complaints, *(decision.alarm for decision in seen.plan.decisions if decision.alarm), *failures]
    spawned = {name for name, member in after.members.items() if member.started is not None}
    absence = _absence(seen, after, now, limits)
    metrics, counted = aggregate(seen.facts, seen.expected, cursor.counted, spawned, absence)
    lives, lacks = metrics.beating > 0, metrics.running < (seen.expected or 0)
    turned = bool(alarms) != cursor.alarmed  # also of a stream that was stopped since: nothing else turns it green
    report = turned or (_due(cursor, now) and (lives or lacks))
    if report:
        after = replace(after, reported_at=now, counted=counted)
    return Outcome(replace(after, alarmed=bool(alarms)), metrics, tuple(lines), tuple(alarms), report)


def look(
    stream: Stream, cursor: Cursor, now: datetime, limits: Limits = LIMITS
) -> tuple[StreamMetrics, tuple[str, ...]]:
    """The figures as of now, and what is wrong with the desired state or with heartbeats, which stand for nobody once
    they are old. Acts on nobody."""
    seen = _seen(stream, cursor, now, lambda: 0.0, limits)
    undone = {name: replace(member, started=None) for name, member in seen.plan.cursor.members.items()}
    absence = _absence(seen, replace(seen.plan.cursor, members=undone), now, limits)
    old = {fact.member: why for fact in seen.facts if own_beat(fact) and (why := gone(fact, now, limits))}
    facts = [replace(fact, beat=None, beat_pid=None) if fact.member in old else fact for fact in seen.facts]
    complaints = (*seen.complaints, *(f"{member}: {why}" for member, why in old.items()))
    return aggregate(facts, seen.expected, cursor.counted, absence=absence)[0], complaints


def _seen(stream: Stream, cursor: Cursor, now: datetime, jitter: Jitter, limits: Limits) -> "_Look":
    if stream.observe_only:
        return _observed(stream, cursor, now, limits)
    return _supervised(stream, cursor, now, jitter, limits)


@dataclass(frozen=True, slots=True)
class _Look:
    facts: list[MemberFacts]
    plan: Plan
    expected: int | None
    wanted: tuple[str, ...]
    complaints: tuple[str, ...] = ()


def _observed(stream: Stream, cursor: Cursor, now: datetime, limits: Limits) -> _Look:
    facts = observed(stream.state_dir, now, timedelta(seconds=limits.silent_s))
    wanted = [fact.member for fact in facts if fact.lease_held or fact.beat is None or fact.beat.state != "stopped"]
    strangers = [f"{stream.expected - len(wanted)} that never reported"] if len(wanted) < stream.expected else []
    return _Look(facts, observe(facts, cursor, now, limits), stream.expected, (*wanted, *strangers))


def _supervised(stream: Stream, cursor: Cursor, now: datetime, jitter: Jitter, limits: Limits) -> _Look:
    try:
        wanted: Desired | None = read_desired(stream.state_dir)
        complaints: tuple[str, ...] = ()
    except DesiredError as error:
        wanted, complaints = None, (str(error),)
    names = tuple(wanted.names()) if wanted else ()
    try:
        facts = gather(stream.state_dir, names)
    except OSError as error:  # who may live is not started again
        blind = f"the members' leases cannot be looked at: {error}"
        return _Look([], Plan((), cursor), len(names) if wanted else None, names, (*complaints, blind))
    plan = reconcile(wanted, facts, cursor, now, jitter=jitter, limits=limits)
    return _Look(facts, plan, len(names) if wanted else None, names, complaints)


def _absence(seen: _Look, after: Cursor, now: datetime, limits: Limits) -> Absence:
    return absences(seen.facts, after, seen.wanted, now, limits)


def _due(cursor: Cursor, now: datetime) -> bool:
    return cursor.reported_at is None or now - cursor.reported_at >= timedelta(seconds=REPORT_EVERY_S)


def _carried_out(stream: Stream, plan: Plan) -> tuple[list[str], Cursor, list[str]]:
    """Do what was decided. Returns what was done, the cursor without what was not, and why it was not."""
    lines, members, failures = [], dict(plan.cursor.members), []
    for decision in plan.decisions:
        try:
            if line := _done(stream, decision):
                lines.append(line)
        except (OSError, UserError) as error:
            failures.append(f"{decision.member}: cannot {decision.do}: {error}")
            if decision.do is Do.START:  # tried again at the next tick
                members[decision.member] = replace(members[decision.member], started=None)
    return lines, replace(plan.cursor, members=members), failures


def _done(stream: Stream, decision: Decision) -> str | None:
    """Carry out one decision. Returns a line for people, if anything was done. Raises OSError, UserError."""
    if decision.do is Do.START:
        spawn.start(stream.state_dir, decision.member, stream.environment(), stream.command)
        return f"{decision.member}: started; {decision.why}"
    if decision.do is Do.NOTHING:
        return None
    number = SIGNALS[decision.do]
    if decision.pid is None or not spawn.send(stream.state_dir, decision.member, decision.pid, number):
        return f"{decision.member}: {number.name} was due ({decision.why}), but nobody is known to hold its lease"
    return f"{decision.member}: {number.name} to process {decision.pid}; {decision.why}"
