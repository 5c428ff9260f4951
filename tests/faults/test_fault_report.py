"""The fault table: what is recorded comes out as one row a fault."""

import json

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


def test_without_a_file_it_is_only_printed(monkeypatch, capsys):
    monkeypatch.delenv("FAULT_REPORT", raising=False)
    record_fault(fault="f", done="d", happened="h", seconds=1, audit="PASS")
    assert '"fault": "f"' in capsys.readouterr().out
