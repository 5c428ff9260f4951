"""What every chart of the memo shares: fonts, colours, the axis of dollars, and the way to SVG."""

import json
from collections.abc import Mapping
from typing import Any, Final

import altair as alt
import vl_convert

FONT: Final = "Libertinus Serif"
"""The memo's own, which typst brings."""
INK: Final = "#1c2733"
MONEY: Final = "datum.value >= 1000 ? '$' + format(datum.value / 1000, ',') + 'k' : '$' + format(datum.value, ',')"
"""Labels of an axis of dollars: $500, $20k."""


def svg(chart: Any) -> str:
    """A chart without a browser."""
    styled = chart.configure(font=FONT, background="white").configure_view(stroke=None)
    styled = styled.configure_axis(
        labelFontSize=10, titleFontSize=10, labelColor=INK, titleColor=INK, gridColor="#e3e8ec", domainColor="#b8c5ce",
        titleFontWeight="normal", tickColor="#b8c5ce",
    ).configure_legend(labelFontSize=10, titleFontSize=10, labelColor=INK)  # fmt: skip
    text: str = vl_convert.vegalite_to_svg(json.loads(styled.to_json()))
    return text


def data(rows: list[dict[str, Any]]) -> Any:
    """Rows as a chart takes them."""
    made: Any = alt.Data  # has no types
    return made(values=rows)


def value(figure: Mapping[str, str]) -> float:
    """A figure of the numbers, as it is in its file."""
    return float(figure["value"])
