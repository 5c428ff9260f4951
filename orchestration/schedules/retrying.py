"""Sensors that try again: Dagster's memory of what ran, asked for the pure rules of `retries`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import dagster as dg
from dagster import RunRequest, SkipReason

from assets.warehouse.asset import Warehouse
from orchestration.schedules.calendar import MERCHANTS, corrections_key
from orchestration.schedules.facts import SILENT, newest_versions
from orchestration.schedules.retries import CORRECTIONS_MOST, Past, corrections_attempt, merchants_attempt

LOOKS_S: Final = 60
"""Seconds between looks at the calendar: they ask nobody but Dagster's own storage."""
CORRECTION_LOOKS_S: Final = 300
"""Seconds between looks at the versions: each is a query of 10 MB at least, together about $0.50 a month."""
CORRECTS: Final = "tidemark/corrects"
"""Tag of a run of the corrections: the pair of versions that it is for."""
FAILED: Final = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def merchants_sensor(job: str, now: Callable[[], datetime]) -> dg.SensorDefinition:
    """`merchants_sensor`: a snapshot that was absent or rejected in the night is tried again until noon."""

    @dg.sensor(
        job_name=job,
        name="merchants_sensor",
        minimum_interval_seconds=LOOKS_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tries a snapshot of the merchants that was late or rejected again, every 15 minutes until noon "
        "in Frankfurt",
    )
    def look(context: dg.SensorEvaluationContext) -> RunRequest | SkipReason:
        at, instance = now(), context.instance
        loaded = instance.get_latest_materialization_event(dg.AssetKey("merchants"))
        key = merchants_attempt(at, datetime.fromtimestamp(loaded.timestamp, UTC) if loaded else None)
        if key is None:
            return SkipReason("the night's snapshot is loaded, or no attempt is due")
        tonight = instance.get_runs(dg.RunsFilter(job_name=job, created_after=MERCHANTS.newest(at)))
        if not tonight:
            return SkipReason("the night's schedule makes the first attempt")
        if not all(run.status in FAILED for run in tonight):
            return SkipReason("an attempt is under way")
        return RunRequest(run_key=key)

    return look


def corrections_sensor(job: str, now: Callable[[], datetime]) -> dg.SensorDefinition:
    """`payments_corrections_sensor`: once for each pair of versions, again each hour where that failed."""

    @dg.sensor(
        job_name=job,
        name="payments_corrections_sensor",
        minimum_interval_seconds=CORRECTION_LOOKS_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Corrects payments once for each new version of the rates or the merchants; a run that failed is "
        "tried again each hour",
    )
    def look(context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse]) -> RunRequest | SkipReason:
        try:
            versions = corrections_key(newest_versions(warehouse))
        except SILENT as silence:
            return SkipReason(f"the warehouse gave no answer: {silence}")
        if versions is None:
            return SkipReason("rates or merchants were never published: nothing to correct with")
        past = _past(context.instance, job, versions)
        key = corrections_attempt(versions, past, now())
        if key is None:
            gave_up = len(past) >= CORRECTIONS_MOST and all(run.failed for run in past)
            why = f"failed {len(past)} times: see why, and start it by hand" if gave_up else "no run is due"
            return SkipReason(why)
        return RunRequest(run_key=key, tags={CORRECTS: versions})

    return look


def _past(instance: dg.DagsterInstance, job: str, versions: str) -> list[Past]:
    records = instance.get_run_records(dg.RunsFilter(job_name=job, tags={CORRECTS: versions}))
    return [
        Past(
            record.dagster_run.status in FAILED,
            datetime.fromtimestamp(record.end_time, UTC) if record.end_time is not None else None,
        )
        for record in records
    ]
