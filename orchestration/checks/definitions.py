"""The checks as Dagster defines them: one executable check each, and two jobs that report them without a run of the
asset. All of them take the resource `warehouse`.

`delivered` is a second reader of the topic, for transactional producers (`assets.checks.gaps`)."""

from datetime import UTC, datetime

import dagster as dg

from assets.checks.ask import evaluate
from assets.checks.catalogue import CHECKS, Cadence, Check
from assets.checks.gaps import Delivered
from assets.warehouse.asset import Warehouse
from orchestration.checks.reporting import Clock, metadata, report, severity, sized


def _utc_now() -> datetime:
    return datetime.now(UTC)


def asset_checks(now: Clock = _utc_now, delivered: Delivered | None = None) -> list[dg.AssetChecksDefinition]:
    """Every check of the catalogue, executable from its asset's page."""
    return [_executable(check, now, delivered) for check in CHECKS]


def _executable(check: Check, now: Clock, delivered: Delivered | None) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=dg.AssetKey(check.asset), name=check.name, description=check.description)
    def execute(warehouse: dg.ResourceParam[Warehouse]) -> dg.AssetCheckResult:
        client, dataset, at = warehouse.client(), warehouse.dataset, now()
        thresholds = sized(client, dataset, at)
        verdict = evaluate(client, dataset, check, check.cadence.days(at), thresholds=thresholds, delivered=delivered)
        return dg.AssetCheckResult(
            passed=verdict.passed,
            severity=severity(verdict),
            description=verdict.line,
            metadata=metadata(verdict),
        )

    return execute


def check_jobs(now: Clock = _utc_now, delivered: Delivered | None = None) -> list[dg.JobDefinition]:
    """`hourly_checks` and `daily_checks`. The run fails only where nothing could be reported."""
    return [_reporting(cadence, now, delivered) for cadence in Cadence]


def _reporting(cadence: Cadence, now: Clock, delivered: Delivered | None) -> dg.JobDefinition:
    name = f"{cadence}_checks"

    @dg.op(name=f"report_{name}", description=f"Evaluates the {cadence} checks by SQL and reports each result")
    def report_checks(context: dg.OpExecutionContext, warehouse: dg.ResourceParam[Warehouse]) -> None:
        for check, verdict in report(context.instance, warehouse, cadence, now(), delivered).items():
            say = context.log.info if verdict.passed else context.log.warning
            say("%s: %s", check, verdict.line)

    @dg.job(name=name, description=f"The {cadence} checks by SQL, reported to their assets")
    def checks() -> None:
        report_checks()

    return checks
