"""Dagster's side: what a tick reports, keeps and says; what the jobs write; how a member's environment is made."""

# ruff: noqa: TID251 - Dagster itself is what is tested here

import errno
import json
from datetime import UTC, datetime, timedelta

import pytest
from dagster import (
    AssetCheckKey,
    AssetKey,
    DagsterInstance,
    DefaultSensorStatus,
    SensorResult,
    build_sensor_context,
)
from dagster._daemon.sensor import MIN_INTERVAL_LOOP_TIME

from orchestration.errors import UserError
from orchestration.resources import StreamResource
from orchestration.supervision import facts, judging, sensor
from orchestration.supervision.desired import Desired, read_desired, write_desired
from orchestration.supervision.jobs import stream_start, stream_stop
from orchestration.supervision.model import Cursor
from orchestration.supervision.sensor import stream_supervisor
from streaming.adapters.heartbeat import Beat, HeartbeatFile

pytestmark = pytest.mark.integration  # files, Dagster's storage

PAYMENTS = AssetKey("payments")


class FixedClock(datetime):
    """The sensor's clock, moved by hand."""

    current: datetime

    @classmethod
    def now(cls, tz=None):
        return cls.current.astimezone(tz)


class Dagster:
    def __init__(self, state, **stream):
        self.instance, self.cursor, self.state = DagsterInstance.ephemeral(), None, state
        self.stream = StreamResource(state_dir=str(state), **stream)

    def tick(self, seconds=5) -> str:
        FixedClock.current += timedelta(seconds=seconds)
        resources = {"stream": self.stream}
        context = build_sensor_context(instance=self.instance, cursor=self.cursor, resources=resources)
        result = stream_supervisor(context)
        assert isinstance(result, SensorResult)
        self.cursor = result.cursor
        return result.skip_reason.skip_message

    def beat(self, member="pod-a", age=1.0, **facts):
        usual = {"state": "running", "partitions": [0], "lag": 3, "rows_landed": 1_000}
        usual |= {"latency_ms": {"p50": 40.0, "p95": 90.0, "p99": None}, "by_status": {"OK": 1_000}}
        at = FixedClock.current - timedelta(seconds=age)
        HeartbeatFile(self.state, member).write(Beat(member=member, at=at, **(usual | facts)))

    def materializations(self):
        return [
            record.asset_materialization for record in self.instance.fetch_materializations(PAYMENTS, limit=100).records
        ]

    def checks(self):
        found = {}
        for name in judging.CHECKS:
            records = self.instance.event_log_storage.get_asset_check_execution_history(
                AssetCheckKey(PAYMENTS, name), limit=1
            )
            if records:
                found[name] = records[0].event.dagster_event.event_specific_data
        return found


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr(sensor, "datetime", FixedClock)
    FixedClock.current = datetime(2026, 1, 7, 23, 59, 30, tzinfo=UTC)


@pytest.fixture
def dagster(tmp_path):
    dagster = Dagster(tmp_path, observe_only=True)
    with dagster.instance:
        yield dagster


def test_the_sensor_looks_at_every_round_of_the_daemon_from_the_first_start():
    assert stream_supervisor.minimum_interval_seconds < MIN_INTERVAL_LOOP_TIME == 5
    assert stream_supervisor.default_status is DefaultSensorStatus.RUNNING


def test_the_live_stream_is_reported_once_a_minute_for_the_utc_day(dagster):
    for _ in range(13):
        dagster.beat()
        said = dagster.tick()
    assert said == "1 members run, lag 3, 1,000 rows landed"
    newest, first = dagster.materializations()
    assert (first.partition, newest.partition) == ("2026-01-07", "2026-01-08")
    shown = {name: value.value for name, value in first.metadata.items()}
    assert shown == {
        "lag": 3,
        "latency_p50_ms": 40.0,
        "latency_p95_ms": 90.0,
        "rows_landed_since_start": 1_000,
        "rows_since_last_report": 1_000,
        "quarantined": 0,
        "skipped_at_recovery": 0,
        "members_running": 1,
        "members": "pod-a running",
    }
    assert newest.metadata["rows_since_last_report"].value == 0


def test_quarantined_rows_are_shown_by_reason_as_the_view_names_it(dagster):
    dagster.beat(by_status={"OK": 990, "QUARANTINED_NOT_JSON": 6, "QUARANTINED_BAD_AMOUNT": 4})
    dagster.tick()
    (told,) = dagster.materializations()
    reasons = told.metadata["quarantined_by_reason"].value
    assert sorted(reasons.split(", ")) == ["BAD_AMOUNT 4", "NOT_JSON 6"]


def test_the_checks_are_of_the_materialization_reported_with_them(dagster):
    dagster.beat()
    dagster.tick()
    (record,) = dagster.instance.fetch_materializations(PAYMENTS, limit=9).records
    checks = dagster.checks()
    assert {name: check.passed for name, check in checks.items()} == dict.fromkeys(judging.CHECKS, True)
    assert {check.target_materialization_data.storage_id for check in checks.values()} == {record.storage_id}
    assert checks["latency_p95"].description == "p95 is 90 ms"


def test_an_alarm_turns_progress_red_at_once_and_green_when_it_is_over(dagster):
    dagster.beat()
    dagster.tick()
    said = dagster.tick(30)
    assert said == "pod-a: no heartbeat for 36 s"
    failed = dagster.checks()["progress"]
    assert (failed.passed, failed.severity.value) == (False, "ERROR")
    assert failed.description == "pod-a: no heartbeat for 36 s; 0 of 1 members run"
    assert len(dagster.materializations()) == 1, "a stream that delivers nothing is not materialized: it goes stale"
    dagster.beat()
    dagster.tick()
    assert dagster.checks()["progress"].passed


def test_the_lag_of_the_living_is_the_least_while_a_member_is_missing(tmp_path):
    dagster = Dagster(tmp_path, observe_only=True, members=2)
    with dagster.instance:
        dagster.beat(partitions=[0, 1])
        assert dagster.tick() == "1 members run, lag at least 3, 1,000 rows landed"
        found = dagster.checks()["lag"]
        assert (found.passed, found.severity.value) == (False, "WARN")
        assert found.description == "at least 3 records wait: missing: 1 that never reported"
        (told,) = dagster.materializations()
        assert told.metadata["lag_at_least"].value == 3
        assert "lag" not in told.metadata
        dagster.beat("pod-b", partitions=[2])
        assert dagster.tick() == "2 members run, lag 6, 2,000 rows landed"
        dagster.beat(age=-20.0, partitions=[0, 1])
        assert dagster.tick(25).startswith("pod-b: no heartbeat for")
        found = dagster.checks()["lag"]
        assert found.description == "at least 3 records wait: missing: pod-b; nobody owns partitions 2"


def test_nothing_is_reported_of_a_stream_that_nobody_wants(tmp_path):
    dagster = Dagster(tmp_path)
    assert dagster.tick() == "nobody wants a stream here: run stream_start"
    write_desired(tmp_path, Desired(False, 1, FixedClock.current, "a test"))
    assert dagster.tick() == "the stream is stopped"
    assert (dagster.materializations(), dagster.checks()) == ([], {})


def test_a_platform_that_is_down_is_an_alarm_and_the_cursor_is_kept(tmp_path):
    (tmp_path / "platform.json").write_text("{}")
    write_desired(tmp_path, Desired(True, 1, FixedClock.current, "a test"))
    dagster = Dagster(tmp_path)
    assert dagster.tick().startswith("member-1: cannot start: no platform is running on")
    assert Cursor.from_json(dagster.cursor).alarmed
    assert not dagster.checks()["progress"].passed


def test_a_stream_that_is_stopped_takes_its_alarm_along(tmp_path):
    (tmp_path / "platform.json").write_text("{}")
    write_desired(tmp_path, Desired(True, 1, FixedClock.current, "a test"))
    dagster = Dagster(tmp_path)
    dagster.tick()
    assert not dagster.checks()["progress"].passed
    write_desired(tmp_path, Desired(False, 1, FixedClock.current, "a test"))
    assert dagster.tick() == "the stream is stopped"
    assert dagster.checks()["progress"].passed
    assert dagster.checks()["lag"].description == "the lag is not known: the stream is stopped"


def test_a_storage_that_takes_no_report_costs_neither_the_tick_nor_the_cursor(dagster, monkeypatch):
    def busy(*_):
        raise RuntimeError("database is locked")

    honest = sensor.report
    monkeypatch.setattr(sensor, "report", busy)
    dagster.beat()
    assert dagster.tick() == "1 members run, lag 3, 1,000 rows landed"
    kept = Cursor.from_json(dagster.cursor)
    assert (list(kept.members), kept.reported_at, kept.counted) == (["pod-a"], None, {})
    monkeypatch.setattr(sensor, "report", honest)
    dagster.beat()
    dagster.tick()
    assert dagster.materializations()[0].metadata["rows_since_last_report"].value == 1_000


def test_leases_that_cannot_be_looked_at_start_nobody_and_are_an_alarm(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    write_desired(tmp_path, Desired(True, 1, FixedClock.current, "a test"))
    dagster = Dagster(tmp_path)
    monkeypatch.setattr(facts, "holder", no_locks)
    assert dagster.tick() == "the members' leases cannot be looked at: [Errno 37] No locks available"
    assert not dagster.checks()["progress"].passed


def test_a_clock_that_is_set_back_delays_no_report(dagster):
    dagster.beat()
    dagster.tick()
    dagster.beat(age=3_597)
    dagster.tick(-3_600)
    for _ in range(13):
        dagster.beat()
        dagster.tick()
    assert len(dagster.materializations()) == 2


def test_a_desired_state_that_says_nothing_is_an_alarm(tmp_path):
    (tmp_path / "desired.json").write_text("yes")
    assert "desired.json does not say what is wanted" in Dagster(tmp_path).tick()


class TestJobs:
    def run(self, job, tmp_path, config=None, **stream):
        resources = {"stream": StreamResource(state_dir=str(tmp_path), **stream)}
        ran = job.execute_in_process(run_config=config, resources=resources, raise_on_error=False)
        return ran.success, read_desired(tmp_path)

    def test_start_takes_the_members_that_are_configured_or_asked_for(self, tmp_path):
        success, desired = self.run(stream_start, tmp_path, members=2)
        assert (success, desired.running, desired.members) == (True, True, 2)
        asked = {"ops": {"want_running": {"config": {"members": 3}}}}
        assert self.run(stream_start, tmp_path, asked)[1].members == 3

    def test_stop_remembers_how_many_there_were(self, tmp_path):
        self.run(stream_start, tmp_path, members=2)
        success, desired = self.run(stream_stop, tmp_path)
        assert (success, desired.running, desired.members) == (True, False, 2)
        assert desired.by.startswith("run ")

    def test_stop_mends_a_file_that_says_nothing(self, tmp_path):
        (tmp_path / "desired.json").write_text("yes")
        assert not self.run(stream_stop, tmp_path)[1].running

    def test_a_stream_that_is_only_observed_is_not_theirs(self, tmp_path):
        assert self.run(stream_start, tmp_path, observe_only=True) == (False, None)


def test_a_members_environment_is_this_process_with_the_sandbox_that_lives_there(tmp_path, monkeypatch):
    monkeypatch.setenv("TIDEMARK_MAC_KEY_FILE", "/run/secrets/mac")
    environment = StreamResource(state_dir=str(tmp_path)).environment()
    assert environment["TIDEMARK_STATE_DIR"] == str(tmp_path)
    assert environment["TIDEMARK_MAC_KEY_FILE"] == "/run/secrets/mac"
    (tmp_path / "platform.json").write_text(json.dumps({}))
    with pytest.raises(UserError, match="no platform is running"):
        StreamResource(state_dir=str(tmp_path)).environment()
