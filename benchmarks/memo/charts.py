"""The memo's charts as SVG, drawn from its numbers and from nothing else."""

from collections.abc import Mapping
from typing import Any, Final

import altair as alt

from benchmarks.memo import spread_charts
from benchmarks.memo.drawing import INK, MONEY, data, svg, value

COLOURS: Final[Mapping[str, str]] = {
    "kafka": "#5b6b78",
    "engine": "#c8782a",
    "warehouse": "#0b4f6c",
    "orchestration": "#7ba05b",
    "observability": "#9c6b9e",
    "network": "#c9b458",
}
HOPS: Final[Mapping[str, str]] = {
    "window": "window fills: at most",
    "walk": "window is walked",
    "rest": "fetch, append, answer: what p95 leaves",
}
"""Parts of a latency and what they are called."""


def draw(numbers: Any) -> dict[str, str]:
    """Every chart as SVG text, by name."""
    drawn = {
        "bill": bill(numbers["bill"]),
        "tornado": spread_charts.tornado(numbers["doubt"]["swings"], numbers["bill"]["scales"][0]),
        "engines": spread_charts.curves(numbers["others"]["curves"]["engine"], numbers),
        "warehouses": spread_charts.curves(numbers["others"]["curves"]["warehouse"], numbers),
        "latency": latency(numbers["runs"]["latency"]),
    }
    return {name: svg(chart) for name, chart in drawn.items()}


# --- the bill ---


def bill(found: Any) -> Any:
    """One panel a scale: each component's projected dollars with its band, each panel on an axis of its own."""
    return alt.hconcat(*(_panel(scale, first=not place) for place, scale in enumerate(found["scales"])), spacing=14)


def _panel(scale: Any, *, first: bool) -> Any:
    rows = [
        {"part": part["name"], "usd": value(part["projected"]), "said": part["projected"]["shown"],
         "p10": value(part["band"]["p10"]), "p90": value(part["band"]["p90"])}
        for part in scale["components"]
    ]  # fmt: skip
    labels = alt.Axis(title=None, ticks=False, domain=False, labels=first, labelPadding=6)
    y = alt.Y("part:N", sort=list(COLOURS), axis=labels)
    for row in rows:
        row["end"] = max(row["usd"], row["p90"])  # the label stands behind both
    most = max(row["end"] for row in rows)
    x = alt.X("usd:Q", axis=alt.Axis(title=None, labelExpr=MONEY, tickCount=4), scale=alt.Scale(domain=[0, most * 1.3]))
    base = alt.Chart(data(rows))
    colour = alt.Color("part:N", scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())), legend=None)
    bars = base.mark_bar(height=13).encode(y=y, x=x, color=colour)
    ranges = base.mark_rule(color=INK, strokeWidth=1.4).encode(y=y, x="p10:Q", x2="p90:Q")
    text = base.mark_text(align="left", dx=5, fontSize=10, color=INK).encode(y=y, x="end:Q", text="said:N")
    title = alt.TitleParams(
        f"{scale['rate']['shown']}: {scale['projected']['shown']} a month", fontSize=11, anchor="start", color=INK
    )
    return alt.layer(bars, ranges, text).properties(width=165, height=104, title=title)


# --- latency ---


def latency(hops: Any) -> Any:
    """One bar a load: a window's age, its walk, and what the p95 leaves for fetch and append."""
    rows = [
        {"load": f"{load['rate']['shown']}/s", "part": words, "ms": value(load[name]), "order": place}
        for load in hops
        for place, (name, words) in enumerate(HOPS.items())
    ]
    whole = [
        {"load": f"{load['rate']['shown']}/s", "ms": value(load["p95"]), "said": f"{load['p95']['shown']} ms"}
        for load in hops
    ]
    y = alt.Y("load:N", sort=[str(row["load"]) for row in whole], axis=alt.Axis(title=None, ticks=False))
    x = alt.X("ms:Q", stack=True, axis=alt.Axis(title="milliseconds, p95", tickCount=8))
    legend = alt.Legend(title=None, orient="bottom", labelLimit=260)
    shades = alt.Scale(domain=list(HOPS.values()), range=["#0b4f6c", "#7ba05b", "#c9d3da"])
    colour = alt.Color("part:N", legend=legend, scale=shades)
    bars = alt.Chart(data(rows)).mark_bar(height=20).encode(y=y, x=x, color=colour, order="order:Q")
    text = alt.Chart(data(whole)).mark_text(align="left", dx=5, fontSize=11, color=INK)
    return alt.layer(bars, text.encode(y=y, x="ms:Q", text="said:N")).properties(width=520, height=72)
