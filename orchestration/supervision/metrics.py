"""The stream's figures, from its members' heartbeats alone. Pure."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from orchestration.supervision.absence import WHOLE, Absence, own_beat
from orchestration.supervision.model import Counted, MemberFacts
from streaming.adapters.heartbeat import Beat
from streaming.contract import STATUS_OK


@dataclass(frozen=True, slots=True)
class StreamMetrics:
    """All members together. Counts are since each member's start unless they say otherwise."""

    members: dict[str, str] = field(default_factory=dict)
    """State by member as its heartbeat says it; `starting` before the first one, `down` without a process."""
    expected: int | None = None
    """Members that should run; None where nobody manages the stream."""
    lag: int | None = None
    """Records on the partitions of living members; None if one does not know its own, or nobody lives."""
    absence: Absence = WHOLE
    """Who is missing: then `lag` is the least it can be."""
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    """Each the worst of the members': percentiles of parts do not add up to one of the whole."""
    rows_landed: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    """Rows by reason."""
    skipped_at_recovery: int = 0
    """Records that recoveries found landed already, where members count them."""
    landed_lately: int = 0
    """Rows landed since the last report, and of them those quarantined."""
    quarantined_lately: int = 0
    halts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def running(self) -> int:
        """Members with a living process, or one that was spawned just now."""
        return sum(state not in {"down", "stopped"} for state in self.members.values())

    @property
    def beating(self) -> int:
        """Members whose heartbeat is of a living process."""
        return sum(state not in {"down", "stopped", "starting"} for state in self.members.values())


def aggregate(
    facts: Sequence[MemberFacts],
    expected: int | None,
    before: Mapping[str, Counted],
    spawned: Container[str] = (),
    absence: Absence = WHOLE,
) -> tuple[StreamMetrics, dict[str, Counted]]:
    """Return the figures, and what to hand in as `before` the next time (after a report).

    `spawned`: members that are being started.
    """
    beats = {fact.member: beat for fact in facts if (beat := own_beat(fact)) is not None}
    counted = {
        fact.member: Counted(fact.beat_pid, fact.beat.rows_landed, sum(_reasons([fact.beat]).values()))
        for fact in facts
        if fact.beat is not None and fact.beat_pid is not None
    }
    landed, quarantined = _lately(counted, before)
    living = list(beats.values())
    lags = [beat.lag for beat in living if beat.partitions or beat.lag is not None]  # idle ones have none to know
    idle = [f"{name} owns no partition: there are more members than partitions" for name in absence.idle]
    return StreamMetrics(
        members={fact.member: _state(fact, fact.member in spawned) for fact in facts},
        expected=expected,
        lag=sum(lag or 0 for lag in lags) if lags and None not in lags else None,
        absence=absence,
        p50_ms=_worst(living, "p50"),
        p95_ms=_worst(living, "p95"),
        p99_ms=_worst(living, "p99"),
        rows_landed=sum(beat.rows_landed for beat in living),
        quarantined=dict(sorted(_reasons(living).items())),
        skipped_at_recovery=sum(beat.counters.get("skipped_at_recovery", 0) for beat in living),
        landed_lately=landed,
        quarantined_lately=quarantined,
        halts=tuple(f"{name}: {halt.get('message', halt)}" for name, beat in beats.items() for halt in beat.halts),
        warnings=(*(f"{name}: {warning}" for name, beat in beats.items() for warning in beat.warnings), *idle),
    ), counted


def _state(fact: MemberFacts, spawned: bool) -> str:
    """The heartbeat's word for a process that lives; its own farewell; `down`."""
    if spawned:
        return "starting"
    own = fact.beat if fact.beat is not None and (fact.beat_pid == fact.pid or not fact.lease_held) else None
    if fact.lease_held:
        return own.state if own is not None else "starting"
    return "stopped" if own is not None and own.state == "stopped" else "down"


def _worst(beats: Sequence[Beat], quantile: str) -> float | None:
    return max((ms for beat in beats if (ms := beat.latency_ms.get(quantile)) is not None), default=None)


def _reasons(beats: Sequence[Beat]) -> Counter[str]:
    reasons: Counter[str] = Counter()
    for beat in beats:
        reasons.update({status: n for status, n in beat.by_status.items() if status != STATUS_OK})
    return reasons


def _lately(counted: Mapping[str, Counted], before: Mapping[str, Counted]) -> tuple[int, int]:
    """Rows landed and quarantined since `before`; a process that was not known then has counted from zero."""
    landed = quarantined = 0
    for member, now in counted.items():
        then = before.get(member)
        known = then if then is not None and then.pid == now.pid else Counted(now.pid, 0, 0)
        landed += max(0, now.landed - known.landed)
        quarantined += max(0, now.quarantined - known.quarantined)
    return landed, quarantined
