"""`tidemark demo` as people and programs run it: real Kafka, emulator, Dagster and consumer, a real kill."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(450)]

ENVIRONMENT = dict(os.environ)  # noqa: TID251 - what a shell would hand the command
TIDEMARK = [sys.executable, "-m", "orchestration.cli"]


def demo(state: Path, *options: str) -> list[str]:
    return [*TIDEMARK, "demo", "--state", str(state), *options]


def mentioning(state: Path) -> list[psutil.Process]:
    """Processes that were started for this state folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(state) in " ".join(process.cmdline()) or process.environ().get("TIDEMARK_STATE_DIR") == str(state):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_a_short_demo_passes_its_audit_with_a_kill_in_the_middle(tmp_path: Path):
    state = tmp_path / "demo"
    command = demo(state, "--rate", "300", "--duration", "8", "--json")
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=400)
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert json.loads((state / "report.json").read_text()) == report
    assert report["verdict"] == "PASS", report["shortcomings"]
    events = report["events"]
    assert (events["acked"], events["landed"]) == (2400, 2400)
    assert (events["lost"], events["duplicate_coordinates"], events["phantom"]) == (0, 0, 0)
    assert report["latency_ms"]["never_queryable"] == 0
    assert report["latency_ms"]["steady"]["left_out"] > 0
    assert report["consumer"]["kills"] == 1
    assert report["consumer"]["recovery_seconds"] > 0
    (recovery,) = report["recoveries"]
    assert recovery["restarted_by"] == "supervisor"
    assert recovery["next_pid"] != recovery["pid"]
    assert 0 < recovery["restart_seconds"] < recovery["first_row_seconds"] <= recovery["recovery_seconds"]
    assert report["replay"]["proven"]
    assert sum(day["landed"] for day in report["replay"]["days"]) == sum(
        day["identical"] for day in report["replay"]["days"]
    )
    assert report["dagster"]["resident_mb"] > 100
    assert 0 < report["seconds"]["to_first_row"] < report["seconds"]["total"]
    assert "kill -9 member-1" in ran.stderr
    assert "member-1 was started by the supervisor" in ran.stderr
    assert "member-1 was started again by the supervisor" in ran.stderr
    assert "Dagster is at http://127.0.0.1:" in ran.stderr
    until(lambda: not mentioning(state))


@pytest.mark.long
def test_ctrl_c_stops_everything_in_one_clean_line(tmp_path: Path):
    state = tmp_path / "demo"
    command = demo(state, "--rate", "100", "--duration", "120")
    log = (tmp_path / "out").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.PIPE, env=ENVIRONMENT, start_new_session=True)
    until(lambda: any((state / "ledger").glob("*.jsonl")), within=240)

    refused = subprocess.run(demo(state), capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=60)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"tidemark: a demo or platform is running on {state}: end it with")
    assert len(refused.stderr.splitlines()) == 1

    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    log.close()
    assert process.returncode == 130
    assert error.decode() == "tidemark: stopped; nothing is left running\n"
    until(lambda: not mentioning(state))


@pytest.mark.long
def test_a_crash_of_the_demo_leaves_no_process_behind(tmp_path: Path):
    state = tmp_path / "demo"
    command = demo(state, "--rate", "100", "--duration", "120")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    until(lambda: any((state / "ledger").glob("*.jsonl")), within=240)
    assert len(mentioning(state)) >= 8, "platform, producer, Dagster, a member, and who ends those that are detached"
    process.kill()
    process.wait()
    until(lambda: not mentioning(state), within=60)


@pytest.mark.long
def test_a_part_that_dies_is_named_in_one_line_and_the_rest_is_stopped(tmp_path: Path):
    state = tmp_path / "demo"
    command = demo(state, "--rate", "100", "--duration", "120")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT)
    until(lambda: any((state / "ledger").glob("*.jsonl")), within=240)
    os.kill(json.loads((state / "platform.json").read_text())["bigquery"]["pid"], signal.SIGKILL)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert error.decode() == f"tidemark: the BigQuery emulator has died: see {state}/logs/bigquery.log\n"
    until(lambda: not mentioning(state))


@pytest.mark.long
def test_a_setting_that_is_wrong_ends_the_demo_in_one_line_that_names_it(tmp_path: Path):
    state = tmp_path / "demo"
    wrong = ENVIRONMENT | {"TIDEMARK_WINDOW_MS": "soon"}
    ran = subprocess.run(demo(state), capture_output=True, text=True, check=False, env=wrong, timeout=400)
    assert ran.returncode == 1
    assert ran.stderr.startswith("tidemark: ")
    assert "TIDEMARK_WINDOW_MS" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    until(lambda: not mentioning(state), within=60)
