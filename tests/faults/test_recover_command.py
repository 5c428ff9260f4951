"""`tidemark recover` for real: the landing table is replaced, the consumer refuses, the command lets it go on."""

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from storm import await_condition, drained, tidemark

from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from sandbox.demo.consumers import Crew
from sandbox.platform.instance import running
from sandbox.seed import seed as publish_reference
from streaming.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(240)]

SESSION_S = "6"
"""The broker's lower bound: a stopped member is out of the group soon, and the command need not wait 45 s."""


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(tidemark(*arguments), check=False, capture_output=True, text=True, timeout=120)


def test_a_replaced_table_is_refused_and_recovered(tmp_path):
    with running(tmp_path, partitions=1) as platform:
        client = connect(platform.project, platform.rest_endpoint)
        migrate(client, platform.project, platform.dataset, lambda line: None)
        publish_reference(client, platform.dataset, 7, datetime.now(UTC), lambda line: None)
        environment = {**os.environ, **platform.environment(), "TIDEMARK_SESSION_TIMEOUT_S": SESSION_S}
        settings = Settings.from_environment(environment)
        state = ("--state", str(tmp_path))

        def land_some() -> None:
            crew = Crew(tmp_path, environment, 1)
            crew.start()
            assert ran("produce", *state, "--rate", "100", "--seconds", "2").returncode == 0
            await_condition(lambda: crew.tend() or drained(settings), 60, "landed")
            crew.terminate()

        land_some()
        client.query_and_wait(f"DROP TABLE `{platform.project}.{platform.dataset}.payments_landing`")
        migrate(client, platform.project, platform.dataset, lambda line: None)

        refused = subprocess.run(
            [sys.executable, "-m", "streaming"],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert refused.returncode == 3
        assert "Traceback" not in refused.stderr
        assert "tidemark recover --partition 0 --from commit" in refused.stderr

        shown = ran("recover", "--partition", "0", "--from", "commit", *state)
        assert shown.returncode == 0
        assert "nothing is changed; add --yes to do it" in shown.stdout
        done = ran("recover", "--partition", "0", "--from", "commit", "--yes", *state)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (
            0,
            "done: start the consumer, partition 0 goes on at offset 200",
        )
        land_some()
        counted = client.query_and_wait(
            f"SELECT COUNT(*), MIN(kafka_offset) FROM `{platform.dataset}.payments_landing` "
            "WHERE business_date >= DATE '2020-01-01'"
        )
        assert [tuple(row) for row in counted] == [(200, 200)]
