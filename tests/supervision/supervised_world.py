"""Members as a supervisor meets them: they start slowly or never, die, hang, wait for a broker; time is a number.

`World.run` lets `reconcile` look after them tick by tick and holds its promises against what really happened. The
cursor goes through JSON between any two ticks, as Dagster keeps it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestration.supervision import reconcile as r
from orchestration.supervision.desired import Desired
from orchestration.supervision.model import Cursor, Decision, Do, Limits, MemberFacts
from streaming.adapters.heartbeat import Beat

NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)
TICK = timedelta(seconds=5)
LIMITS = Limits(stuck_s=40.0)
"""As in earnest, but that a stuck member shows within a short course of events."""
RUNNING = Desired(True, 2, NOW - timedelta(hours=1), "a test")
STOPPED = Desired(False, 2, NOW - timedelta(minutes=1), "a test")

Choose = Callable[[Sequence[Any]], Any]
"""Picks one of a sequence: a random generator's choice, or Hypothesis."""


def beat(at: datetime = NOW, **facts: Any) -> Beat:
    """A heartbeat of a member that delivers two partitions."""
    usual = {"state": "running", "partitions": [0, 1], "partition_states": {"0": "running", "1": "running"}}
    return Beat(member="member-1", at=at, **(usual | {"lag": 0, "rows_landed": 100} | facts))


def held(at: datetime = NOW, *, pid: int = 7, beat_pid: int | None = None, **facts: Any) -> MemberFacts:
    """member-1 as it runs: its lease, and a heartbeat of that moment."""
    return MemberFacts("member-1", True, pid, beat(at, **facts), pid if beat_pid is None else beat_pid)


def free(code: int | None = None, pid: int | None = None, words: str = "") -> MemberFacts:
    """member-1 with nobody to play it."""
    return MemberFacts("member-1", False, exit_code=code, exit_pid=pid, last_words=words)


@dataclass
class Process:
    """One process of a member."""

    pid: int
    lease_at: datetime
    holds: bool = False
    frozen: bool = False
    wedged: bool = False
    landed: int = 0
    lag: int = 0
    beat_at: datetime | None = None
    frozen_since: datetime | None = None
    stuck_since: datetime | None = None
    hung_at: datetime | None = None


@dataclass
class Kept:
    """A member, and what its supervisor owes it."""

    name: str
    process: Process | None = None
    former: Beat | None = None
    former_pid: int | None = None
    exit: tuple[int, int] | None = None
    ends: int = 0
    least_wait: timedelta = timedelta()
    started: datetime | None = None
    held_since: datetime | None = None
    looked: datetime | None = None
    """When the supervisor saw it hold its lease last."""
    absent_since: datetime | None = NOW


@dataclass
class World:
    """Two members under `desired: running`."""

    choose: Choose
    broker: bool = True
    lag_known: bool = True
    """Whether members go on showing the last known lag while the broker is away."""
    now: datetime = NOW
    pids: int = 100
    cursor: Cursor = field(default_factory=Cursor)
    members: list[Kept] = field(default_factory=lambda: [Kept("member-1"), Kept("member-2")])
    moved: dict[str, bool] = field(default_factory=dict)

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.now += TICK
            if self.choose([False] * 9 + [True]):
                self.broker, self.lag_known = not self.broker, self.choose([True, False])
            for member in self.members:
                self._happens(member)
            facts = [self._facts(member) for member in self.members]
            chance = self.choose([0.0, 0.5, 1.0])
            plan = r.reconcile(RUNNING, facts, self.cursor, self.now, jitter=lambda c=chance: c, limits=LIMITS)
            self.cursor = Cursor.from_json(plan.cursor.to_json())
            assert self.cursor == plan.cursor
            for member, decision in zip(self.members, plan.decisions, strict=True):
                assert decision.member == member.name
                self._promised(member, decision)
                self._obey(member, decision)

    # --- what happens to members ---

    def _happens(self, member: Kept) -> None:
        process = member.process
        self.moved[member.name] = False
        if process is None:
            return None
        if not process.holds and self.now >= process.lease_at:
            process.holds, member.held_since = True, self.now
        event = self.choose(["go on"] * 12 + ["die", "freeze", "wake", "wedge"])
        if event == "die":
            return self._dies(member, self.choose([0, 1, 1, 137, 137, 137, 137, 2]))
        if process.holds:
            process.frozen = event == "freeze" or (process.frozen and event != "wake")
            process.wedged = event == "wedge" or (process.wedged and event != "wake")
            self._works(member, process)
        return None

    def _works(self, member: Kept, process: Process) -> None:
        process.frozen_since = (process.frozen_since or self.now) if process.frozen else None
        stuck = process.wedged and self.broker and not process.frozen
        process.stuck_since = (process.stuck_since or self.now) if stuck else None
        process.hung_at = self.now if process.wedged else process.hung_at
        if process.frozen:
            return
        process.beat_at = self.now
        if self.broker and process.wedged:
            process.lag += 10
        elif self.broker:
            process.landed += 50
            process.lag = self.choose([0, 3, 9])
            self.moved[member.name] = True

    def _dies(self, member: Kept, code: int) -> None:
        process = member.process
        assert process is not None
        if process.holds and process.beat_at is not None:
            member.former, member.former_pid = beat(process.beat_at, rows_landed=process.landed), process.pid
        lived = member.looked - member.held_since if member.looked and member.held_since else timedelta()
        steady = lived >= timedelta(seconds=LIMITS.steady_s)  # as the supervisor can have seen it
        member.ends = 1 if steady else member.ends + 1
        least = 0.0 if member.ends == 1 else 0.5 * min(60.0, 2.0 ** (member.ends - 2))
        member.least_wait = timedelta(seconds=150.0 if code == 2 else least)
        member.exit, member.process, member.held_since, member.looked = (process.pid, code), None, None, None
        member.absent_since = self.now

    def _facts(self, member: Kept) -> MemberFacts:
        process = member.process
        if process is not None and process.holds:
            member.looked, own = self.now, process.beat_at is not None
            lag = process.lag if self.broker or self.lag_known else None
            seen = beat(process.beat_at, rows_landed=process.landed, lag=lag) if process.beat_at else member.former
            return MemberFacts(member.name, True, process.pid, seen, process.pid if own else member.former_pid)
        pid, code = member.exit if member.exit and process is None else (None, None)
        return MemberFacts(member.name, False, None, member.former, member.former_pid, True, code, pid, "Killed")

    # --- what the supervisor promises ---

    def _promised(self, member: Kept, decision: Decision) -> None:
        process = member.process
        if decision.do is Do.START:
            assert process is None, "started while a process of it lives"
            if member.started is not None:
                assert self.now - member.started >= member.least_wait, "started within its backoff"
        if decision.do in {Do.TERMINATE, Do.KILL}:
            assert process is not None
            assert decision.pid == process.pid
            assert not self.moved[member.name], "ended although it gets on"
            hung = process.frozen or self._since(process.hung_at or NOW) <= LIMITS.growing_s  # it cannot know sooner
            assert hung, "ended although only the broker is away"
        if process is None and decision.do is not Do.START:
            limit = 300.0 if member.least_wait >= timedelta(seconds=150) else 60.0
            assert self._since(member.absent_since) <= limit + 5, "not started in time"
        if process is not None and decision.do is not Do.KILL:
            silent_s = LIMITS.first_beat_s if process.beat_at is None else LIMITS.silent_s
            assert self._since(process.frozen_since) <= silent_s + 10, "a silent member lives on"
            limit = LIMITS.stuck_s + (10 if decision.do is Do.NOTHING else 20)
            assert self._since(process.stuck_since) <= limit, "a stuck member lives on"

    def _since(self, moment: datetime | None) -> float:
        return (self.now - moment).total_seconds() if moment else 0.0

    def _obey(self, member: Kept, decision: Decision) -> None:
        if decision.do is Do.START:
            self.pids += 1
            member.process = Process(self.pids, self.now + timedelta(seconds=self.choose([1, 4, 12, 20])))
            member.started, member.exit, member.absent_since = self.now, None, None
        elif decision.do is Do.KILL or (decision.do is Do.TERMINATE and member.process and not member.process.frozen):
            self._dies(member, 137)
