"""Credentials for the real BigQuery that are missing or of no use: one line that says where to look."""

import json
import os
import subprocess
import sys

import pytest

from streaming.adapters.bigquery_tables import Tables
from streaming.ports import NoCredentials
from streaming.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

CANARY = "canary-private-key"
ACCOUNT = {
    "type": "service_account",
    "project_id": "bank",
    "private_key_id": "1",
    "private_key": f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n",
    "client_email": "reader@bank.example",
    "token_uri": "https://127.0.0.1:1/token",
}
FILES = {
    "missing": None,
    "no JSON": f"{CANARY} {{",
    "another JSON": json.dumps({"key": CANARY}),
    "bad key": json.dumps(ACCOUNT),
}


@pytest.fixture(params=FILES)
def account(request, tmp_path, monkeypatch):
    path = tmp_path / "account.json"
    if (content := FILES[request.param]) is not None:
        path.write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")  # nobody asks the network who we are
    for name in [name for name in os.environ if name.startswith("TIDEMARK_")]:  # noqa: TID251 - what a shell would set
        monkeypatch.delenv(name)
    return path


def test_the_warehouse_refuses_with_the_place_to_look(account):
    with pytest.raises(NoCredentials) as caught:
        Tables(Settings(bigquery_project="bank"), 1).created(5)
    _one_line(str(caught.value), account)


@pytest.mark.parametrize("account", ["missing"], indirect=True)
@pytest.mark.parametrize("command", [["query", "SELECT 1"], ["migrate"], ["audit"]])
def test_commands_say_it_in_one_line(account, command, monkeypatch, tmp_path):
    monkeypatch.setenv("TIDEMARK_BIGQUERY_PROJECT", "bank")
    monkeypatch.setenv("TIDEMARK_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    ran = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *command],
        cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert (ran.returncode, len(ran.stderr.splitlines())) == (2, 1), ran.stderr
    _one_line(ran.stderr.strip(), account)


def _one_line(said: str, account) -> None:
    assert "\n" not in said
    assert "no usable credentials for BigQuery" in said
    assert "GOOGLE_APPLICATION_CREDENTIALS" in said
    assert str(account) in said
    assert CANARY not in said
