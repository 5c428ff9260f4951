"""Who is wanted and delivers nothing, and which partitions nobody owns. Pure, from heartbeats and the cursor alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestration.supervision.model import Cursor, Limits, MemberCursor, MemberFacts
from streaming.adapters.heartbeat import Beat


@dataclass(frozen=True, slots=True)
class Absence:
    """What keeps the living members' figures from being the whole stream's."""

    missing: tuple[str, ...] = ()
    """Wanted members that deliver nothing: without a process, or for too long without a partition."""
    idle: tuple[str, ...] = ()
    """Members without a partition while the others own them all."""
    unowned: tuple[int, ...] = ()
    """Partitions that were owned once and are now owned by nobody."""


WHOLE = Absence()


def own_beat(fact: MemberFacts) -> Beat | None:
    """The heartbeat of the living process; None for a dead one's, or its predecessor's."""
    return fact.beat if fact.lease_held and fact.beat_pid == fact.pid else None


def partitions_seen(facts: Sequence[MemberFacts], before: int) -> int:
    """One more than the highest partition that any heartbeat names or ever named."""
    return max([before, *(number + 1 for fact in facts if fact.beat for number in fact.beat.partitions)])


def unowned(facts: Sequence[MemberFacts], partitions: int) -> tuple[int, ...]:
    """Of so many partitions those that no living member owns."""
    owned = {number for fact in facts if (beat := own_beat(fact)) for number in beat.partitions}
    return tuple(number for number in range(partitions) if number not in owned)


def missing_since(fact: MemberFacts, member: MemberCursor, wanted: bool, now: datetime) -> datetime | None:
    """Since when a wanted member delivers nothing; None while it owns partitions, whatever it does with them."""
    beat = own_beat(fact)
    if not wanted or (beat is not None and beat.state != "starting"):
        return None
    return member.missing_since or now


def late(member: MemberCursor, now: datetime, limits: Limits) -> float | None:
    """Seconds that a member has been missing, where that is longer than any start or backoff takes."""
    if member.missing_since is None:
        return None
    seconds = (now - member.missing_since).total_seconds()
    return seconds if seconds > limits.missing_s else None


def is_idle(fact: MemberFacts, partitions: int, nobodys: Sequence[int]) -> bool:
    """Whether it waits for a partition that there is not: all that were ever seen are owned by others."""
    return own_beat(fact) is not None and partitions > 0 and not nobodys


def absences(
    facts: Sequence[MemberFacts], cursor: Cursor, wanted: Sequence[str], now: datetime, limits: Limits
) -> Absence:
    """Who of `wanted` is absent now; `cursor` is the one after this look's decisions."""
    seen = {fact.member: fact for fact in facts}
    nobodys = unowned(facts, cursor.partitions)
    missing, idle = list[str](), list[str]()
    for name in wanted:
        fact, member = seen.get(name, MemberFacts(name)), cursor.members.get(name, MemberCursor())
        if not fact.lease_held and member.started is None:
            missing.append(name)
        elif late(member, now, limits) is not None:
            (idle if is_idle(fact, cursor.partitions, nobodys) else missing).append(name)
    return Absence(tuple(missing), tuple(idle), nobodys)
