"""`tidemark replay` as a person runs it: exit codes, one line for mistakes, a clean end after Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from landed_day import YESTERDAY, landed_day

pytestmark = pytest.mark.integration

DAY = YESTERDAY.isoformat()
DAYS = ("--from", DAY, "--to", DAY)


@pytest.fixture(scope="module")
def world(replay_platform, client):
    with landed_day(replay_platform, client) as made:
        yield made


@pytest.fixture
def command(world, tmp_path):
    own = {**os.environ, **world.environment, "TIDEMARK_STATE_DIR": str(tmp_path)}  # noqa: TID251  # a process of its own

    def start(*options: str, **settings: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "orchestration.cli", "replay", *options]
        return subprocess.Popen(
            words, env=own | settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    return start


def ended(process) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_a_day_for_programs_and_its_manifest(command):
    code, out, err = ended(command(*DAYS, "--json"))
    assert (code, err) == (0, "")
    (day,) = json.loads(out)["days"]
    assert day["day"] == DAY
    assert day["identical"] == day["rows"] > 0
    assert (day["explained"], day["unexplained"], day["published"]) == (0, 0, None)
    manifest = json.loads(Path(day["manifest"]).read_text())
    assert manifest["replay_id"] == day["replay_id"] == Path(day["manifest"]).parent.name


def test_a_day_for_people(command):
    code, out, err = ended(command(*DAYS, "--source", "landing", "--replay-id", "mine"))
    assert code == 0, err
    assert f"{DAY}" in out
    assert "unexplained" in out
    assert "mine" in err


@pytest.mark.parametrize(
    ("options", "settings", "says"),
    [
        (("--from", DAY, "--to", "2020-01-01"), {}, "is before --from"),
        ((*DAYS, "--merchants-version", "m-9"), {}, "version m-9 of merchants was never published"),
        ((*DAYS, "--fx-as-known-at", "noon"), {}, "--fx-as-known-at must be a time like"),
        (DAYS, {"TIDEMARK_MAC_KEY": ""}, "TIDEMARK_MAC_KEY is not set"),
        (DAYS, {"TIDEMARK_BIGQUERY_REST_ENDPOINT": "http://127.0.0.1:9"}, "does not answer"),
    ],
)
def test_a_mistake_is_one_line(command, options, settings, says):
    code, _, err = ended(command(*options, "--json", **settings))
    assert code == 2, err
    assert says in err
    assert len(err.splitlines()) == 1, err


def test_ctrl_c_ends_it_at_once_and_cleanly(command):
    process = command(*DAYS, "--rate", "5")
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "offsets read" in line:
            break
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    assert code == 130, (lines, err)
    assert "Traceback" not in err


def test_an_unexplained_difference_is_exit_code_1(command, world):
    world.ask(f"UPDATE LANDING SET country = 'FR' WHERE business_date = DATE '{DAY}' AND kafka_offset = 22")
    code, out, _ = ended(command(*DAYS, "--publish", "--json"))
    (day,) = json.loads(out)["days"]
    assert (code, day["unexplained"], day["published"]) == (1, 2, None)
    assert day["refused"] == "unexplained differences: 2"
