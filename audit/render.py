"""The report as people read it: the verdict first, each check, what went wrong, and the verdict again.

The last line is what stays in sight when the checks have scrolled by.
"""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from audit.model import Check, Report

WIDE = 110
"""Columns from which the questions have room beside the figures; narrower, they are left out."""


def render(report: Report, width: int = WIDE) -> RenderableType:
    """Return the report for a terminal of `width` columns; plain text when the console has no colours."""
    parts: list[RenderableType] = [_verdict(report), _checks(report, width >= WIDE), *_offenders(report)]
    if report.latency_ms:
        parts.append(_latency(report))
    return Group(*parts, _last(report))


def _verdict(report: Report) -> Text:
    events = report.events
    failed = [check.name for check in report.checks if not check.passed]
    words = (
        f"{events.get('acked', 0):,} events acknowledged, {events.get('landed', 0):,} rows landed, "
        f"{events.get('lost', 0):,} lost, {events.get('duplicate_coordinates', 0):,} twice, "
        f"{events.get('phantom', 0):,} from nowhere, {events.get('quarantined', 0):,} quarantined, "
        f"{events.get('producer_duplicates_collapsed', 0):,} duplicates collapsed"
    )
    text = Text(f"{report.verdict}  ", style="bold green" if report.passed else "bold red")
    text.append(f"{words} ({report.seconds:.1f} s)", style="default not bold")
    if failed:
        text.append(f"\nfailed: {', '.join(failed)}", style="red")
    return text


def _last(report: Report) -> Text:
    passed = sum(check.passed for check in report.checks)
    text = Text(report.verdict, style="bold green" if report.passed else "bold red")
    return text.append(f"  {passed} of {len(report.checks)} checks passed", style="default not bold")


def _checks(report: Report, questions: bool) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "check", *(["question"] if questions else []), "figures"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "check")
    for check in report.checks:
        mark = Text("pass", style="green") if check.passed else Text("FAIL", style="bold red")
        table.add_row(mark, check.name, *([check.question] if questions else []), _figures(check))
    return table


def _figures(check: Check) -> str:
    shown = {name: count for name, count in check.figures.items() if count or name != "offenders"}
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in shown.items())


def _offenders(report: Report) -> list[RenderableType]:
    failed = (check for check in report.checks if not check.passed)
    return [Text(f"  {check.name}: {offender}", style="red") for check in failed for offender in check.offenders]


def _latency(report: Report) -> Text:
    def figures(of: dict[str, float | None]) -> str:
        return ", ".join(f"{name} {'none' if value is None else f'{value:,.0f} ms'}" for name, value in of.items())

    text = Text(f"event to row: {figures(report.latency_ms['end_to_end'])}")
    for hop, of in report.latency_ms["by_hop"].items():
        text.append(f"\n  {hop.replace('_', ' ')}: {figures(of)}")
    return text
