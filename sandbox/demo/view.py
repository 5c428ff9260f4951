"""The live view: a snapshot drawn with rich, or as one plain line where there is no terminal."""

from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sandbox.demo.snapshot import DRAINING, RECOVERING, STREAMING, Snapshot

WIDTH: Final = 96
HAPPENINGS_SHOWN: Final = 6
REASONS_SHOWN: Final = 3
_BARS: Final = "▁▂▃▄▅▆▇█"
_PHASE_STYLE: Final = {STREAMING: "bold green", RECOVERING: "bold red", DRAINING: "bold yellow"}
_TONES: Final = {"good": "green", "bad": "bold red", "plain": "default"}


def draw(now: Snapshot, width: int = WIDTH) -> RenderableType:
    """The whole view of one moment, at most `WIDTH` columns wide."""
    width = min(width, WIDTH)
    courses = _courses(now, max(10, min(60, width - 36)))
    return Panel(
        Group(_progress(now), Text(), _figures(now), Text(), courses, Text(), _facts(now), *_happenings(now)),
        title="[bold]Tidemark[/] · payments: Kafka → Polars → BigQuery (emulator)",
        title_align="left",
        subtitle="[dim]p50, p95: from payment to queryable in the view, last 10 s[/]",
        subtitle_align="right",
        width=width,
        padding=(1, 2),
        border_style="cyan",
    )


def line(now: Snapshot) -> str:
    """The same as one line of text."""
    parts = [
        f"{now.elapsed_s:6.1f} s {now.phase:<10}",
        f"produced {now.produced:,}",
        f"landed {now.landed:,}",
        f"lag {now.lag:,}",
        f"{now.events_per_s:,.0f}/s",
        f"p50 {milliseconds(now.p50_ms)} p95 {milliseconds(now.p95_ms)}",
        f"quarantined {sum(now.quarantined.values())}",
        f"duplicates collapsed {now.collapsed}",
    ]
    return "  ".join(parts)


def milliseconds(value: float | None) -> str:
    """A latency for people: `-`, `312 ms` or `2.4 s`."""
    if value is None:
        return "-"
    return f"{value:,.0f} ms" if value < 1_000 else f"{value / 1_000:.1f} s"


def spark(values: Sequence[float], width: int) -> str:
    """The newest `width` values as block characters, scaled from 0 to their largest."""
    shown = list(values)[-width:]
    top = max(shown, default=0.0)
    if top <= 0:
        return _BARS[0] * len(shown)
    return "".join(_BARS[min(7, int(8 * max(0.0, value) / top))] for value in shown)


def _progress(now: Snapshot) -> RenderableType:
    row = Table.grid(expand=True, padding=(0, 1))
    row.add_column(width=11)
    row.add_column(ratio=1)
    row.add_column(justify="right", width=14)
    bar = ProgressBar(total=max(now.duration_s, 0.1), completed=min(now.elapsed_s, now.duration_s), style="grey23")
    of = f"{now.elapsed_s:.0f} of {now.duration_s:.0f} s"
    row.add_row(Text(now.phase, _PHASE_STYLE.get(now.phase, "bold")), bar, of)
    return row


def _figures(now: Snapshot) -> RenderableType:
    table = Table.grid(expand=True)
    figures = {
        "produced": f"{now.produced:,}",
        "landed": f"{now.landed:,}",
        "lag": f"{now.lag:,}",
        "events/s": f"{now.events_per_s:,.0f}",
        "p50": milliseconds(now.p50_ms),
        "p95": milliseconds(now.p95_ms),
    }
    for _ in figures:
        table.add_column(justify="center", ratio=1)
    table.add_row(*(Text(name, "dim") for name in figures))
    table.add_row(*(Text(value, "bold red" if _alarming(name, now) else "bold") for name, value in figures.items()))
    return table


def _alarming(name: str, now: Snapshot) -> bool:
    return name == "lag" and now.lag > max(now.rate, 1)


def _courses(now: Snapshot, width: int) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", width=8)
    table.add_column(width=width)
    table.add_column(style="dim")
    for name, values, style, unit in (
        ("events/s", now.rate_history, "green", ""),
        ("lag", now.lag_history, "yellow", ""),
        ("p95 ms", now.p95_history, "magenta", ""),
    ):
        table.add_row(name, Text(spark(values, width), style), f"max {max(values, default=0):,.0f}{unit}")
    return table


def _facts(now: Snapshot) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", width=21)
    table.add_column()
    table.add_row("quarantined", _reasons(now.quarantined))
    table.add_row("duplicates collapsed", f"{now.collapsed:,}")
    for at, (name, pid, state) in enumerate(now.members):
        memory = f", {now.rss_mb:.0f} MB" if at == 0 and now.rss_mb else ""
        told = f"{name} pid {pid}, {state}{memory}" if pid else f"{name} down; the supervisor starts it again"
        table.add_row("consumer" if at == 0 else "", Text(told, "default" if pid else "bold red"))
    if now.address:
        table.add_row("Dagster", Text(now.address, f"link {now.address}"))
    if now.behind_ms > 1_000:
        table.add_row("producer", Text(f"{now.behind_ms:,} ms behind its schedule", "bold red"))
    if now.trouble:
        table.add_row("probe", Text(now.trouble, "yellow"))
    return table


def _reasons(quarantined: dict[str, int]) -> str:
    if not quarantined:
        return "0"
    shown = " · ".join(f"{reason} {count}" for reason, count in list(quarantined.items())[:REASONS_SHOWN])
    more = len(quarantined) - REASONS_SHOWN
    return f"{sum(quarantined.values()):,}   {shown}{f' · {more} more' if more > 0 else ''}"


def _happenings(now: Snapshot) -> list[RenderableType]:
    if not now.happenings:
        return []
    shown = [
        Text(f"{happening.at_s:6.1f} s  {happening.text}", _TONES[happening.tone])
        for happening in now.happenings[-HAPPENINGS_SHOWN:]
    ]
    return [Text(), *shown]
