"""Figures that the model calls measured are those of their result files, to the digit that they are given with."""

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from assets.cost import drivers
from assets.cost.logical_bytes import COLUMNS, WINDOWED, column_bytes
from benchmarks import results
from benchmarks.cost import columns, control, event_log, wire
from benchmarks.machine import ROOT
from orchestration.schedules.calendar import RULES

RUN = "cost-2026-11-30.json"
FOUND = results.read(results.FOLDER / RUN)
SPEED = results.read(results.FOLDER / "2026-11-23-e0a0aae.json")
SOAK = results.read(results.FOLDER / "soak-2026-11-25-fc9e0af.json")
FIGURES = drivers.read()
CHECK_JOBS = ("hourly_checks", "daily_checks")


def a_day(files):
    reported = FOUND["control"]["reported"]
    return sum(size for name, size in files.items() if name.startswith("dagster-")) / reported["seconds"] * 86_400


def credits(*, checks=False, steps=True):
    runs = FOUND["control"]["runs"]
    each = {
        job: runs.get(job, runs["payments_daily_job"]) for job in control.RUNS_A_DAY if checks or job not in CHECK_JOBS
    }
    return sum(control.RUNS_A_DAY[job] * (steps * run["steps"] + run["materializations"]) for job, run in each.items())


def slope():
    slow, fast = SPEED["steady"]
    return (fast["cores"]["consumer"] - slow["cores"]["consumer"]) / (
        fast["landed_per_second"] - slow["landed_per_second"]
    )


def fixed():
    slow = SPEED["steady"][0]
    return slow["cores"]["consumer"] - slope() * slow["landed_per_second"]


LOG = FOUND["wire"]["log_bytes"]
AT_500, AT_5000 = FOUND["landed"]
DAY = FOUND["control"]["a_day"]


def of_a_request():
    """Bytes a row = its own + those of the request, by its rows: at two rates."""
    few, many = AT_500["appended"], AT_5000["appended"]
    rows = 1 / few["rows_per_request"] - 1 / many["rows_per_request"]
    return (few["bytes_per_row"] - many["bytes_per_row"]) / rows


def of_a_row():
    few = AT_500["appended"]
    return few["bytes_per_row"] - of_a_request() / few["rows_per_request"]


QUOTED = {
    "wire_bytes_plain": LOG["none_5ms_500"],
    "wire_bytes_compressed": LOG["zstd_50ms_500"],
    "arrow_bytes": of_a_row(),
    "arrow_request_bytes": of_a_request(),
    "appends_per_s": AT_500["appended"]["requests"] / AT_500["seconds"],
    "logical_bytes": FOUND["rows"]["logical_bytes"],
    "view_bytes": FOUND["rows"]["view_bytes"],
    "log_bytes_member_hour": AT_500["log"]["end"],
    "log_bytes_million": AT_500["log"]["steady"] + AT_5000["log"]["steady"],
    "dagster_log_bytes_a_day": a_day(FOUND["control"]["reported"]["log_bytes"]),
    "dagster_events_a_day": DAY["events"],
    "dagster_bytes_a_day": DAY["bytes_with_indexes"],
    "dagster_process_gib": FOUND["control"]["memory_mb"]["code-server"] * 1e6 / 2**30,
    "dagster_credits_a_day": credits(),
    "metric_series_member": FOUND["control"]["series_a_member"],
}
ENDS = {
    "wire_bytes_plain": (LOG["none_50ms_full"], None),
    "wire_bytes_compressed": (LOG["zstd_50ms_full"], LOG["lz4_5ms_500"]),
    "arrow_bytes": (min(each["request_bytes_per_row"] for each in SPEED["append"]), None),
    "appends_per_s": (AT_5000["appended"]["requests"] / AT_5000["seconds"], None),
    "dagster_bytes_a_day": (DAY["text_bytes"], None),
    "dagster_credits_a_day": (credits(steps=False), credits(checks=True)),
}
OLDER = {
    "engine_cpu_s_per_million": slope() * 1e6,
    "engine_fixed_cores": fixed(),
    "engine_memory_gib": SOAK["soak"]["rss_mb"]["max"] / 1024,
    "member_events_per_s": next(
        each["per_second"] for each in SPEED["drain"] if (each["warehouse"], each["members"]) == ("emulator", 1)
    ),
}
"""Of runs before this benchmark; rounded there to what their few repeats carry, so 3 % is as good as equal."""


def same(figure, measured):
    return figure == round(Decimal(str(measured)), -figure.as_tuple().exponent)


@pytest.mark.parametrize("name", QUOTED)
def test_a_figure_is_the_results(name):
    assert same(FIGURES[name], QUOTED[name]), f"{name}: {FIGURES[name]} is not {QUOTED[name]}"


@pytest.mark.parametrize("name", ENDS)
def test_the_ends_of_a_range_are_the_results_where_they_are_measured(name):
    low, high = ENDS[name]
    about = FIGURES.about(name)
    assert same(about.low, low)
    assert high is None or same(about.high, high)


@pytest.mark.parametrize("name", OLDER)
def test_a_figure_of_an_older_run_is_that_runs(name):
    assert float(FIGURES[name]) == pytest.approx(OLDER[name], rel=0.03)


@pytest.mark.parametrize("name", QUOTED)
def test_a_figure_names_the_run_it_is_of(name):
    about, machine = FIGURES.about(name), FOUND["machine"]
    if about.kind != "computed":
        assert about.run == machine["code"]
        assert about.machine == f"{machine['cpu']}, {machine['cores']} cores"
    assert about.date == machine["date"][:10]
    assert about.kind == "computed" or RUN in about.source


def test_every_measured_figure_names_a_file_that_is_there():
    for name in FIGURES:
        about = FIGURES.about(name)
        if about.kind == "measured":
            found = re.findall(r"(?:benchmarks|docs)/[\w./-]+\.(?:json|yaml|md)", about.source)
            assert found, name
            assert all((ROOT / path).is_file() for path in found), name


def test_shares_that_the_generator_was_told_are_assumed_and_quote_what_landed():
    for name in ("quarantine_share", "duplicate_share", "late_share"):
        about = FIGURES.about(name)
        assert about.assumed
        assert f"{FOUND['rows'][name]:.4%}" in about.source
        assert about.low <= Decimal(str(FOUND["rows"][name])) <= about.high


def test_bytes_by_column_are_the_results():
    assert COLUMNS.read_text() == columns.as_yaml(results.FOLDER / RUN)
    by_column = column_bytes()
    assert float(sum(by_column.values())) == pytest.approx(FOUND["rows"]["logical_bytes"], abs=0.2)
    assert float(sum(by_column[name] for name in WINDOWED)) == pytest.approx(FOUND["rows"]["view_bytes"], abs=0.1)


def test_a_changed_figure_is_noticed():
    assert not same(Decimal("386.77"), 386.76)
    assert not same(Decimal("0.35"), 0.341)
    assert same(Decimal("0.34"), 0.341)


def test_the_document_is_small_and_names_no_machine_path():
    text = (results.FOLDER / RUN).read_text()
    assert len(text) < 50_000
    assert not re.search(r"/(?:tmp|home|work|root)/", text)


def test_the_calendars_runs_are_those_of_the_rules():
    of = {
        rule.job if rule.job.endswith("checks") else f"{rule.job}_job": 24 if rule.hour is None else 1 for rule in RULES
    }
    assert {job: control.RUNS_A_DAY[job] for job in of} == of
    assert set(control.RUNS_A_DAY) - of.keys() == {"fx_rates_job", "payments_corrections_job"}


def test_the_documents_day_is_made_of_its_own_runs():
    found = FOUND["control"]
    assert control.a_day(found["reported"], found["runs"]) == DAY
    assert not any(run["failed"] for run in found["runs"].values())


def test_a_day_is_its_minutes_and_the_calendars_runs():
    run = {"events": 10, "text_bytes": 100, "steps": 1, "materializations": 1, "failed": False}
    reported = {"reports": 2, "events": {"A": 2, "B": 8}, "text_bytes": 2_000, "database_bytes": 5_000}
    found = control.a_day(reported, {"payments_daily_job": run, "hourly_checks": {**run, "materializations": 0}})
    runs = sum(control.RUNS_A_DAY.values())
    assert found["events"] == 5 * 1_440 + 10 * runs
    assert found["text_bytes"] == 1_000 * 1_440 + 100 * runs
    assert found["bytes_with_indexes"] == found["text_bytes"] * 2.5
    assert found["materializations"] == runs - 24


def test_numbers_of_a_heartbeat_are_counted_at_any_depth():
    assert control._numbers({"lag": 3, "latency": {"p50": 1.5, "p95": None}, "state": "running", "parts": [1, 2]}) == 2


def test_events_are_counted_once_by_type_with_their_text(tmp_path):
    folder = tmp_path / "history" / "runs"
    folder.mkdir(parents=True)
    for name, rows in {
        "": [("A", "xx"), ("A", "x"), (None, "xxx")],
        "run-1": [("B", "x")],
        "index": [("A", "xx")],
    }.items():
        with closing(sqlite3.connect(folder / f"{name}.db")) as database:
            database.execute("CREATE TABLE event_logs (dagster_event_type TEXT, event TEXT)")
            database.executemany("INSERT INTO event_logs VALUES (?, ?)", rows)
            database.commit()
    assert event_log.shards(tmp_path) == {"run-1"}
    assert event_log.events(tmp_path, event_log.WITHOUT_RUN) == ({"A": 2, "LOG": 1}, 6)
    assert event_log.events(tmp_path, "run-1") == ({"B": 1}, 1)
    assert event_log.events(tmp_path, "run-2") == ({}, 0)
    assert event_log.size(tmp_path, "run-1") == (folder / "run-1.db").stat().st_size


def test_a_topics_log_is_its_segments_without_their_indexes(tmp_path):
    for number in range(wire.PARTITIONS):
        (tmp_path / f"t-{number}").mkdir()
        (tmp_path / f"t-{number}" / "0.log").write_bytes(b"x" * 100)
        (tmp_path / f"t-{number}" / "0.index").write_bytes(b"x" * 1_000)
    (tmp_path / "t-other-0").mkdir()
    (tmp_path / "t-other-0" / "0.log").write_bytes(b"x" * 100)
    assert wire.log_size(tmp_path, "t") == 600
    with pytest.raises(wire.FillingFailed, match="no log of u"):
        wire.log_size(tmp_path, "u")


@pytest.mark.integration
@pytest.mark.long
@pytest.mark.timeout(1_500)
def test_it_measures(tmp_path):
    out = tmp_path / "cost.json"
    command = [sys.executable, "-m", "benchmarks.cost", "--seconds", "5", "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found = json.loads(Path(out).read_text())
    assert found.keys() == FOUND.keys()
    assert found["wire"]["log_bytes"].keys() == LOG.keys()
    assert found["rows"]["logical_bytes"] == pytest.approx(FOUND["rows"]["logical_bytes"], rel=0.02)
