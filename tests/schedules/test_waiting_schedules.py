"""`TIDEMARK_SCHEDULES=off`: what the clock starts waits to be turned on; who keeps the stream running never does."""

import dagster as dg  # noqa: TID251 - the control plane itself
import pytest

from orchestration.definitions import build
from streaming.settings import Settings

pytestmark = pytest.mark.integration  # Dagster itself, which takes a second to import


def running(settings: Settings) -> set[str]:
    repository = build(settings).get_repository_def()
    schedules = {
        each.name for each in repository.schedule_defs if each.default_status == dg.DefaultScheduleStatus.RUNNING
    }
    return schedules | {
        each.name for each in repository.sensor_defs if each.default_status == dg.DefaultSensorStatus.RUNNING
    }


def names(settings: Settings) -> set[str]:
    repository = build(settings).get_repository_def()
    return {each.name for each in (*repository.schedule_defs, *repository.sensor_defs)}


def test_only_the_supervisor_runs_and_all_are_there_to_be_turned_on():
    on, off = Settings(bigquery_project="p"), Settings(bigquery_project="p", schedules="off")
    assert running(off) == {"stream_supervisor"}
    assert names(off) == names(on) == running(on)
