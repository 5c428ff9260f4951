"""Checks of the live stream from its figures alone: values in, verdicts out. They cost nothing, so they run each
minute; what needs a query runs hourly elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from orchestration.supervision import thresholds
from orchestration.supervision.absence import Absence
from orchestration.supervision.metrics import StreamMetrics

Severity = Literal["WARN", "ERROR"]
CHECKS: Final = {
    "latency_p95": "95 % of the last minute's payments were appended within the SLO of their event time",
    "lag": "Records in Kafka that no member has landed yet",
    "quarantine_rate": "Share of quarantined records among those landed since the last report",
    "progress": "Every wanted member runs and gets on; none is wedged, halted or in a crash loop",
}
"""Name and description of each check, for whoever defines them on the asset."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one check. `severity` counts only where it did not pass."""

    check: str
    passed: bool
    says: str
    severity: Severity = "ERROR"
    figures: Mapping[str, float | int | None] = field(default_factory=dict)


def judge(metrics: StreamMetrics, alarms: Sequence[str]) -> list[Verdict]:
    """All checks of the live stream, in the order of CHECKS."""
    return [latency_p95(metrics), lag(metrics), quarantine_rate(metrics), progress(metrics, alarms)]


def latency_p95(metrics: StreamMetrics) -> Verdict:
    """Whether p95 of the last minute, in milliseconds, keeps the SLO. No payments: nothing was late."""
    p95 = metrics.p95_ms
    says = f"p95 is {p95:,.0f} ms" if p95 is not None else "no payment landed in the last minute"
    limits = thresholds.LATENCY_P95_WARN_MS, thresholds.LATENCY_P95_SLO_MS
    return _graded("latency_p95", p95, limits, says, {"p95_ms": p95})


def lag(metrics: StreamMetrics) -> Verdict:
    """Whether the records that wait can still be landed within the SLO. Unknown lag does not pass: nobody knows; nor
    does the lag of some partitions while members are missing: it is the least that waits."""
    figures = {"lag": metrics.lag}
    if metrics.lag is None:
        who = f"missing: {', '.join(metrics.absence.missing)}" if metrics.absence.missing else ""
        why = who or ("the stream is stopped" if metrics.expected == 0 else "a member is down or has just started")
        return Verdict("lag", False, f"the lag is not known: {why}", "WARN", figures)
    limits = thresholds.LAG_WARN_RECORDS, thresholds.LAG_ERROR_RECORDS
    if metrics.absence.missing:
        graded = _graded("lag", metrics.lag, limits, _least(metrics.lag, metrics.absence), figures)
        return replace(graded, passed=False)
    return _graded("lag", metrics.lag, limits, f"{metrics.lag:,} records wait", figures)


def _least(lag: int, absence: Absence) -> str:
    where = ", ".join(str(number) for number in absence.unowned)
    nobodys = f"; nobody owns partitions {where}" if where else ""
    return f"at least {lag:,} records wait: missing: {', '.join(absence.missing)}{nobodys}"


def quarantine_rate(metrics: StreamMetrics) -> Verdict:
    """Whether few of the records landed since the last report were bad."""
    landed, bad = metrics.landed_lately, metrics.quarantined_lately
    says = f"{bad:,} of {landed:,} records were quarantined since the last report"
    share = bad / landed if landed >= thresholds.QUARANTINE_LEAST_RECORDS else None
    limits = thresholds.QUARANTINE_WARN_SHARE, thresholds.QUARANTINE_ERROR_SHARE
    return _graded("quarantine_rate", share, limits, says, {"landed": landed, "quarantined": bad, "share": share})


def progress(metrics: StreamMetrics, alarms: Sequence[str]) -> Verdict:
    """Whether the members that should run do, and get on."""
    wrong = [*alarms, *metrics.halts]
    if metrics.expected is not None and metrics.running < metrics.expected:
        wrong.append(f"{metrics.running} of {metrics.expected} members run")
    elif metrics.absence.missing and not alarms:
        wrong.append(f"missing: {', '.join(metrics.absence.missing)}")
    if not wrong and metrics.warnings:
        return Verdict("progress", False, "; ".join(metrics.warnings), "WARN", {"running": metrics.running})
    says = "; ".join(wrong) or f"{metrics.running} members run, {metrics.landed_lately:,} rows since the last report"
    return Verdict("progress", not wrong, says, "ERROR", {"running": metrics.running, "expected": metrics.expected})


def _graded(
    check: str, value: float | None, limits: tuple[float, float], says: str, figures: Mapping[str, float | int | None]
) -> Verdict:
    """`limits`: above the first it is a WARN, above the second an ERROR."""
    above = [limit for limit in limits if value is not None and value > limit]
    severity: Severity = "ERROR" if len(above) == len(limits) else "WARN"
    return Verdict(check, not above, says + (f"; the limit is {above[-1]:,g}" if above else ""), severity, figures)
