"""Dagster's schedules and sensors, asked with an injected clock; the warehouse's client answers from lists."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg  # noqa: TID251  # what is tested here is Dagster's view
import pytest

from assets.warehouse.client import NotAnswering
from orchestration.schedules.calendar import FRANKFURT, RULES, fx_days_due
from orchestration.schedules.definitions import ASSETS, jobs, schedules, sensors

pytestmark = pytest.mark.integration  # Dagster itself, which takes a second to import

WEDNESDAY = datetime(2026, 11, 25, tzinfo=UTC)
DUE = WEDNESDAY.replace(hour=15, minute=5)


class Service:
    """The resource and Google's client in one: published days and versions, and how often it was asked."""

    project, dataset = "p", "d"

    def __init__(self, days=(), versions=()):
        self.days, self.versions, self.asked = set(days), list(versions), []
        self.away = False

    def client(self):
        if self.away:
            raise NotAnswering("no usable credentials")
        return self

    def query(self, sql, **_):
        self.asked.append(sql)
        rates = [{"rate_date": day} for day in sorted(self.days)]
        rows = rates if ".fx_rates`" in sql else [{"name": n, "version": v} for n, v in self.versions]
        return type("Job", (), {"result": lambda *_, **__: rows})()


class Clock:
    def __init__(self, at):
        self.at = at

    def __call__(self):
        return self.at


@pytest.fixture(scope="module")
def definitions():
    daily = dg.DailyPartitionsDefinition(start_date="2026-01-01", end_offset=1)

    def made_elsewhere(name):
        @dg.asset(name=name, partitions_def=daily if name == "fx_rates" else None)
        def asset(): ...

        return asset

    return dg.Definitions(
        assets=[made_elsewhere(name) for name in ASSETS],
        jobs=jobs(),
        schedules=schedules(),
        sensors=sensors(),
        resources={"warehouse": Service()},
    )


def test_they_load_with_assets_that_have_these_keys(definitions):
    dg.Definitions.validate_loadable(definitions)
    assert {job.name for job in jobs()} == {f"{asset}_job" for asset in ASSETS} | {"hourly_checks", "daily_checks"}
    selected = {n: definitions.resolve_job_def(f"{n}_job").asset_layer.executable_asset_keys for n in ASSETS}
    assert selected == {name: {dg.AssetKey(name)} for name in ASSETS}


def test_every_rule_has_its_schedule_which_is_on():
    made = {schedule.name: schedule for schedule in schedules()}
    assert set(made) == {f"{rule.job}_schedule" for rule in RULES}
    assert all(schedule.default_status == dg.DefaultScheduleStatus.RUNNING for schedule in made.values())
    nightly = made["merchants_schedule"]
    assert (nightly.cron_schedule, nightly.execution_timezone) == ("15 2 * * *", FRANKFURT)
    assert made["payments_daily_schedule"].cron_schedule == "20 * * * *"
    assert made["daily_checks_schedule"].execution_timezone == "UTC"


def evaluate(schedule, tick, now):
    made = next(s for s in schedules(Clock(now)) if s.name == schedule)
    return made.evaluate_tick(dg.build_schedule_context(scheduled_execution_time=tick))


def test_a_tick_starts_a_run_whose_key_is_the_ticks_own():
    tick = datetime(2026, 11, 25, 3, 50, tzinfo=UTC)
    for late in (timedelta(), timedelta(minutes=30)):
        (request,) = evaluate("hourly_checks_schedule", tick, tick + late).run_requests
        assert request.run_key == "hourly_checks-2026-11-25T03:50Z"


def test_of_the_ticks_that_were_missed_the_newest_starts_a_run():
    now = datetime(2026, 11, 25, 9, 10, tzinfo=UTC)
    ticks = [datetime(2026, 11, 25, hour, 50, tzinfo=UTC) for hour in range(4, 9)]
    told = [evaluate("hourly_checks_schedule", tick, now) for tick in ticks]
    assert [len(tick.run_requests) for tick in told] == [0, 0, 0, 0, 1]
    assert told[0].skip_message == "missed; the tick of 2026-11-25 08:50 UTC does its work as well"


def test_the_nightly_tick_by_frankfurts_clock_is_named_by_utc():
    tick = datetime(2026, 3, 29, 1, tzinfo=UTC)
    made = evaluate("merchants_schedule", tick, tick)
    assert made.run_requests[0].run_key == "merchants-2026-03-29T01:00Z"


class FxSensor:
    """The sensor with its cursor, as Dagster keeps it."""

    def __init__(self, service, clock, until=None):
        self.sensor = next(s for s in sensors(clock, fx_until=lambda: until) if s.name == "fx_rates_sensor")
        self.service, self.cursor = service, None

    def look(self):
        with (
            dg.DagsterInstance.ephemeral() as instance,
            dg.build_sensor_context(instance, self.cursor, resources={"warehouse": self.service}) as context,
        ):
            said = self.sensor(context)
        self.cursor = said.cursor
        return [(r.partition_key, r.run_key) for r in said.run_requests or []]


def test_rates_are_requested_by_partition_until_they_are_published():
    clock = Clock(DUE - timedelta(minutes=1))
    service = Service(days=fx_days_due(DUE - timedelta(minutes=1)))
    sensor = FxSensor(service, clock)
    assert sensor.look() == []
    clock.at = DUE
    assert sensor.look() == [("2026-11-25", "fx_rates-2026-11-25-2026-11-25T15:05Z")]
    clock.at = DUE + timedelta(minutes=15)
    assert sensor.look() == [("2026-11-25", "fx_rates-2026-11-25-2026-11-25T15:20Z")]
    service.days.add(date(2026, 11, 25))
    clock.at = DUE + timedelta(minutes=30)
    assert sensor.look() == []


def test_the_warehouse_is_asked_once_for_an_attempt():
    clock = Clock(DUE)
    sensor = FxSensor(Service(days=fx_days_due(DUE)), clock)
    for minute in range(15):
        clock.at = DUE + timedelta(minutes=minute)
        sensor.look()
    assert len(sensor.service.asked) == 1
    assert "rate_date >= DATE '2026-11-19'" in sensor.service.asked[0]


def test_a_fresh_warehouse_is_filled_from_the_last_target_days():
    requests = FxSensor(Service(), Clock(DUE)).look()
    assert [key for key, _ in requests] == ["2026-11-19", "2026-11-20", "2026-11-23", "2026-11-24", "2026-11-25"]


def test_a_source_that_has_ended_is_asked_for_the_newest_day_alone():
    requests = FxSensor(Service(), Clock(DUE + timedelta(hours=3)), date(2026, 10, 30)).look()
    assert requests == [("2026-11-25", "fx_rates-2026-11-25-2026-11-25T15:05Z")]


def corrections(service, instance=None, at=DUE):
    sensor = next(s for s in sensors(Clock(at)) if s.name == "payments_corrections_sensor")
    with (
        instance or dg.DagsterInstance.ephemeral() as used,
        dg.build_sensor_context(used, resources={"warehouse": service}) as context,
    ):
        return sensor(context)


def test_corrections_are_requested_once_for_each_new_version():
    versions = [("fx_rates", "f1"), ("merchants", "m1"), ("fx_rates", "f2"), ("something", "else")]
    said = corrections(Service(versions=versions))
    assert said.run_key == "payments_corrections-f2-m1"
    assert corrections(Service(versions=versions)).run_key == said.run_key
    assert corrections(Service(versions=[*versions, ("merchants", "m2")])).run_key != said.run_key


def test_without_reference_data_there_is_nothing_to_correct():
    assert "never published" in corrections(Service()).skip_message


def test_a_warehouse_that_is_away_is_one_line_and_asked_again():
    service = Service()
    service.away = True
    sensor = FxSensor(service, Clock(DUE))
    assert sensor.look() == []
    assert corrections(service).skip_message == "the warehouse gave no answer: no usable credentials"
    service.away = False
    assert len(sensor.look()) == 5


@dg.op
def one_step(): ...


@dg.job(name="payments_corrections_job")
def corrections_stand_in():
    one_step()


@dg.job(name="merchants_job")
def merchants_stand_in():
    one_step()


def test_corrections_that_failed_are_tried_again_and_those_that_succeeded_are_not(tmp_path):
    service = Service(versions=[("fx_rates", "f1"), ("merchants", "m1")])
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        first = corrections(service, instance)
        run = instance.create_run_for_job(corrections_stand_in, tags=first.tags)
        assert corrections(service, instance).skip_message == "no run is due"
        instance.report_run_failed(run)
        ended = datetime.fromtimestamp(instance.get_run_record_by_id(run.run_id).end_time, UTC)
        assert corrections(service, instance, ended + timedelta(minutes=59)).skip_message == "no run is due"
        later = ended + timedelta(minutes=61)
        again = corrections(service, instance, later)
        assert again.run_key == f"{first.run_key}-again1"
        assert corrections_stand_in.execute_in_process(instance=instance, tags=again.tags).success
        assert corrections(service, instance, later + timedelta(hours=2)).skip_message == "no run is due"


def merchants(instance, at):
    sensor = next(s for s in sensors(Clock(at)) if s.name == "merchants_sensor")
    with dg.build_sensor_context(instance) as context:
        return sensor(context)


def test_a_late_snapshot_is_tried_again_one_run_at_a_time_until_it_is_loaded(tmp_path):
    today = datetime(2026, 1, 7, 8, 3, tzinfo=UTC)  # Dagster's own clock, which dates runs, is later than that
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        assert merchants(instance, today).skip_message == "the night's schedule makes the first attempt"
        run = instance.create_run_for_job(merchants_stand_in)
        assert merchants(instance, today).skip_message == "an attempt is under way"
        instance.report_run_failed(run)
        assert merchants(instance, today).run_key == "merchants-2026-01-07T08:00Z"
        instance.report_runless_asset_event(dg.AssetMaterialization("merchants"))
        assert "is loaded" in merchants(instance, today).skip_message
