"""What a supervisor sees, remembers and decides. Values only; the cursor is the JSON that a sensor keeps."""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from streaming.adapters.heartbeat import Beat


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take, seconds; tests pass short ones."""

    silent_s: float = 20.0
    """No heartbeat for so long: the loop hangs. A beat is due each second; a rebalance may hold the loop for 10 s."""
    first_beat_s: float = 60.0
    """From the lease to the first heartbeat: a start waits up to 30 s for services."""
    drain_s: float = 330.0
    """From SIGTERM to the end: TIDEMARK_DRAIN_S is at most 300 s. Beyond it, a kill is safe too."""
    last_chance_s: float = 4.0
    """From SIGTERM to SIGKILL for a wedged member: a tick later. What hangs does not drain."""
    stuck_s: float = 300.0
    """Records wait and nothing at all moves: an append may be sent again for minutes while BigQuery is away, and the
    member mends a stalled fetch (30 s) and ends a stuck loop (60 s) by itself."""
    growing_s: float = 30.0
    """Lag that rose within so long proves that the broker answers: its outage is not a wedge."""
    start_s: float = 30.0
    """From spawning to the lease: seconds of imports, more on a busy machine."""
    steady_s: float = 30.0
    """A member that lived so long has started well: its former failures are forgotten."""
    backoff_s: float = 1.0
    """Wait before the second restart in a row, doubled for each one after; the first is at once."""
    backoff_most_s: float = 60.0
    rival_s: float = 60.0
    """After an end because another process plays the member: half of it, which is certain, is the time within which
    both put each other out (streaming/runner/rivals.py), so that a start does not put the other one out again."""
    refused_s: float = 300.0
    """Wait after an end that another start would repeat. A new desired state cuts it short."""
    unavailable_s: float = 5.0
    """Wait after a start that a service did not answer for 20 s: payments go on soon after it is back."""
    loop_failures: int = 3
    """Ends in a row, or within `loop_s`, that make a crash loop."""
    loop_s: float = 600.0
    """A member that ends every few minutes has started well each time, and lands nothing while it starts."""
    missing_s: float = 60.0
    """A wanted member that delivers nothing for so long is missing: a start takes seconds, or 30 s where a service is
    slow, and no wait after failures is longer, bar a refusal's."""
    lapse_s: float = 60.0
    """A supervisor that did not look for so long cannot tell what stood still meanwhile, and watches anew."""


LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """One look at one member."""

    member: str
    lease_held: bool = False
    pid: int | None = None
    """The holder of the lease, as it signed."""
    beat: Beat | None = None
    beat_pid: int | None = None
    beats_writable: bool = True
    """Whether a heartbeat could be written at all: a full disk makes nobody silent."""
    exit_code: int | None = None
    """How it ended, as a shell tells it (128 + signal); None while it runs, or if nobody saw it."""
    exit_pid: int | None = None
    last_words: str = ""
    spawned: bool = False
    """Whether a supervisor started the process that holds the lease."""


@dataclass(frozen=True, slots=True)
class MemberCursor:
    """What is remembered of one member from tick to tick."""

    failures: int = 0
    refused: bool = False
    """Its last end was one that another start repeats."""
    ended_with: str = ""
    started: datetime | None = None
    """When it was spawned, until it has the lease or has ended."""
    held_since: datetime | None = None
    pid: int | None = None
    told_at: datetime | None = None
    """When it was sent SIGTERM."""
    not_before: datetime | None = None
    progress: list[int] | None = None
    """Everything it counts; None while there is nothing to judge it by."""
    progress_since: datetime | None = None
    lag: int | None = None
    lag_rose_at: datetime | None = None
    deaths: list[int] = field(default_factory=list)
    """When it ended, seconds since 1970, as far as they count for a crash loop."""
    missing_since: datetime | None = None
    """Since when it is wanted and delivers nothing."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a process had counted at the last report."""

    pid: int
    landed: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """What is remembered of the stream from tick to tick."""

    at: datetime | None = None
    watched_since: datetime | None = None
    desired_at: datetime | None = None
    reported_at: datetime | None = None
    alarmed: bool = False
    members: dict[str, MemberCursor] = field(default_factory=dict)
    counted: dict[str, Counted] = field(default_factory=dict)
    partitions: int = 0
    """One more than the highest partition that any member ever owned under this desired state."""

    def as_of(self, now: datetime) -> "Cursor":
        """The same, if the clock was set back to `now`: what was noted stays as old as it was, and heartbeats of the
        former time are no sign of life. Otherwise nothing would be due, and nobody silent, until the clock is there
        again."""
        if self.at is None or now >= self.at:
            return self
        by = now - self.at
        members = {
            name: replace(_moved(kept, by), deaths=[at + round(by.total_seconds()) for at in kept.deaths])
            for name, kept in self.members.items()
        }
        return replace(_moved(self, by), desired_at=self.desired_at, watched_since=now, members=members)

    def to_json(self) -> str:
        """As text, times as RFC 3339."""
        return json.dumps(asdict(self), default=datetime.isoformat, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | None) -> "Cursor":
        """What `to_json` gave; the empty cursor for no text or another version's: nothing in it is past finding out."""
        try:
            content = json.loads(text or "{}")
            members = {name: _restored(MemberCursor, kept) for name, kept in content.pop("members", {}).items()}
            counted = {name: Counted(**kept) for name, kept in content.pop("counted", {}).items()}
            return cls(**_times(content), members=members, counted=counted)
        except (ValueError, TypeError, AttributeError):
            return cls()


_TIMES: Final = {f.name for c in (Cursor, MemberCursor) for f in fields(c) if f.type == datetime | None}


_Kept = TypeVar("_Kept", Cursor, MemberCursor)


def _moved(kept: _Kept, by: timedelta) -> _Kept:
    moments = {name: getattr(kept, name, None) for name in _TIMES}
    return replace(kept, **{name: moment + by for name, moment in moments.items() if moment is not None})


def _times(content: dict[str, Any]) -> dict[str, Any]:
    return {k: datetime.fromisoformat(v) if k in _TIMES and v is not None else v for k, v in content.items()}


def _restored(kind: type[MemberCursor], kept: dict[str, Any]) -> MemberCursor:
    return kind(**_times(kept))


class Do(StrEnum):
    """What to do about a member."""

    NOTHING = "nothing"
    START = "start"
    TERMINATE = "terminate"
    KILL = "kill"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about one member, and why; `alarm` is a line that people must see."""

    member: str
    do: Do
    why: str
    pid: int | None = None
    alarm: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One tick's decisions and what to remember."""

    decisions: tuple[Decision, ...]
    cursor: Cursor
