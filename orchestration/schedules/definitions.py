"""Dagster's schedules and sensors, made from the pure calendar. Assets are named by their keys alone."""

import json
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

import dagster as dg
from dagster import AssetSelection, RunRequest, SkipReason

from assets.checks.gaps import Delivered
from assets.warehouse.asset import Warehouse
from orchestration.checks.definitions import check_jobs
from orchestration.checks.reporting import Clock
from orchestration.schedules.calendar import (
    RULES,
    Rule,
    fx_attempts,
    run_key,
    superseded_by,
)
from orchestration.schedules.facts import SILENT, published_days
from orchestration.schedules.retrying import corrections_sensor, merchants_sensor

if TYPE_CHECKING:  # a job by asset keys, whose class Dagster does not export
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

ON: Final = dg.DefaultScheduleStatus.RUNNING
"""A fresh clone keeps itself up to date; whoever does not want that turns it off in the page."""
FX_LOOKS_S: Final = 60
"""Seconds between looks at the calendar; the warehouse is asked only where an attempt is due."""
RETRIES: Final = dg.RetryPolicy(max_retries=2, delay=60, backoff=dg.Backoff.EXPONENTIAL)
"""A run that failed is tried again after one and two minutes: its key is used up, the next tick may be a day away."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


ASSETS: Final = (
    "merchants", "fx_rates", "payments_corrections", "payments_daily", "payments_settled", "cost_projection",
)  # fmt: skip
"""Keys of the assets that are started by the clock or by a new version."""


def job_name(asset: str) -> str:
    """Name of the job that materializes one asset."""
    return f"{asset}_job"


def jobs(
    now: Clock = _utc_now, delivered: Delivered | None = None, assets: Collection[str] = ASSETS
) -> "list[dg.JobDefinition | UnresolvedAssetJobDefinition]":
    """Every job that the schedules and sensors start: one for each of `ASSETS`, and the checks'.

    An asset's job runs the checks of that asset as well. `delivered`: see `check_jobs`.
    """
    return [*map(_asset_job, assets), *check_jobs(now, delivered)]


def _asset_job(asset: str) -> "UnresolvedAssetJobDefinition":
    retries = None if asset in ("fx_rates", "merchants") else RETRIES  # their sensors try them again
    return dg.define_asset_job(job_name(asset), AssetSelection.assets(asset), op_retry_policy=retries)


def schedules(now: Clock = _utc_now, assets: Collection[str] = ASSETS) -> list[dg.ScheduleDefinition]:
    """One schedule a rule, under the name `<job>_schedule`, where the rule's asset is among `assets`. The jobs are
    those of `jobs`."""
    return [_schedule(rule, now) for rule in RULES if rule.job in assets or rule.job not in ASSETS]


def _schedule(rule: Rule, now: Clock) -> dg.ScheduleDefinition:
    def decide(context: dg.ScheduleEvaluationContext) -> RunRequest | SkipReason:
        """Dagster asks for ticks it missed one by one; the newest stands for all of them."""
        tick = context.scheduled_execution_time.astimezone(UTC)
        newer = superseded_by(rule, tick, now())
        if newer is not None:
            return SkipReason(f"missed; the tick of {newer:%Y-%m-%d %H:%M} UTC does its work as well")
        return RunRequest(run_key=run_key(rule, tick))

    return dg.ScheduleDefinition(
        name=f"{rule.job}_schedule",
        job_name=job_name(rule.job) if rule.job in ASSETS else rule.job,
        cron_schedule=rule.cron,
        execution_timezone=rule.zone,
        execution_fn=decide,
        default_status=ON,
    )


Until = Callable[[], date | None]
"""The last day that the source of the rates will ever have; None if it goes on."""


def _no_end() -> None:
    return None


def sensors(
    now: Clock = _utc_now, assets: Collection[str] = ASSETS, fx_until: Until = _no_end
) -> list[dg.SensorDefinition]:
    """The sensor `<asset>_sensor` of each of `assets` that has one; they take the resource `warehouse`."""
    made = {
        "fx_rates": _fx_rates(now, fx_until),
        "merchants": merchants_sensor(job_name("merchants"), now),
        "payments_corrections": corrections_sensor(job_name("payments_corrections"), now),
    }
    return [sensor for asset, sensor in made.items() if asset in assets]


def _fx_rates(now: Clock, until: Until) -> dg.SensorDefinition:
    @dg.sensor(
        job_name=job_name("fx_rates"),
        name="fx_rates_sensor",
        minimum_interval_seconds=FX_LOOKS_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Rates of TARGET days from 16:05 Frankfurt time, until each day is published",
    )
    def look(context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse]) -> dg.SensorResult:
        at = now()
        possible = fx_attempts(at, ())
        looked = json.dumps([attempt.run_key for attempt in possible])
        if context.cursor == looked:
            return dg.SensorResult(skip_reason="no attempt is due since the last look", cursor=looked)
        try:
            attempts = fx_attempts(at, published_days(warehouse, possible[0].day), until())
        except SILENT as silence:  # the cursor stays: the next look asks again
            return dg.SensorResult(skip_reason=f"the warehouse gave no answer: {silence}", cursor=context.cursor)
        if not attempts:
            return dg.SensorResult(skip_reason=f"published up to {possible[-1].day}", cursor=looked)
        requests = [RunRequest(run_key=a.run_key, partition_key=a.partition_key) for a in attempts]
        return dg.SensorResult(run_requests=requests, cursor=looked)

    return look
