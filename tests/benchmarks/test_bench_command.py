"""`python -m benchmarks`, small: everything is measured, nothing is left behind; and Ctrl-C ends it clean."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from benchmarks.tables import SHOWN

SMALL = {
    "BENCH_EVENTS": "14000",
    "BENCH_SAMPLE": "3000",
    "BENCH_POLLED": "3000",
    "BENCH_REPEATS": "1",
    "BENCH_WINDOWS": "75,500",
    "BENCH_STAGE_ROWS": "1000",
    "BENCH_MEMBERS": "1",
    "BENCH_RATES": "200",
    "BENCH_SECONDS": "3",
    "BENCH_APPEND_ROWS": "6000",
}
LIMIT_S = 240
HERE = dict(os.environ)  # noqa: TID251  # what the command is started with


def start(tmp_path, *arguments):
    environment = {**HERE, **SMALL, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "benchmarks", *arguments]
    with (tmp_path / "said").open("wb") as said:
        return subprocess.Popen(command, env=environment, stdout=said, stderr=said, start_new_session=True)


def left_behind(tmp_path):
    """Processes that have a file or an argument of this run."""
    commands = [process.info["cmdline"] or () for process in psutil.process_iter(["cmdline"])]
    return [words for words in commands if any(str(tmp_path) in word for word in words)]


def wait_until_it_says(run, tmp_path, words):
    """Wait for the words. Fails if the run ends before, or after LIMIT_S."""
    for _ in range(10 * LIMIT_S):
        if words in (tmp_path / "said").read_text():
            return
        with suppress(subprocess.TimeoutExpired):
            pytest.fail(f"ended with {run.wait(0.1)}: {(tmp_path / 'said').read_text()}")
    pytest.fail(f"it never said {words}")


@pytest.mark.long
@pytest.mark.integration
def test_everything_is_measured_small(tmp_path):
    out = tmp_path / "found.json"
    run = start(tmp_path, "--out", str(out))
    try:
        code = run.wait(LIMIT_S)
    finally:
        run.kill()
    said = (tmp_path / "said").read_text()
    assert code == 0, said
    found = json.loads(out.read_text())
    empty = [name for name, make in SHOWN.items() if not make(found).rows]
    assert empty == []
    assert {entry["warehouse"]: entry["events"] for entry in found["drain"]} == {"counting": 14_000, "emulator": 14_000}
    assert all(entry["per_second"] > 0 for entry in found["drain"])
    assert [step["step"] for step in found["stages"][0]["steps"] if step["bytes_per_row"]] != []
    assert found["steady"][0]["points"] != []
    assert "Machine" in said
    assert len(out.read_bytes()) < 100_000
    assert not any(path.name.startswith("tidemark-bench-") for path in tmp_path.iterdir())
    assert left_behind(tmp_path) == []


@pytest.mark.fault
def test_a_stop_leaves_nothing_behind(tmp_path):
    run = start(tmp_path, "--only", "drain", "--out", str(tmp_path / "found.json"))
    wait_until_it_says(run, tmp_path, "draining")
    run.send_signal(signal.SIGINT)
    try:
        assert run.wait(60) == 130
    finally:
        run.kill()
    said = (tmp_path / "said").read_text()
    assert said.rstrip().endswith("benchmarks: stopped, nothing written")
    assert "Traceback" not in said
    assert not (tmp_path / "found.json").exists()
    assert not any(path.name.startswith("tidemark-bench-") for path in tmp_path.iterdir())
    assert left_behind(tmp_path) == []


@pytest.mark.integration
@pytest.mark.parametrize(
    ("arguments", "extra", "code", "says"),
    [
        (["--only", "flight"], {}, 2, "no part is called flight"),
        (["--into", "nowhere.json"], {}, 2, "nowhere.json is none"),
        ([], {"BENCH_EVENTS": "all"}, 1, "BENCH_EVENTS must be a number"),
    ],
)
def test_a_wrong_order_is_refused_in_one_line(arguments, extra, code, says):
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "benchmarks", *arguments]
    ran = subprocess.run(
        command, check=False, env={**HERE, **extra}, capture_output=True, text=True, cwd=root, timeout=60
    )
    assert ran.returncode == code
    assert says in ran.stderr.splitlines()[-1]
    assert tempfile.gettempdir() not in ran.stdout
