"""Dagster and the members' logs beside a steady stream: events and bytes a minute, and of each scheduled run."""

import subprocess
import sys
import time
from typing import Any, Final

from benchmarks.control_plane import attacks
from benchmarks.control_plane.shell import Failed, Shell, until
from benchmarks.cost import event_log
from benchmarks.cost.event_log import WITHOUT_RUN

RATE: Final = 500
MEMBERS: Final = 2
SEED: Final = 7
START_S: Final = 120.0
RUN_S: Final = 240.0
WARM_S: Final = 20.0
SETTLE_S: Final = 5.0
"""A report's checks follow its materialization."""
REPORT_S: Final = 60.0
REPORTS_A_DAY: Final = 1_440
"""Once a minute (orchestration/supervision/sensor.py)."""
RUNS_A_DAY: Final = {
    "payments_settled_job": 24, "payments_daily_job": 24, "hourly_checks": 24, "daily_checks": 1, "merchants_job": 1,
    "payments_corrections_job": 2, "fx_rates_job": 1, "cost_projection_job": 1,
}  # fmt: skip
"""By the calendar (docs/control-plane.md): hourly, daily, and a correction after each new version of merchants or
rates; rates on 5 days of 7, counted as each. A test holds the hourly and daily ones against the calendar's rules."""
LAUNCHED: Final = ("payments_settled_job", "payments_daily_job", "hourly_checks", "daily_checks")
"""What is run here. The others write as much as `payments_daily_job`: one step and its asset's checks."""


def measure(shell: Shell, reports: int) -> dict[str, Any]:
    """Bring all of it up, watch so many reports, run each scheduled job once. Raises Failed. The caller ends it."""
    shell.run("up")
    shell.run("migrate")
    shell.run("seed")
    shell.run("stream", "start", "--members", str(MEMBERS))
    length = str(int(REPORT_S * (reports + 1) + WARM_S + START_S + RUN_S * len(LAUNCHED)))
    with shell.start("produce", "--rate", str(RATE), "--seconds", length, "--seed", str(SEED)) as producer:
        try:
            until(lambda: _working(shell), START_S, "members that deliver")
            time.sleep(WARM_S)
            reported = watched(shell, reports)
            memory, numbers = attacks.memory(shell), series(shell)
            runs = {job: _run(shell, job) for job in LAUNCHED}
        finally:
            producer.terminate()
            producer.wait(60)
    return {
        "members": MEMBERS, "rate": RATE, "reported": reported, "runs": runs, "a_day": a_day(reported, runs),
        "memory_mb": memory, "series_a_member": numbers,
    }  # fmt: skip


def watched(shell: Shell, reports: int) -> dict[str, Any]:
    """What a stream that is only reported adds in so many reports: events by type, their text, bytes of the database
    that holds each once, bytes of log by file."""
    home = shell.dagster_home
    until(lambda: _reports(shell), 2 * REPORT_S, "a report")
    began, before, size, logs = time.monotonic(), _reports(shell), event_log.size(home, WITHOUT_RUN), _logs(shell)
    events, text = event_log.events(home, WITHOUT_RUN)
    until(lambda: _reports(shell) >= before + reports, 2 * REPORT_S * reports, f"{reports} reports")
    time.sleep(SETTLE_S)
    (later, more), grown = event_log.events(home, WITHOUT_RUN), _logs(shell)
    return {
        "reports": reports,
        "seconds": round(time.monotonic() - began, 1),
        "events": dict(sorted((later - events).items())),
        "text_bytes": more - text,
        "database_bytes": event_log.size(home, WITHOUT_RUN) - size,
        "log_bytes": {name: size - logs.get(name, 0) for name, size in grown.items() if size > logs.get(name, 0)},
    }


def series(shell: Shell) -> float:
    """Numbers in a member's heartbeat, a status one each: what a scraper would collect of it."""
    beats = shell.beats().values()
    return round(sum(sum(map(_numbers, beat.values())) for beat in beats) / len(beats), 1)


def _numbers(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_numbers, value.values()))
    return int(isinstance(value, int | float))


def _reports(shell: Shell) -> int:
    """A report is one materialization without a run, and the checks that cost nothing."""
    return event_log.events(shell.dagster_home, WITHOUT_RUN)[0]["ASSET_MATERIALIZATION"]


def a_day(reported: dict[str, Any], runs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Events and bytes of a day: minutes of reports, and the calendar's runs."""
    share = REPORTS_A_DAY / reported["reports"]
    of = {job: runs.get(job, runs["payments_daily_job"]) for job in RUNS_A_DAY}
    of_runs = {key: sum(times * of[job][key] for job, times in RUNS_A_DAY.items()) for key in ("events", "text_bytes")}
    text = reported["text_bytes"] * share + of_runs["text_bytes"]
    return {
        "events_of_reports": round(sum(reported["events"].values()) * share),
        "events_of_runs": of_runs["events"],
        "events": round(sum(reported["events"].values()) * share + of_runs["events"]),
        "text_bytes": round(text),
        "bytes_with_indexes": round(text * reported["database_bytes"] / reported["text_bytes"]),
        "steps": sum(times * of[job]["steps"] for job, times in RUNS_A_DAY.items()),
        "materializations": sum(times * of[job]["materializations"] for job, times in RUNS_A_DAY.items()),
    }


def _run(shell: Shell, job: str) -> dict[str, Any]:
    """Events of one run of a job, from its launch to its end."""
    words = ["dagster", "job", "launch", "-w", str(shell.dagster_home / "workspace.yaml"), "-j", job]
    before = event_log.shards(shell.dagster_home)
    ran = subprocess.run(
        [sys.executable, "-m", *words], env={**shell.environment, "DAGSTER_HOME": str(shell.dagster_home)},
        capture_output=True, text=True, check=False, timeout=RUN_S,
    )  # fmt: skip
    if ran.returncode:
        raise Failed(f"{job} was not launched: {ran.stderr[-300:]}")
    until(lambda: _ended(shell, before), RUN_S, f"the end of {job}")
    (shard,) = event_log.shards(shell.dagster_home) - before
    types, text = event_log.events(shell.dagster_home, shard)
    return {
        "events": types.total(), "text_bytes": text,
        "steps": types["STEP_SUCCESS"] + types["STEP_FAILURE"], "materializations": types["ASSET_MATERIALIZATION"],
        "failed": bool(types["RUN_FAILURE"] or types["PIPELINE_FAILURE"]),
    }  # fmt: skip


def _ended(shell: Shell, before: set[str]) -> bool:
    ends = {"PIPELINE_SUCCESS", "PIPELINE_FAILURE", "RUN_SUCCESS", "RUN_FAILURE"}
    return any(
        ends & event_log.events(shell.dagster_home, shard)[0].keys()
        for shard in event_log.shards(shell.dagster_home) - before
    )


def _logs(shell: Shell) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in (shell.state / "logs").glob("*.log")}


def _working(shell: Shell) -> bool:
    beats = shell.beats().values()
    return len(beats) == MEMBERS and all(beat["state"] == "running" and beat["rows_landed"] for beat in beats)
