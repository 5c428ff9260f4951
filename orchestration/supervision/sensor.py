"""The sensor `stream_supervisor`: a tick every five seconds, a report every minute. Dagster's side of the supervisor.

A tick never fails on purpose. A failed tick would be the loudest way to show a crash loop, but Dagster forgets the
cursor that a failed tick returns, and with it the backoff and which members have just been started. What people must
see is said by the tick's reason, by its log, and by the check `progress` on `payments`, which turns red in the tick in
which an alarm comes up and green in the one in which it is over.
"""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetKey,
    AssetMaterialization,
    DagsterInstance,
    DefaultSensorStatus,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)
from dagster._core.definitions.asset_checks.asset_check_evaluation import (  # no public name yet
    AssetCheckEvaluationTargetMaterializationData,
)

from orchestration.resources import StreamResource
from orchestration.supervision.judging import Verdict, judge
from orchestration.supervision.metrics import StreamMetrics
from orchestration.supervision.model import Cursor
from orchestration.supervision.thresholds import TICK_S
from orchestration.supervision.tick import Outcome, Stream, tick
from streaming.contract import QUARANTINED_PREFIX

PAYMENTS: Final = AssetKey("payments")


@sensor(
    name="stream_supervisor",
    minimum_interval_seconds=TICK_S,
    default_status=DefaultSensorStatus.RUNNING,
    description="Keeps the stream's members as stream_start and stream_stop want them, and reports the live stream: "
    "once a minute a materialization of today's payments with its figures, and the checks that cost nothing.",
)
def stream_supervisor(context: SensorEvaluationContext, stream: StreamResource) -> SensorResult:
    """Look, act, report; never raise for what a person can mend."""
    now = datetime.now(UTC)
    watched = Stream(
        Path(stream.state_dir), stream.environment, observe_only=stream.observe_only, expected=stream.members
    )
    before = Cursor.from_json(context.cursor).as_of(now)
    outcome = tick(watched, before, now, random.random)
    for line in outcome.lines:
        context.log.info(line)
    for alarm in outcome.alarms:
        context.log.error(alarm)
    cursor = _reported(context, outcome, before, now) if outcome.report else outcome.cursor
    return SensorResult(skip_reason=said(outcome), cursor=cursor.to_json())


def _reported(context: SensorEvaluationContext, outcome: Outcome, before: Cursor, now: datetime) -> Cursor:
    """Report, and return the cursor to keep: a storage that is busy must not cost it, the next tick reports again."""
    try:
        report(context.instance, outcome, now)
    except Exception as error:  # of whatever storage; who was started just now must not be forgotten
        context.log.error(f"the stream's figures could not be stored: {type(error).__name__}")
        return replace(outcome.cursor, reported_at=before.reported_at, counted=before.counted, alarmed=before.alarmed)
    return outcome.cursor


def said(outcome: Outcome) -> str:
    """The tick in one line: alarms, else what was done, else how it goes."""
    if outcome.alarms or outcome.lines:
        return "; ".join((*outcome.alarms, *outcome.lines))
    metrics = outcome.metrics
    if not metrics.running:
        return "the stream is stopped" if metrics.expected == 0 else "nobody wants a stream here: run stream_start"
    lag = "unknown" if metrics.lag is None else f"{metrics.lag:,}"
    lag = f"at least {lag}" if metrics.absence.missing and metrics.lag is not None else lag
    return f"{metrics.running} members run, lag {lag}, {metrics.rows_landed:,} rows landed"


def report(instance: DagsterInstance, outcome: Outcome, now: datetime) -> None:
    """Report the live stream without a run: today's partition while somebody delivers, and the checks in any case.

    The checks name the materialization they are of: by time alone, a database whose clock is behind would show them
    as not evaluated.
    """
    if outcome.metrics.beating:
        partition, metadata = now.date().isoformat(), shown(outcome.metrics)
        instance.report_runless_asset_event(AssetMaterialization(PAYMENTS, metadata=metadata, partition=partition))
    target = _latest(instance)
    for verdict in judge(outcome.metrics, outcome.alarms):
        instance.report_runless_asset_event(_evaluation(verdict, target))


def shown(metrics: StreamMetrics) -> dict[str, str | int | float]:
    """The figures as metadata; what is not known is left out, so that Dagster draws no zero for it."""
    figures: dict[str, str | int | float | None] = {
        "lag_at_least" if metrics.absence.missing else "lag": metrics.lag,
        "latency_p50_ms": metrics.p50_ms,
        "latency_p95_ms": metrics.p95_ms,
        "latency_p99_ms": metrics.p99_ms,
        "rows_landed_since_start": metrics.rows_landed,
        "rows_since_last_report": metrics.landed_lately,
        "quarantined": sum(metrics.quarantined.values()),
        "skipped_at_recovery": metrics.skipped_at_recovery,
        "members_running": metrics.running,
        "members_missing": ", ".join(metrics.absence.missing) or None,
        "members": ", ".join(f"{name} {state}" for name, state in sorted(metrics.members.items())),
        "quarantined_by_reason": _by_reason(metrics.quarantined),
    }
    return {name: value for name, value in figures.items() if value is not None}


def _by_reason(quarantined: Mapping[str, int]) -> str | None:
    """Rows by reason, as the view of the quarantine names it."""
    told = (f"{status.removeprefix(QUARANTINED_PREFIX)} {rows:,}" for status, rows in quarantined.items())
    return ", ".join(told) or None


def _latest(instance: DagsterInstance) -> AssetCheckEvaluationTargetMaterializationData | None:
    records = instance.fetch_materializations(PAYMENTS, limit=1).records
    if not records:
        return None
    newest = records[0]
    return AssetCheckEvaluationTargetMaterializationData(
        storage_id=newest.storage_id, run_id=newest.run_id, timestamp=newest.timestamp
    )


def _evaluation(verdict: Verdict, target: AssetCheckEvaluationTargetMaterializationData | None) -> AssetCheckEvaluation:
    return AssetCheckEvaluation(
        asset_key=PAYMENTS,
        check_name=verdict.check,
        passed=verdict.passed,
        severity=AssetCheckSeverity[verdict.severity],
        description=verdict.says,
        metadata={name: value for name, value in verdict.figures.items() if value is not None},
        target_materialization_data=target,
    )
