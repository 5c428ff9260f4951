"""Whether a member gets on, from its heartbeats alone: silent, stuck, or neither. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from orchestration.supervision.model import Limits, MemberCursor, MemberFacts
from streaming.adapters.heartbeat import Beat

AHEAD: Final = timedelta(seconds=5)
"""A heartbeat from further in the future was written before the clock was set back: it says nothing about now."""


def noted(cursor: MemberCursor, facts: MemberFacts, now: datetime) -> MemberCursor:
    """Return the cursor with what this look shows of the member's progress."""
    beat = facts.beat if facts.beat_pid == facts.pid else None
    if beat is None or not _judgeable(beat):
        return replace(cursor, progress=None, progress_since=None, lag=None, lag_rose_at=None)
    counted = _counted(beat)
    if counted != cursor.progress:
        return replace(cursor, progress=counted, progress_since=now, lag=beat.lag, lag_rose_at=None)
    rose = cursor.lag is not None and beat.lag is not None and beat.lag > cursor.lag
    return replace(cursor, lag=beat.lag, lag_rose_at=now if rose else cursor.lag_rose_at)


def _judgeable(beat: Beat) -> bool:
    """Whether it says that it delivers: not halted, paused, recovering, denied or waiting, and the lag is known."""
    states = set(beat.partition_states.values())
    return beat.state == "running" and states == {"running"} and beat.lag is not None and not beat.warnings


def _counted(beat: Beat) -> list[int]:
    """Rows, polls, commits, and every event: a call that failed and is made again is a sign of life."""
    return [beat.rows_landed, *(count for _, count in sorted(beat.counters.items()))]


def _silence_s(facts: MemberFacts, cursor: MemberCursor, watched_since: datetime, now: datetime) -> float:
    """Seconds without a heartbeat of the process that holds the lease, as far as they were watched."""
    known = [watched_since, cursor.held_since or now]
    if facts.beat is not None and facts.beat_pid == facts.pid and facts.beat.at - now <= AHEAD:
        known.append(facts.beat.at)
    return (now - max(known)).total_seconds()


def silent(
    facts: MemberFacts, cursor: MemberCursor, watched_since: datetime, now: datetime, limits: Limits
) -> str | None:
    """Why it counts as wedged: no heartbeat for too long."""
    if not facts.beats_writable:
        return None
    seconds = _silence_s(facts, cursor, watched_since, now)
    if facts.beat is None or facts.beat_pid != facts.pid:
        limit, what = limits.first_beat_s, "no first heartbeat"
    else:
        drains = facts.beat.state in ("draining", "stopped")  # beats end where the drain begins
        limit, what = limits.drain_s if drains else limits.silent_s, "no heartbeat"
    return f"{what} for {seconds:.0f} s" if seconds > limit else None


def gone(facts: MemberFacts, now: datetime, limits: Limits) -> str | None:
    """Why a member that is known by its heartbeat alone counts as gone: the last one is old and was no farewell."""
    if facts.beat is None or facts.beat.state == "stopped":
        return None
    seconds = (now - facts.beat.at).total_seconds()
    limit = limits.drain_s if facts.beat.state == "draining" else limits.silent_s
    if -seconds > limits.silent_s:
        return f"its heartbeat is {-seconds:.0f} s ahead of this machine's clock"
    return f"no heartbeat for {seconds:.0f} s" if seconds > limit else None


def stuck(cursor: MemberCursor, now: datetime, limits: Limits) -> str | None:
    """Why it counts as wedged: records wait, the broker answers, and nothing it counts moves."""
    since, rose = cursor.progress_since, cursor.lag_rose_at
    if not cursor.lag or since is None or rose is None or (now - rose).total_seconds() > limits.growing_s:
        return None
    seconds = (now - since).total_seconds()
    return f"no progress for {seconds:.0f} s while {cursor.lag:,} records wait" if seconds > limits.stuck_s else None
