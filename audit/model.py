"""What an audit says: checks with figures and offenders, and a verdict that follows from them alone."""

from dataclasses import dataclass, field
from typing import Any

OFFENDERS_SHOWN = 5


class AuditError(Exception):
    """The audit cannot be held at all: an unreadable ledger, a warehouse that does not answer. One line."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer. `offenders` names the first few cases, never a payload or a card token."""

    name: str
    question: str
    passed: bool
    figures: dict[str, int] = field(default_factory=dict)
    offenders: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report:
    """Verdict, figures and latency of one audit.

    `events` counts records: acked, unresolved (sent, outcome unknown, found or not), landed (live rows), quarantined,
    lost, duplicate_coordinates, phantom, producer_duplicates_collapsed, payments. `latency_ms` has p50, p95, p99 of
    event to serialised row (`end_to_end`) and of its two hops (`by_hop`), late and quarantined events left out.
    """

    checks: list[Check]
    events: dict[str, int]
    quarantined_by_reason: dict[str, int]
    latency_ms: dict[str, Any]
    seconds: float

    @property
    def passed(self) -> bool:
        """True if every check passed; an audit without checks proves nothing."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def verdict(self) -> str:
        """PASS or FAIL."""
        return "PASS" if self.passed else "FAIL"

    def check(self, name: str) -> Check:
        """Return the check of that name. Raises KeyError."""
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(name)

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON form: plain types, keys as the fields here plus `verdict`."""
        return {
            "verdict": self.verdict,
            "events": self.events,
            "quarantined_by_reason": self.quarantined_by_reason,
            "latency_ms": self.latency_ms,
            "checks": [
                {
                    "name": c.name,
                    "question": c.question,
                    "passed": c.passed,
                    "figures": c.figures,
                    "offenders": c.offenders,
                }
                for c in self.checks
            ],
            "seconds": round(self.seconds, 3),
        }
