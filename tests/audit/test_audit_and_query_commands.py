"""What people type: exact figures, one-line errors, exit codes."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from assets.warehouse.refusals import first_line
from audit.model import Check, Report
from audit.render import render
from orchestration.commands.audit import ledgers
from orchestration.commands.query import plain, text
from orchestration.errors import UserError
from orchestration.target import resolve
from streaming.settings import Settings

AT = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "shown", "as_json"),
    [
        (Decimal("12.300000000"), "12.30", "12.300000000"),
        (Decimal("170.123456789"), "170.123456789", "170.123456789"),
        (Decimal("999999999999999999.999900000"), "999999999999999999.9999", "999999999999999999.999900000"),
        (Decimal("1E-9"), "0.000000001", "0.000000001"),
        (Decimal("100.000000000"), "100", "100.000000000"),
        (Decimal("-0.500000000"), "-0.50", "-0.500000000"),
        (None, "", None),
        ("Käse", "Käse", "Käse"),
        (7, "7", 7),
        (True, "true", True),
        (AT, "2026-11-23 10:00:00.123456Z", "2026-11-23T10:00:00.123456Z"),
        (date(2026, 11, 23), "2026-11-23", "2026-11-23"),
        ([Decimal("1.10")], '["1.10"]', ["1.10"]),
        ({"a": date(2026, 1, 1)}, '{"a": "2026-01-01"}', {"a": "2026-01-01"}),
    ],
)
def test_values_lose_no_digit(value, shown, as_json):
    assert (text(value), plain(value)) == (shown, as_json)


def test_an_error_is_one_line_without_its_echo():
    error = ValueError('Syntax error: Unexpected "SELEC"; reason: invalidQuery, message: Syntax\nmore')
    assert first_line(error) == 'Syntax error: Unexpected "SELEC"'
    assert first_line(TimeoutError()) == "TimeoutError"


def test_every_ledger_of_the_state_is_taken_in_order(tmp_path):
    folder = tmp_path / "ledger"
    folder.mkdir()
    for name in ("b.jsonl", "a.jsonl", "notes.txt"):
        (folder / name).touch()
    settings = Settings(state_dir=str(tmp_path))
    assert [path.name for path in ledgers(settings, None)] == ["a.jsonl", "b.jsonl"]
    assert ledgers(settings, [folder / "b.jsonl"]) == [folder / "b.jsonl"]
    assert ledgers(Settings(state_dir=str(tmp_path / "empty")), []) == []


def test_a_ledger_that_is_not_there_is_the_users_mistake(tmp_path):
    with pytest.raises(UserError, match="no ledger at"):
        ledgers(Settings(), [tmp_path / "absent.jsonl"])


def test_no_platform_says_how_to_start_one(tmp_path):
    with pytest.raises(UserError, match="tidemark up"):
        resolve(tmp_path)


def report(*checks):
    latency = dict.fromkeys(("p50", "p95", "p99"), 12.5)
    hops = {"event_to_broker": {"p50": 4.0, "p95": 1_204.4}, "broker_to_row": {"p50": None}}
    return Report(list(checks), {"acked": 1_000, "lost": 1}, {}, {"end_to_end": latency, "by_hop": hops}, 1.25)


GOOD = Check("status", "as labelled?", True, {"rows": 1_000, "offenders": 0})
BAD = Check("nothing_lost", "all there?", False, {"offenders": 1}, ["partition 2 offset 17"])


def test_the_verdict_follows_from_the_checks_and_no_check_is_no_proof():
    assert [report(GOOD).verdict, report(GOOD, BAD).verdict, report().verdict] == ["PASS", "FAIL", "FAIL"]


def test_people_see_the_verdict_first_then_what_went_wrong():
    out = StringIO()
    Console(file=out, width=120).print(render(report(GOOD, BAD)))
    shown = out.getvalue()
    assert shown.startswith("FAIL  1,000 events acknowledged")
    assert shown.index("failed: nothing_lost") < shown.index("as labelled?")
    assert "nothing_lost: partition 2 offset 17" in shown
    assert "p95 12 ms" in shown


def test_people_see_where_the_time_went_hop_by_hop():
    out = StringIO()
    Console(file=out, width=120).print(render(report(GOOD)))
    assert "failed" not in out.getvalue()
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    first = lines.index("event to row: p50 12 ms, p95 12 ms, p99 12 ms")
    assert lines[first + 1 :] == [
        "  event to broker: p50 4 ms, p95 1,204 ms",
        "  broker to row: p50 none",
        "PASS  1 of 1 checks passed",
    ]


def test_an_audit_that_timed_no_event_says_nothing_of_time():
    out = StringIO()
    Console(file=out, width=120).print(render(Report([BAD], {}, {}, {}, 0.0)))
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert lines[0].startswith("FAIL  0 events acknowledged, 0 rows landed")
    assert lines[-2:] == ["  nothing_lost: partition 2 offset 17", "FAIL  0 of 1 checks passed"]


def test_a_check_is_found_by_its_name_and_no_other():
    assert report(GOOD, BAD).check("nothing_lost") is BAD
    with pytest.raises(KeyError, match="nothing_found"):
        report(GOOD, BAD).check("nothing_found")


@pytest.mark.parametrize(("width", "asked"), [(80, False), (109, False), (110, True), (200, True)])
def test_the_verdict_is_the_last_line_too_and_a_narrow_terminal_needs_no_folding(width, asked):
    out = StringIO()
    long = Check("no_duplicate_coordinates", "has no record two live rows?", True, {"rows": 300_000})
    Console(file=out, width=width).print(render(report(GOOD, BAD, long), width))
    lines = out.getvalue().splitlines()
    assert lines[-1] == "FAIL  2 of 3 checks passed"
    assert ("has no record two live rows?" in out.getvalue()) == asked
    row = next(line for line in lines if "no_duplicate_coordinates" in line)
    assert row.rstrip().endswith("300,000 rows")


def test_programs_see_plain_types():
    document = report(GOOD, BAD).as_json()
    assert document["verdict"] == "FAIL"
    assert document["checks"][1]["offenders"] == ["partition 2 offset 17"]
    assert set(document) == {"verdict", "events", "quarantined_by_reason", "latency_ms", "checks", "seconds"}
