"""The checks in Dagster: executable ones, those reported without a run, and freshness; on a client over DuckDB."""

import asyncio
from datetime import timedelta

import dagster as dg  # noqa: TID251  # what is tested here is Dagster's view
import pytest
from checks_world import DEFECTS, NOW, DuckWarehouse, defect
from dagster._core.definitions import freshness_evaluator  # noqa: TID251  # Dagster's own judge of freshness
from dagster._core.loader import LoadingContextForTest  # noqa: TID251  # what its judges read from

from assets.checks.ask import evaluate
from assets.checks.catalogue import CHECKS, Cadence, of_cadence
from assets.checks.verdict import Verdict
from orchestration.checks.definitions import asset_checks, check_jobs
from orchestration.checks.freshness import FAIL_AFTER, PAYMENTS_FRESHNESS, WARN_AFTER
from orchestration.checks.reporting import evaluation, metadata, report
from orchestration.schedules.definitions import ASSETS, jobs
from streaming.ports import BrokerError

pytestmark = pytest.mark.integration  # Dagster itself, which takes a second to import

COMPLETENESS = next(check for check in CHECKS if check.name == "completeness")


class Service:
    """The resource and Google's client in one, over the warehouse in memory; `asked` has every query's limits."""

    project, dataset = "p", "d"

    def __init__(self):
        self.warehouse, self.asked = DuckWarehouse(), []

    def client(self):
        return self

    def query(self, sql, job_config=None, **_):
        self.asked.append((job_config.maximum_bytes_billed, job_config.job_timeout_ms))
        return type("Job", (), {"result": lambda *_, **__: self.warehouse.rows(sql)})()


@pytest.fixture(scope="module")
def service():
    return Service()


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def stand_ins():
    """Assets with the keys that the checks are about."""
    keys = dict.fromkeys(check.asset for check in CHECKS)
    return [dg.AssetSpec(key) for key in keys]


def latest(instance, check):
    key = dg.AssetCheckKey(dg.AssetKey(check.asset), check.name)
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key]).get(key)
    return record and record.event.asset_check_evaluation


def executed(service, instance):
    """All checks in a run, as from their page."""
    return dg.materialize(
        [*stand_ins(), *asset_checks(lambda: NOW)],
        selection=dg.AssetSelection.all_asset_checks(),
        resources={"warehouse": service},
        instance=instance,
    )


def test_every_check_is_executable_and_says_what_it_found(service, instance):
    result = executed(service, instance)
    said = {evaluated.check_name: evaluated for evaluated in result.get_asset_check_evaluations()}
    assert set(said) == {check.name for check in CHECKS}
    assert all(evaluated.passed for evaluated in said.values())
    assert said["completeness"].metadata["late"].value == 1
    assert said["completeness"].metadata["late_or_missing"].value == 1
    assert said["completeness_closed_days"].metadata["late"].value == 2


def test_definitions_with_checks_and_jobs_load(service):
    made = dg.Definitions(
        assets=stand_ins(), asset_checks=asset_checks(), jobs=check_jobs(), resources={"warehouse": service}
    )
    dg.Definitions.validate_loadable(made)


@pytest.mark.parametrize("cadence", Cadence)
def test_reported_checks_belong_to_no_run_and_are_the_latest(service, instance, cadence):
    verdicts = report(instance, service, cadence, NOW)
    assert set(verdicts) == {check.name for check in of_cadence(cadence)}
    for check in CHECKS:
        told = latest(instance, check)
        assert (told is not None) == (check.cadence is cadence)
        assert told is None or (told.passed and told.description == verdicts[check.name].line)
    assert instance.get_runs() == []


def test_the_job_of_an_asset_with_partitions_runs_its_checks_after_it(service, instance):
    days = dg.DailyPartitionsDefinition(start_date="2026-11-01", end_offset=1)

    @dg.asset(name="fx_rates", partitions_def=days)
    def rates(): ...

    others = [spec for spec in stand_ins() if spec.key != rates.key]
    made = dg.Definitions(
        assets=[rates, *others, *(dg.AssetSpec(name) for name in ASSETS if name.startswith("payments_"))],
        asset_checks=asset_checks(lambda: NOW),
        jobs=[job for job in jobs() if job.name == "fx_rates_job"],
        resources={"warehouse": service},
    )
    job = made.resolve_job_def("fx_rates_job")
    result = job.execute_in_process(partition_key="2026-11-24", instance=instance)
    assert [told.check_name for told in result.get_asset_check_evaluations()] == ["fx_freshness"]
    check = next(check for check in CHECKS if check.name == "fx_freshness")
    assert evaluated_for_the_latest(instance, check)


def test_a_defect_is_reported_with_its_severity(service, instance):
    defect = next(one for one in DEFECTS if one.name == "many records are lost")
    try:
        service.warehouse.apply(defect)
        report(instance, service, Cadence.HOURLY, NOW)
    finally:
        service.warehouse.undo()
    told = {check.name: latest(instance, check) for check in of_cadence(Cadence.HOURLY)}
    hourly = {check.name for check in of_cadence(Cadence.HOURLY)}
    assert {name for name, evaluated in told.items() if not evaluated.passed} == defect.found_by & hourly
    assert told["completeness"].severity == dg.AssetCheckSeverity.ERROR
    assert told["completeness"].metadata["late_or_missing"].value == 13  # and one that is many days late


def test_every_statement_has_a_ceiling_and_a_time_limit(service, instance):
    service.asked.clear()
    for cadence in Cadence:
        report(instance, service, cadence, NOW)
    sizes = [asked for asked in service.asked if asked == (2**30, None)]
    asked = [asked for asked in service.asked if asked not in sizes]
    assert len(sizes) == len(Cadence)
    assert len(asked) == len(CHECKS) + 2  # and the searches for late records
    assert all(0 < most <= 200 * 10**9 and int(limit) == 120_000 for most, limit in asked)


def test_the_ceilings_follow_the_streams_size(service, instance):
    service.warehouse.db.execute("INSERT INTO payments_daily_builds VALUES (DATE '2026-11-24', 432000000)")
    try:
        service.asked.clear()
        report(instance, service, Cadence.HOURLY, NOW)
        assert {most for most, _ in service.asked} == {2**30, 10 * 50 * 10**9}
    finally:
        service.warehouse.db.execute("DELETE FROM payments_daily_builds")


@pytest.mark.parametrize("cadence", Cadence)
def test_a_job_reports_from_its_run(service, instance, cadence):
    job = next(job for job in check_jobs(lambda: NOW) if job.name == f"{cadence}_checks")
    assert job.execute_in_process(resources={"warehouse": service}, instance=instance).success
    assert all(latest(instance, check).passed for check in of_cadence(cadence))


def test_a_second_reader_is_asked_where_there_is_one(service, instance):
    asked = []

    def delivered(topic_id, partition, ranges):
        asked.append((topic_id, partition, ranges))
        return 12 if ranges == [(590, 601)] else 0  # all hold a record

    job = next(job for job in check_jobs(lambda: NOW, delivered) if job.name == "hourly_checks")
    gap = "DELETE FROM payments_landing WHERE kafka_partition = 0 AND kafka_offset"
    for offsets, missing in (("BETWEEN 576 AND 587", 0), ("BETWEEN 590 AND 601", 12)):
        try:
            service.warehouse.apply(defect("offsets without a row", "", f"{gap} {offsets}"))
            job.execute_in_process(resources={"warehouse": service}, instance=instance)
        finally:
            service.warehouse.undo()
        told = latest(instance, COMPLETENESS)
        assert (told.passed, told.metadata["late_or_missing"].value) == (not missing, missing)
    asked_of_0 = [ranges for topic_id, partition, ranges in asked if (topic_id, partition) == ("dG9waWM", 0)]
    assert asked_of_0 == [[(576, 587)], [(590, 601)]]


def test_a_second_reader_is_not_asked_each_hour_for_the_few_that_are_many_days_late(service):
    asked = []
    found = evaluate(service, "d", COMPLETENESS, COMPLETENESS.cadence.days(NOW), delivered=lambda *of: asked.append(of))
    assert (found.passed, found.facts["late_or_missing"], asked) == (True, 1, [])


def test_a_second_reader_without_an_answer_leaves_it_open(service):
    def delivered(*_):
        raise BrokerError("offsets 588 to 599 of partition 0 are gone from the log")

    try:
        service.warehouse.apply(next(one for one in DEFECTS if one.name == "many records are lost"))
        found = evaluate(service, "d", COMPLETENESS, COMPLETENESS.cadence.days(NOW), delivered=delivered)
    finally:
        service.warehouse.undo()
    assert (found.passed, found.severity) == (False, "WARN")
    assert found.line == "not checked: offsets 588 to 599 of partition 0 are gone from the log"


def test_facts_keep_their_types_and_a_huge_count_is_text():
    shown = metadata(Verdict(True, "WARN", {"n": 1, "share": 0.5, "says": "x", "huge": 2**63, "none": None}))
    assert {name: type(value).__name__ for name, value in shown.items()} == {
        "n": "IntMetadataValue",
        "share": "FloatMetadataValue",
        "says": "TextMetadataValue",
        "huge": "TextMetadataValue",
        "none": "NullMetadataValue",
    }


def test_an_evaluation_carries_the_verdicts_words():
    told = evaluation(CHECKS[0], Verdict(False, "WARN", {}, "why"))
    assert (told.passed, told.severity, told.description) == (False, dg.AssetCheckSeverity.WARN, "why")


def evaluated_for_the_latest(instance, check):
    """Whether the page shows the result: as not evaluated it is hidden."""
    key = dg.AssetCheckKey(dg.AssetKey(check.asset), check.name)
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    return asyncio.run(record.targets_latest_materialization(LoadingContextForTest(instance)))


def test_a_reported_result_outlives_the_live_materializations_and_one_of_a_run_does_not(service, instance):
    check = of_cadence(Cadence.HOURLY)[0]
    for tell, stands in (
        (lambda: report(instance, service, Cadence.HOURLY, NOW), True),
        (lambda: executed(service, instance), False),
    ):
        tell()
        assert evaluated_for_the_latest(instance, check)
        instance.report_runless_asset_event(dg.AssetMaterialization("payments"))
        assert evaluated_for_the_latest(instance, check) is stands


@pytest.mark.parametrize(
    ("silent", "state"),
    [
        (timedelta(seconds=70), "PASS"),
        (WARN_AFTER + timedelta(seconds=5), "WARN"),
        (FAIL_AFTER + timedelta(seconds=5), "FAIL"),
    ],
)
def test_a_dead_stream_turns_payments_unhealthy_without_a_run(instance, monkeypatch, silent, state):
    instance.report_runless_asset_event(dg.AssetMaterialization("payments"))
    last = instance.get_latest_materialization_event(dg.AssetKey("payments")).timestamp
    monkeypatch.setattr(freshness_evaluator, "get_current_timestamp", lambda: last + silent.total_seconds())
    assert freshness(instance) == state


def test_a_stream_that_never_reported_is_not_known(instance):
    assert freshness(instance) == "UNKNOWN"


def freshness(instance):
    """What Dagster's daemon makes of `payments` now."""
    spec = dg.AssetSpec("payments", freshness_policy=PAYMENTS_FRESHNESS)
    node = dg.Definitions(assets=[spec]).resolve_asset_graph().get(dg.AssetKey("payments"))
    judge = freshness_evaluator.TimeWindowFreshnessPolicyEvaluator()
    return asyncio.run(judge.evaluate_freshness(LoadingContextForTest(instance), node)).value
