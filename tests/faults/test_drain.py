"""SIGTERM ends a member within ten seconds, whatever the services do, and leaves nothing lost or doubled."""

import json
import os
import signal
import subprocess
import time
from datetime import UTC, datetime

import pytest
import storm

from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from sandbox.demo.consumers import Crew
from sandbox.platform.instance import running
from sandbox.seed import seed as publish_reference
from streaming.settings import Settings

pytestmark = [pytest.mark.long, pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(240)]

DRAIN_S = 10.0
"""The promise, and what orchestrators grant before they kill."""


def ended_after(crew: Crew) -> tuple[float, int]:
    """SIGTERM the only member; seconds until it ended, and its exit code."""
    process = crew.members[0].process
    assert process is not None
    began = time.monotonic()
    process.terminate()
    code = process.wait(60)
    return time.monotonic() - began, code


def landed(crew: Crew) -> int:
    return int(crew.beats()["member-1"]["rows_landed"])


def test_a_drain_is_quick_beside_working_and_beside_silent_services(tmp_path):
    with running(tmp_path) as platform:
        client = connect(platform.project, platform.rest_endpoint)
        migrate(client, platform.project, platform.dataset, lambda line: None)
        publish_reference(client, platform.dataset, 7, datetime.now(UTC), lambda line: None)
        environment = {**os.environ, **platform.environment()}
        settings = Settings.from_environment(environment)
        for stopped in (None, platform.bigquery_pid, platform.kafka_pid):
            crew = Crew(tmp_path, environment, 1)
            crew.start()
            storm.await_condition(lambda crew=crew: crew.tend() or crew.ready(), 60, "a member at work")
            with (tmp_path / "logs" / "produce.log").open("wb") as log:
                arguments = ("produce", "--state", str(tmp_path), "--rate", "500", "--seconds", "4")
                producer = subprocess.Popen(storm.tidemark(*arguments), stdout=log, stderr=log)
            before = landed(crew)
            enough = before + 200
            storm.await_condition(lambda crew=crew, enough=enough: landed(crew) > enough, 30, "rows arriving")
            if stopped is not None:
                os.kill(stopped, signal.SIGSTOP)
            seconds, code = ended_after(crew)
            if stopped is not None:
                os.kill(stopped, signal.SIGCONT)
            assert (code, seconds < DRAIN_S) == (0, True), f"ended with {code} after {seconds:.1f} s"
            assert producer.wait(60) == 0
        crew = Crew(tmp_path, environment, 1)
        crew.start()
        storm.await_condition(lambda: crew.tend() or storm.drained(settings), 90, "everything landed")
        crew.terminate()
        said = subprocess.run(
            storm.tidemark("audit", "--state", str(tmp_path), "--json"), check=False, capture_output=True, text=True
        )
        assert json.loads(said.stdout)["verdict"] == "PASS", said.stdout
