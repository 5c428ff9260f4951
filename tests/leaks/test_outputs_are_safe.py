"""What people open or look at obeys nobody's text: the one CSV is made safe, and a terminal is told nothing."""

import csv
import json
import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from assets.cost.render import machine
from audit.model import Check, Report
from audit.render import render
from orchestration.commands import query

ROOT = Path(__file__).parents[2]
OPENED_BY_OTHERS = re.compile(r"write_csv|csv\.writer|DictWriter|to_html|text/html|<html|write_excel|openpyxl", re.I)
HOSTILE = (
    "\x1b]0;title\x07",
    "\x1b[2J\x1b[31mred",
    "\x9b31m",
    "over\rwritten",
    "back\x08space",
    "[bold]markup[/bold]",
    "=HYPERLINK(\"http://x\")",
)  # fmt: skip


def test_nothing_writes_what_a_spreadsheet_or_a_browser_would_obey():
    """Whoever adds such an output adds what makes it safe, and tests of that in place of this one."""
    folders = ("streaming", "assets", "orchestration", "sandbox", "audit")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert len(sources) > 150
    found = [path for path in sources if OPENED_BY_OTHERS.search(path.read_text())]
    assert [path.relative_to(ROOT).as_posix() for path in found] == [
        "assets/cost/render/machine.py"
    ]  # prices and bills
    assert OPENED_BY_OTHERS.search("frame.write_csv(path)")


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")'])
def test_a_spreadsheet_carries_out_no_cell_of_a_bill(text):
    _, (_, cell) = csv.reader(StringIO(machine.table([{"a": "1", "title": text}])))
    assert cell == f"'{text.strip()}"


@pytest.mark.parametrize("text", ["-12.5", "+3", "1E+2", "~12", "kafka.compute", "", "how = 3 x 4"])
def test_numbers_and_plain_text_stay_as_they_are(text):
    assert machine.safe(text) == text


def shown(print_it) -> str:
    out = StringIO()
    print_it(Console(file=out, width=120, force_terminal=False))
    return out.getvalue()


@pytest.mark.parametrize("value", HOSTILE)
def test_a_terminal_obeys_no_value_of_a_row(value, capsys):
    query._print_table(["description", "nested"], [(value, [value])])
    out = capsys.readouterr().out
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out)
    assert max(re.split(r"[\x00-\x1f\x7f-\x9f]", value), key=len) in out, "the rest is shown, markup too"


@pytest.mark.parametrize("value", HOSTILE)
def test_json_spells_it_out(value):
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", json.dumps({"v": query.plain(value)}))


def test_a_reports_offenders_are_text_and_no_markup():
    report = Report([Check("status", "?", False, {}, ["[red]partition 1[/red]"])], {}, {}, {}, 0.0)
    assert "[red]partition 1[/red]" in shown(lambda console: console.print(render(report)))
