"""A wrong address is one line that names it and the setting, within seconds: Google's clients try for ten minutes."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from audit.bigquery import _read_client
from audit.model import AuditError
from sandbox.platform.processes import started_at

pytestmark = pytest.mark.integration

REFUSED_S = 30.0
"""Three seconds of trying, and the start of an interpreter with Google's packages, which took eight where ten others
wanted the machine's two cores. What it must not be is the ten minutes of Google's own patience."""
SILENT_S = 40.0
"""Eight to eleven seconds, and the same start. Kafka's client does not tell refused from silent."""
NOBODY = "127.0.0.1:1"


def environment(rest: str, grpc: str = NOBODY) -> dict[str, str]:
    inherited = {n: v for n, v in os.environ.items() if not n.startswith("TIDEMARK_")}  # noqa: TID251 - a shell's
    return inherited | {
        "TIDEMARK_KAFKA_BOOTSTRAP": NOBODY,
        "TIDEMARK_BIGQUERY_PROJECT": "tidemark-local",
        "TIDEMARK_BIGQUERY_REST_ENDPOINT": f"http://{rest}",
        "TIDEMARK_BIGQUERY_GRPC_ENDPOINT": grpc,
        "TIDEMARK_MAC_KEY": "k" * 32,
    }


def said(words: list[str], variables: dict[str, str], cwd, within: float) -> str:
    began = time.monotonic()  # noqa: TID251 - how long a person waits
    ran = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *words],
        env=variables, cwd=cwd, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    took = time.monotonic() - began  # noqa: TID251
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert took < within
    return ran.stderr


RUN = {
    "kind": "run",
    "run": "r",
    "topic": "payments",
    "topic_id": "T",
    "started_at": "2026-11-23T12:00:00Z",
}


@pytest.fixture
def place(tmp_path):
    """A folder with a run's ledger, and a sandbox whose owner lives and whose emulator does not."""
    (tmp_path / "run.jsonl").write_text(json.dumps(RUN) + "\n")
    where = {"rest_endpoint": f"http://{NOBODY}", "grpc_endpoint": NOBODY, "project": "tidemark-local"}
    document = {
        "kafka": {"bootstrap_servers": NOBODY, "topic": "payments", "pid": 1},
        "bigquery": {**where, "dataset": "payments", "pid": 1},
        "supervisor_pid": os.getpid(),
        "supervisor_started": started_at(os.getpid()),
    }
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "platform.json").write_text(json.dumps(document))
    (tmp_path / "sandbox" / "mac.key").write_text("k" * 32)
    return tmp_path


@pytest.fixture
def silent():
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


COMMANDS = {
    "query": (["query", "SELECT 1"], "BIGQUERY_REST_ENDPOINT"),
    "migrate": (["migrate"], "BIGQUERY_REST_ENDPOINT"),
    "audit": (["audit", "--ledger", "run.jsonl"], "BIGQUERY_REST_ENDPOINT"),
    "seed": (["seed", "--state", "sandbox"], "BIGQUERY_REST_ENDPOINT"),
    "recover": (["recover", "--partition", "0"], "KAFKA_BOOTSTRAP"),
}


@pytest.mark.long
@pytest.mark.parametrize("command", COMMANDS)
def test_nobody_there(place, command):
    words, setting = COMMANDS[command]
    within = SILENT_S if setting == "KAFKA_BOOTSTRAP" else REFUSED_S
    only_line(said(words, environment(NOBODY), place, within), NOBODY, setting)


@pytest.mark.long
@pytest.mark.parametrize("command", ["query", "migrate", "audit"])
def test_somebody_who_never_answers(place, silent, command):
    words, setting = COMMANDS[command]
    only_line(said(words, environment(silent), place, SILENT_S), silent, setting)


def test_the_audits_other_service(place, monkeypatch):
    """The Storage Read API has an address of its own."""
    monkeypatch.setattr("audit.bigquery.FIRST_CALL_S", 1.0)
    with pytest.raises(AuditError, match=rf"{NOBODY} does not answer; is TIDEMARK_BIGQUERY_GRPC_ENDPOINT right"):
        _read_client(NOBODY)


def only_line(text: str, endpoint: str, setting: str) -> None:
    progress, _, last = text.rstrip("\n").rpartition("\n")
    assert last.startswith("tidemark: ")
    assert "Traceback" not in progress
    assert endpoint in last
    assert f"TIDEMARK_{setting}" in last
