"""The charts of doubt and of scale: the tornado, and cost against rate."""

from math import ceil, floor, log10
from typing import Any, Final

import altair as alt

from benchmarks.memo.drawing import INK, MONEY, data, value

LINES: Final = (
    "#0b4f6c",
    "#c8782a",
    "#7ba05b",
    "#9c6b9e",
    "#c9b458",
    "#d1495b",
    "#5b6b78",
    "#3c91a8",
    "#8c5a2b",
    "#a5b3bd",
)
FEW: Final = 5
"""Choices whose names stand below each other in a legend; more stand in two columns."""
WIDTH: Final = 310
HEIGHT: Final = 262
"""Of a chart over the rate, with its legend: two stand side by side."""
LOW: Final = "#7fa7ba"
HIGH: Final = "#c8782a"


def tornado(swings: Any, scale: Any) -> Any:
    """Bars from the bill at a figure's low to the bill at its high, around the projection."""
    middle = value(scale["projected"])
    rows = [row for swing in swings for row in _ends(swing, middle)]
    names = [swing["name"] for swing in swings]
    y = alt.Y("name:N", sort=names, axis=alt.Axis(title=None, ticks=False, labelLimit=260))
    ends = [row["usd"] for row in rows] + [middle]
    room = (max(ends) - min(ends)) * 0.16 or 1
    x = alt.X(
        "usd:Q",
        scale=alt.Scale(domain=[min(ends) - room, max(ends) + room], nice=False),
        axis=alt.Axis(title="dollars a month", labelExpr=MONEY, tickCount=8),
    )
    sides = ["at its low", "at its high"]
    legend = alt.Legend(title=None, orient="bottom-right")
    colour = alt.Color("end:N", scale=alt.Scale(domain=sides, range=[LOW, HIGH]), legend=legend)
    base: Any = alt.Chart(data(rows))
    bars = base.mark_bar(height=13).encode(y=y, x=x, x2="middle:Q", color=colour)
    line = alt.Chart(data([{"middle": middle}])).mark_rule(color=INK).encode(x="middle:Q")
    texts = [_labels(base, y, x, right=right) for right in (False, True)]
    return alt.layer(bars, line, *texts).properties(width=470, height=22 * len(swings))


def _labels(base: Any, y: alt.Y, x: alt.X, *, right: bool) -> Any:
    """Of the ends that have their label on one side."""
    some = base.transform_filter(f"datum.right == {str(right).lower()}")
    drawn = some.mark_text(align="left" if right else "right", dx=4 if right else -4, fontSize=9, color=INK)
    return drawn.encode(y=y, x=x, text="said:N")


def _ends(swing: Any, middle: float) -> list[dict[str, Any]]:
    """Both ends of a bar. Each label stands outside: right of the end that is higher, left of the other."""
    low, high = value(swing["at_low"]), value(swing["at_high"])
    return [
        {
            "name": swing["name"],
            "usd": usd,
            "middle": middle,
            "end": f"at its {end}",
            "right": usd > other or (usd == other and end == "high"),
            "said": f"{'~' if swing['assumed'] else ''}{swing[end]['shown']}",
        }
        for end, usd, other in (("low", low, high), ("high", high, low))
    ]


def curves(found: Any, numbers: Any) -> Any:
    """A component's dollars a million events against the rate, one line a choice; a dot where a choice crosses ours.

    The three rates of the memo are dashed.
    """
    rows = _points(found, "points")
    names = [line["name"] for line in found]
    x = _powers("rate:Q", rows, "events a second", "~s")
    y = _powers("usd:Q", rows, "dollars a million events", "$~g")
    columns = 2 if len(names) > FEW else 1
    legend = alt.Legend(
        title=None, orient="bottom", columns=columns, symbolType="stroke", symbolStrokeWidth=3, symbolSize=80,
        labelFontSize=9, labelLimit=170, columnPadding=4,
    )  # fmt: skip
    colour = alt.Color("choice:N", sort=names, scale=alt.Scale(domain=names, range=LINES), legend=legend)
    width = alt.condition("datum.ours", alt.value(3.4), alt.value(1.5))
    lines = alt.Chart(data(rows)).mark_line().encode(x=x, y=y, color=colour, strokeWidth=width)
    dots = alt.Chart(data(_points(found, "crossings"))).mark_point(filled=True, size=55, opacity=1)
    marks = [{"rate": value(scale["rate"])} for scale in numbers["bill"]["scales"]]
    rules = alt.Chart(data(marks)).mark_rule(strokeDash=[4, 3], color="#8a97a1").encode(x="rate:Q")
    layers = alt.layer(rules, lines, dots.encode(x=x, y=y, color=colour))
    fit = alt.AutoSizeParams(type="fit", contains="padding")
    return layers.properties(width=WIDTH, height=HEIGHT, autosize=fit)


def _points(found: Any, which: str) -> list[dict[str, Any]]:
    return [
        {"choice": line["name"], "rate": point[0], "usd": point[1], "ours": line["chosen"]}
        for line in found
        for point in line[which]
    ]


def _powers(field: str, rows: list[dict[str, Any]], title: str, form: str) -> Any:
    """A logarithmic axis with a line at each power of ten only."""
    values = [row[field.partition(":")[0]] for row in rows if row[field.partition(":")[0]] > 0]
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    axis = alt.Axis(title=title, format=form, values=[10.0**power for power in range(low, high + 1)])
    channel = alt.X if field.startswith("rate") else alt.Y
    return channel(field, scale=alt.Scale(type="log", domain=[10.0**low, 10.0**high], nice=False), axis=axis)
