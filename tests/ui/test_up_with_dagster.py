"""`tidemark up` starts platform and Dagster side by side; `status` shows both; a second `up` mends; `down` ends all."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sandbox.platform.instance import load

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(450)]

ENVIRONMENT = {n: v for n, v in os.environ.items() if not n.startswith("TIDEMARK_")}  # noqa: TID251 - a shell's
QUIET = {"TIDEMARK_SCHEDULES": "off"}
"""Nobody is to load anything meanwhile."""


def tidemark(*words: str) -> str:
    command = [sys.executable, "-m", "orchestration.cli", *words]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=200, env=ENVIRONMENT | QUIET, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture
def state(tmp_path: Path):
    state = tmp_path / "sandbox"
    yield state
    tidemark("down", "--state", str(state))


def dagster(state: Path) -> dict:
    return json.loads(tidemark("status", "--json", "--state", str(state)))["dagster"]


def test_up_status_a_death_up_again_and_down(state: Path):
    where = ("--state", str(state))
    first = tidemark("up", *where)
    found = dagster(state)
    assert found["state"] == "up", found
    assert f"Dagster   {found['address']}" in first
    code_server = psutil.Process(found["servers"]["code-server"]["pid"]).environ()
    expected = load(state).environment()
    assert expected.items() <= code_server.items(), "what was foreseen of the platform came true"

    os.kill(found["servers"]["daemon"]["pid"], signal.SIGKILL)
    dead = dagster(state)
    assert (dead["state"], dead["servers"]["daemon"]["state"]) == ("dead", "dead")
    assert f"start it with `tidemark ui --state {state}`" in tidemark("status", *where)

    again = tidemark("up", *where)
    assert "the platform is already up" in again
    mended = dagster(state)
    assert mended["state"] == "up"
    assert mended["address"] == found["address"]
    assert mended["servers"]["webserver"] == found["servers"]["webserver"], "who runs is left alone"
    assert mended["servers"]["daemon"]["pid"] != found["servers"]["daemon"]["pid"]

    ended = tidemark("down", *where)
    assert "stopped Dagster's code-server, webserver, daemon" in ended
    assert "the platform is down" in ended
    assert dagster(state)["state"] == "down"
