"""The fault table: what is recorded comes out as one row a fault."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fault_report import record_fault, table

AUDIT = {"verdict": "PASS", "events": {"acked": 6000, "landed": 6000, "lost": 0, "duplicate_coordinates": 0}}


def test_a_row_is_printed_appended_and_tabled(tmp_path, monkeypatch, capsys):
    path = tmp_path / "rows.jsonl"
    monkeypatch.setenv("FAULT_REPORT", str(path))
    record_fault(fault="emulator killed", done="kill -9", happened="first try", seconds=3.14159, audit="FAIL")
    record_fault(fault="topic is compacted", done="a | b", happened="refused", seconds=None, audit=AUDIT)
    record_fault(fault="emulator killed", done="kill -9", happened="fenced again", seconds=2.06, audit=AUDIT)
    assert capsys.readouterr().out.count("fault: ") == 3
    lines = path.read_text().splitlines()
    assert json.loads(lines[0])["seconds"] == 3.1
    assert table(lines).splitlines() == [
        "| fault | what was done | what happened | s | audit |",
        "|---|---|---|---|---|",
        "| emulator killed | kill -9 | fenced again | 2.1 | PASS (6,000 acked, 6,000 landed, 0 lost, 0 doubled) |",
        "| topic is compacted | a / b | refused |  | PASS (6,000 acked, 6,000 landed, 0 lost, 0 doubled) |",
    ]


def test_a_row_names_its_test(tmp_path, monkeypatch):
    path = tmp_path / "rows.jsonl"
    monkeypatch.setenv("FAULT_REPORT", str(path))
    record_fault(fault="f", done="d", happened="h", seconds=1, audit="PASS")
    assert json.loads(path.read_text())["test"] == "test_a_row_names_its_test"


@pytest.mark.integration
def test_a_fault_whose_test_fails_is_a_row(tmp_path):
    """With the conftest of this folder, in a run of its own."""
    rows = tmp_path / "rows.jsonl"
    (tmp_path / "test_one.py").write_text(
        "import pytest\n@pytest.mark.fault\ndef test_it_breaks():\n    assert False\n"
    )
    here = Path(__file__).parent
    environment = {**os.environ, "FAULT_REPORT": str(rows), "PYTHONPATH": str(here)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "conftest", "-p", "no:bqemulator"]
    ran = subprocess.run(
        [*command, "-c", os.devnull, str(tmp_path)], check=False, env=environment, cwd=tmp_path, capture_output=True
    )
    assert ran.returncode == 1, ran.stdout
    (row,) = map(json.loads, rows.read_text().splitlines())
    assert (row["fault"], row["audit"], row["test"]) == ("it breaks", "FAILED", "test_it_breaks")
    assert "AssertionError" in row["happened"]


def test_without_a_file_it_is_only_printed(monkeypatch, capsys):
    monkeypatch.delenv("FAULT_REPORT", raising=False)
    record_fault(fault="f", done="d", happened="h", seconds=1, audit="PASS")
    assert '"fault": "f"' in capsys.readouterr().out
