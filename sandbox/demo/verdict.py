"""The end of a demo as people read it: verdict first, then figures, then a few rows."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sandbox.demo.control import BROUGHT_BACK_S
from sandbox.demo.questions import Example
from sandbox.demo.view import WIDTH, milliseconds

DESCRIPTION_SHOWN: Final = 44


def verdict(report: dict[str, Any], examples: Sequence[Example], where: str, width: int = WIDTH) -> RenderableType:
    """Everything below the live view. `where` is the report's path."""
    good = report["verdict"] == "PASS"
    body: list[RenderableType] = [Text(_headline(report), "bold"), Text(), _figures(report)]
    body += [Text(), *_failures(report)] if not good else []
    body += [Text(), _rows(examples)] if examples else []
    body += [Text(), Text(f"report: {where}", "dim")]
    return Panel(
        Group(*body),
        title=f"[bold]{report['verdict']}[/]",
        title_align="left",
        width=min(width, WIDTH),
        padding=(1, 2),
        border_style="green" if good else "red",
    )


def _headline(report: dict[str, Any]) -> str:
    events = report["events"]
    if report["verdict"] != "PASS":
        return "Not all of it was proven: what is below must be explained before anyone relies on this."
    return (
        f"{events['acked']:,} payment records acknowledged by Kafka, {events['landed']:,} rows in the table: "
        "each exactly once, amounts exact."
    )


def _figures(report: dict[str, Any]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", width=14)
    table.add_column()
    for name, value in _lines(report):
        table.add_row(name, value)
    return table


def _lines(report: dict[str, Any]) -> list[tuple[str, str]]:
    events, consumer, latency = report["events"], report["consumer"], report["latency_ms"]
    checks = report["audit"]["checks"]
    lines = [
        ("audit", f"{sum(check['passed'] for check in checks)} of {len(checks)} checks passed"),
        (
            "records",
            f"lost {_count(events, 'lost')}, duplicate coordinates {_count(events, 'duplicate_coordinates')}, "
            f"phantom {_count(events, 'phantom')}",
        ),
        ("quarantined", _reasons(report["quarantined_by_reason"])),
        ("duplicates", f"{_count(events, 'producer_duplicates_collapsed')} sent twice by the producer, shown once"),
        ("steady", f"{_quantiles(latency['steady'])}   from payment to queryable in the view"),
        ("all events", f"{_quantiles(latency['end_to_end'])}   with those around the kill"),
        ("where", _hops(latency["by_hop"])),
        (
            "consumer",
            f"{consumer['rss_mb']:.0f} MB, {consumer['cores_used']:.2f} cores, "
            f"{consumer['cpu_seconds_per_million'] or 0:,.0f} CPU seconds per million",
        ),
    ]
    lines += [("kill -9", _brought_back(one)) for one in report["recoveries"]]
    lines.append(("replay", _replayed(report["replay"])))
    lines.append(("Dagster", f"{report['dagster']['resident_mb']:.0f} MB, all its processes"))
    lines.append(("producer", _producer(report["rate"])))
    seconds = report["seconds"]
    lines.append(("time", f"first row after {seconds['to_first_row']:.1f} s, {seconds['total']:.0f} s in all"))
    return lines


def _brought_back(one: dict[str, Any]) -> str:
    if one["first_row_seconds"] is None:
        return "nobody brought the member back"
    late = "" if one["within_contract"] else f" (LATER than the {BROUGHT_BACK_S:.0f} s promised)"
    caught_up = one["recovery_seconds"]
    told = "never caught up" if caught_up is None else f"caught up after {caught_up:.1f} s"
    return f"supervisor restarted it: next row after {one['first_row_seconds']:.1f} s{late}, {told}"


def _replayed(replay: dict[str, Any]) -> str:
    counts = ("landed", "identical", "explained", "unexplained")
    rows = {name: sum(day[name] for day in replay["days"]) for name in counts}
    told = f"{rows['identical']:,} of {rows['landed']:,} rows of its day identical"
    told += f", {rows['explained']:,} explained" if rows["explained"] else ""
    return f"{told}, {rows['unexplained']:,} unexplained, in {replay['seconds']:.0f} s"


def _count(events: dict[str, int], name: str) -> str:
    return f"{events.get(name, 0):,}"


def _quantiles(values: dict[str, Any]) -> str:
    return "  ".join(f"{name} {milliseconds(values[name])}" for name in ("p50", "p95", "p99"))


def _hops(hops: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {milliseconds(values['p50'])}" for name, values in hops.items())


def _producer(rate: dict[str, Any]) -> str:
    asked = f"{rate['produced']:,.0f} events/s of {rate['requested']:,.0f} asked for"
    return asked if rate["held"] else f"{asked}: DID NOT HOLD ITS RATE, up to {rate['behind_ms_max']:,} ms behind"


def _reasons(reasons: dict[str, int]) -> str:
    if not reasons:
        return "0"
    shown = " · ".join(f"{reason} {count}" for reason, count in list(reasons.items())[:4])
    return f"{sum(reasons.values()):,}   {shown}{f' · {len(reasons) - 4} more' if len(reasons) > 4 else ''}"


def _failures(report: dict[str, Any]) -> list[RenderableType]:
    lines: list[RenderableType] = []
    if report["not_drained"]:
        lines.append(Text(f"not drained: {report['not_drained']}", "bold red"))
    lines += [Text(shortcoming, "bold red") for shortcoming in report["shortcomings"]]
    for check in report["audit"]["checks"]:
        if not check["passed"]:
            lines.append(Text(f"{check['name']}: {check['question']}", "bold red"))
            lines += [Text(f"    {offender}", "red") for offender in check["offenders"]]
    return lines


def _rows(examples: Sequence[Example]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", width=22)
    table.add_column()
    for example in examples:
        table.add_row(example.shows, _told(example.row))
    return table


def _told(row: Any) -> Text:
    if row.get("status") != "OK":
        return Text(f"{row['status']}: {row.get('status_detail')}")
    money = f"{row['event_type']} {_money(row['amount'])} {row['currency']}"
    if row["reporting_amount"] is not None and row["currency"] != row["reporting_currency"]:
        rate = f"rates of {row['fx_rate_date']}, {str(row['fx_status']).lower()}"
        money += f" = {_money(row['reporting_amount'])} {row['reporting_currency']} ({rate})"
    told = Text(f"{money}, {row['merchant_name'] or 'unknown merchant'}")
    if row.get("description"):
        told.append(f"\n“{row['description'][:DESCRIPTION_SHOWN]}”", "italic")
    return told


def _money(amount: Decimal) -> str:
    """Without NUMERIC's trailing zeros, with two decimals at least."""
    whole = amount.normalize()
    exponent = whole.as_tuple().exponent
    decimals = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{amount:,.{decimals}f}"
