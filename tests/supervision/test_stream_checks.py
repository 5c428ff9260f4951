"""The live stream's checks from the page: one look at the heartbeats, nobody is touched."""

# ruff: noqa: TID251 - Dagster itself is what is tested here, on the real clock

import os
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from orchestration.resources import StreamResource
from orchestration.supervision.checks import stream_checks
from orchestration.supervision.desired import Desired, write_desired
from orchestration.supervision.judging import CHECKS, judge
from orchestration.supervision.model import Cursor
from orchestration.supervision.tick import Stream, look
from streaming.adapters.heartbeat import Beat, HeartbeatFile
from streaming.adapters.lease import take

pytestmark = pytest.mark.integration  # files, Dagster's storage


def looked(state, **facts):
    usual = {"state": "running", "partitions": [0], "lag": 3, "rows_landed": 1_000, "by_status": {"OK": 1_000}}
    usual |= {"latency_ms": {"p50": 40.0, "p95": 90.0, "p99": None}}
    HeartbeatFile(state, "pod-a").write(Beat(member="pod-a", at=datetime.now(UTC), **(usual | facts)))
    definitions = dg.Definitions(
        assets=[dg.AssetSpec("payments")],
        asset_checks=[stream_checks],
        resources={"stream": StreamResource(state_dir=str(state), observe_only=True)},
    )
    job = definitions.resolve_implicit_global_asset_job_def()
    ran = job.execute_in_process(instance=dg.DagsterInstance.ephemeral())
    return {evaluation.check_name: evaluation for evaluation in ran.get_asset_check_evaluations()}


def test_a_healthy_stream_passes_all(tmp_path):
    found = looked(tmp_path)
    assert set(found) == set(CHECKS)
    assert all(evaluation.passed for evaluation in found.values())
    assert found["lag"].metadata["lag"].value == 3


def test_a_late_one_fails_its_check_alone(tmp_path):
    found = looked(tmp_path, latency_ms={"p50": 1.0, "p95": 400_000.0, "p99": None})
    assert [name for name, evaluation in found.items() if not evaluation.passed] == ["latency_p95"]


def test_a_heartbeat_of_an_hour_ago_is_no_running_member(tmp_path):
    """Its process lives and has the lease, stopped: what it said last is nobody's figure now."""
    now = datetime(2026, 1, 7, 12, tzinfo=UTC)
    long_ago = now - timedelta(hours=1)
    HeartbeatFile(tmp_path, "member-1").write(
        Beat("member-1", long_ago, "running", [0], 3, 1_000, {"p50": 40.0, "p95": 90.0, "p99": None})
    )
    write_desired(tmp_path, Desired(True, 1, long_ago, "a test"))
    descriptor = take(tmp_path, "member-1")
    try:
        metrics, wrong = look(Stream(tmp_path, dict), Cursor(), now)
    finally:
        os.close(descriptor)
    assert wrong == ("member-1: no heartbeat for 3600 s",)
    passed = {verdict.check: verdict.passed for verdict in judge(metrics, wrong)}
    assert not passed["progress"]
    assert not passed["lag"]


def test_looking_writes_no_desired_state(tmp_path):
    looked(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["heartbeats"]
