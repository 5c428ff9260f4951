"""What Dagster loads: everything fits together, each check and schedule has its asset, and it loads without Google."""

import os
import subprocess
import sys

import dagster as dg  # noqa: TID251 - the control plane itself
import pytest

from orchestration.supervision.judging import CHECKS as OF_THE_STREAM
from streaming.settings import Settings

pytestmark = pytest.mark.integration  # Dagster itself, which takes a second to import


@pytest.fixture(scope="module")
def definitions():
    from orchestration.definitions import build

    return build(Settings(bigquery_project="p"))


def test_every_definition_resolves(definitions):
    dg.Definitions.validate_loadable(definitions)


def test_the_assets_and_what_feeds_what(definitions):
    graph = definitions.resolve_asset_graph()
    feeds = {
        key.to_user_string(): sorted(p.to_user_string() for p in graph.get(key).parent_keys)
        for key in graph.get_all_asset_keys()
    }
    assert feeds == {
        "kafka_payments": [],
        "merchants": [],
        "fx_rates": [],
        "payments": ["fx_rates", "kafka_payments", "merchants"],
        "payments_quarantine": ["payments"],
        "payments_corrections": ["fx_rates", "merchants", "payments"],
        "payments_daily": ["payments", "payments_corrections", "payments_settled"],
        "payments_settled": ["payments", "payments_corrections"],
        "cost_projection": ["payments", "payments_daily"],
    }


def test_every_asset_says_what_it_is_and_whose(definitions):
    for spec in definitions.resolve_all_asset_specs():
        assert spec.description, spec.key
        assert spec.owners, spec.key
        assert spec.kinds, spec.key
        assert spec.group_name in ("reference", "payments", "cost"), spec.key


def test_the_streams_checks_can_be_asked_for(definitions):
    keys = {key.name for key in definitions.resolve_asset_graph().asset_check_keys}
    assert set(OF_THE_STREAM) < keys


def test_a_fresh_clone_supervises_and_schedules_by_itself(definitions):
    repository = definitions.get_repository_def()
    running = dg.DefaultScheduleStatus.RUNNING
    assert {schedule.name for schedule in repository.schedule_defs if schedule.default_status == running} == {
        "merchants_schedule", "payments_daily_schedule", "payments_settled_schedule", "hourly_checks_schedule",
        "daily_checks_schedule", "cost_projection_schedule",
    }  # fmt: skip
    assert {sensor.name for sensor in repository.sensor_defs} == {
        "stream_supervisor", "fx_rates_sensor", "merchants_sensor", "payments_corrections_sensor",
    }  # fmt: skip


def test_loading_asks_nobody_and_imports_no_google_client():
    code = (
        "import sys, orchestration.definitions\n"
        "print([name for name in sys.modules if name.startswith('google.cloud') or name == 'confluent_kafka'])"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIDEMARK_")}  # noqa: TID251
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert ran.stdout == "[]\n", ran.stderr
