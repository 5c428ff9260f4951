"""Checks without a run of the asset: evaluate them and report the results through the instance.

The stream's materialization of `payments` every minute belongs to no run. Dagster shows a result as "not evaluated"
once its asset was materialized by another run than the result's: a result from a run lasts a minute, one that belongs
to no run either stands until the next.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg

from assets.checks.ask import evaluate
from assets.checks.catalogue import Cadence, Check, of_cadence
from assets.checks.gaps import Delivered
from assets.checks.thresholds import THRESHOLDS, Thresholds
from assets.checks.verdict import Verdict
from assets.warehouse.asset import Warehouse
from assets.warehouse.size import size_of

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

Clock = Callable[[], datetime]
"""The present, with UTC as its zone."""


def report(
    instance: dg.DagsterInstance,
    warehouse: Warehouse,
    cadence: Cadence,
    now: datetime,
    delivered: Delivered | None = None,
) -> dict[str, Verdict]:
    """Evaluate the hourly or daily checks as of `now` and report each; returns the verdicts by name.

    `delivered` is for a topic with transactional producers (`assets.checks.gaps`).
    """
    client = warehouse.client()
    thresholds = sized(client, warehouse.dataset, now)
    verdicts = {}
    for check in of_cadence(cadence):
        verdict = evaluate(
            client, warehouse.dataset, check, cadence.days(now), thresholds=thresholds, delivered=delivered
        )
        instance.report_runless_asset_event(evaluation(check, verdict))
        verdicts[check.name] = verdict
    return verdicts


def sized(client: "Client", dataset: str, now: datetime) -> Thresholds:
    """The thresholds with ceilings of bytes for the stream as it has become."""
    return THRESHOLDS.for_size(size_of(client, dataset, now.date()))


def evaluation(check: Check, verdict: Verdict) -> dg.AssetCheckEvaluation:
    """The verdict as Dagster's event."""
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(check.asset),
        check_name=check.name,
        passed=verdict.passed,
        severity=severity(verdict),
        description=verdict.line,
        metadata=metadata(verdict),
    )


def severity(verdict: Verdict) -> dg.AssetCheckSeverity:
    """Dagster's word for it."""
    return dg.AssetCheckSeverity.ERROR if verdict.severity == "ERROR" else dg.AssetCheckSeverity.WARN


def metadata(verdict: Verdict) -> dict[str, dg.MetadataValue]:
    """The facts with the types that the page draws and plots."""
    return dict(_typed(verdict.facts.items()))


def _typed(facts: Iterable[tuple[str, int | float | str | None]]) -> Iterable[tuple[str, dg.MetadataValue]]:
    for name, fact in facts:
        match fact:
            case int():  # a count summed by the service may be beyond what an event holds
                yield name, dg.MetadataValue.int(fact) if abs(fact) < 2**63 else dg.MetadataValue.text(str(fact))
            case float():
                yield name, dg.MetadataValue.float(fact)
            case str():
                yield name, dg.MetadataValue.text(fact)
            case None:
                yield name, dg.MetadataValue.null()
