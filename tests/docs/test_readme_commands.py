"""The README's everyday commands, typed in its order in an empty folder: they work and end as it says."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from readme_commands import everyday

pytestmark = [pytest.mark.integration, pytest.mark.timeout(450)]

SECONDS = "3"
"""The only word of the README that is changed: how long `produce` runs."""
RATE = 500
EVENTS = RATE * int(SECONDS)


def command(words: list[str]) -> list[str]:
    assert words[0] == "tidemark"
    return [sys.executable, "-m", "orchestration.cli", *words[1:]]


@pytest.fixture
def shell(tmp_path):
    """Run commands in one folder; whatever happens, nothing is left running."""
    variables = {n: v for n, v in os.environ.items() if not n.startswith("TIDEMARK_")}  # noqa: TID251 - a shell's

    def run(words: list[str], code: int = 0) -> str:
        ran = subprocess.run(
            command(words), cwd=tmp_path, env=variables, capture_output=True, text=True, check=False, timeout=200
        )
        assert ran.returncode == code, f"{words}: {ran.stdout}{ran.stderr}"
        assert "Traceback" not in ran.stderr
        return ran.stdout

    @contextlib.contextmanager
    def running(words: list[str]):
        with (tmp_path / "consumer.txt").open("wb") as out:
            child = subprocess.Popen(command(words), cwd=tmp_path, env=variables, stdout=out, stderr=out)
        try:
            yield child
        finally:
            child.kill()
            child.wait()

    run.running = running
    try:
        yield run
    finally:
        run(["tidemark", "down"])


def members(shell):
    return json.loads(shell(["tidemark", "status", "--json"]))["consumers"]


def await_landed(shell, child) -> None:
    ends = time.monotonic() + 60  # noqa: TID251 - a deadline of the test itself
    while not any(m["rows_landed"] == EVENTS and m["lag"] == 0 for m in members(shell)):
        assert child.poll() is None, "the consumer ended by itself"
        assert time.monotonic() < ends, "not landed in time"  # noqa: TID251


def await_states(shell, state) -> None:
    """Until both supervised members are."""
    ends = time.monotonic() + 90  # noqa: TID251 - a deadline of the test itself
    wanted = {"member-1": state, "member-2": state}
    while not wanted.items() <= {m["member"]: m["state"] for m in members(shell)}.items():
        assert time.monotonic() < ends, members(shell)  # noqa: TID251


def test_the_everyday_commands_in_their_order(shell):
    block = {words[1]: words for words in everyday()}
    assert list(block) == [
        "up", "migrate", "seed", "produce", "consume", "ui", "stream", "query", "audit", "recover", "cost", "settings",
    ]  # fmt: skip
    assert "the platform is up" in shell(block["up"])
    assert "created table payments_landing" in shell(block["migrate"])
    assert "merchant versions as world-" in shell(block["seed"])
    place = block["produce"].index("--seconds") + 1
    sent = shell([*block["produce"][:place], SECONDS, *block["produce"][place + 1 :]])
    assert f"{EVENTS:,} acknowledged" in sent
    with shell.running(block["consume"]) as consumer:
        await_landed(shell, consumer)
        assert "capture" in shell(block["query"])
        assert "member-0  running" in shell(["tidemark", "status"])
        consumer.send_signal(signal.SIGINT)
        assert consumer.wait(30) == 0
    assert "member-0  stopped" in shell(["tidemark", "status"])
    assert "Dagster is at http://127.0.0.1:" in shell(block["ui"])
    assert "the stream is to run, members: 2" in shell(block["stream"])
    await_states(shell, "running")
    assert "the stream is to stop, members: 2" in shell(["tidemark", "stream", "stop"])
    await_states(shell, "stopped")
    assert shell(block["audit"]).startswith("PASS")
    assert "nothing is changed; add --yes" in shell(block["recover"])
    assert "What Tidemark costs at 5,000/s" in shell(block["cost"])
    assert "TIDEMARK_KAFKA_BOOTSTRAP" in shell(block["settings"])
    ended = shell(["tidemark", "down"])
    assert "stopped Dagster's code-server, webserver, daemon" in ended
    assert "the platform is down" in ended


def test_a_consumer_without_reference_data_names_the_command(shell, tmp_path):
    shell(["tidemark", "up", "--no-ui"])
    shell(["tidemark", "migrate"])
    with shell.running(["tidemark", "consume"]) as consumer:
        assert consumer.wait(60) == 3
    last = (tmp_path / "consumer.txt").read_text().splitlines()[-1]
    assert last.startswith("tidemark: cannot load reference data: no published version of merchants and fx_rates")
    assert last.endswith("publish them first (in a sandbox: `tidemark seed`)")
