"""The soak drawn: small charts over the same time, as a hand-written SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

WIDTH: Final = 720
HEIGHT: Final = 130
LEFT: Final = 64
TOP: Final = 22
BOTTOM: Final = 22
_TICKS: Final = 4
_DRAWN: Final = (
    ("resident memory, MB", "#3566a8"),
    ("CPU of the consumer, cores", "#3f8f4f"),
    ("p95 from payment to acknowledged row over the last minute, ms", "#b5541c"),
    ("file descriptors", "#7a4fa0"),
    ("threads", "#8a7a20"),
)
"""Of the columns of `steady.measure`'s points after the second; older results have the first three."""


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity over time, drawn from 0 upwards."""

    title: str
    color: str
    values: Sequence[float | None]


def soak(found: dict[str, Any]) -> str:
    """The SVG of a soak's points (`steady.measure`)."""
    points = found["points"]
    seconds = [point[0] for point in points]
    columns = list(zip(*points, strict=True))[1:] or [()]
    lines = [Line(*drawn, column) for drawn, column in zip(_DRAWN, columns, strict=False)]
    total = HEIGHT * len(lines) + 18
    body = [_chart(line, seconds, place * HEIGHT) for place, line in enumerate(lines)]
    axis = f'<text x="{LEFT}" y="{total - 6}">0 s</text>'
    axis += f'<text x="{WIDTH - 8}" y="{total - 6}" text-anchor="end">{seconds[-1] if seconds else 0:.0f} s</text>'
    style = "text{font:11px sans-serif;fill:#333}line{stroke:#ddd}polyline{fill:none;stroke-width:1.5}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" width="{WIDTH}" height="{total}">'
    ground = f'<rect width="{WIDTH}" height="{total}" fill="#fff"/>'
    return "\n".join([head, f"<style>{style}</style>", ground, *body, axis, "</svg>", ""])


def _chart(line: Line, seconds: Sequence[float], y0: int) -> str:
    known = [value for value in line.values if value is not None]
    top = ceiling(max(known, default=1.0))
    plot = HEIGHT - TOP - BOTTOM
    drawn = [f'<text x="{LEFT}" y="{y0 + 14}" font-weight="bold">{line.title}</text>']
    for tick in range(_TICKS + 1):
        y = y0 + TOP + plot * (1 - tick / _TICKS)
        drawn.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - 8}" y2="{y:.1f}"/>')
        drawn.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{top * tick / _TICKS:g}</text>')
    span = max(seconds[-1], 1e-9) if seconds else 1.0
    places = [
        f"{LEFT + (WIDTH - 8 - LEFT) * second / span:.1f},{y0 + TOP + plot * (1 - value / top):.1f}"
        for second, value in zip(seconds, line.values, strict=True)
        if value is not None
    ]
    drawn.append(f'<polyline stroke="{line.color}" points="{" ".join(places)}"/>')
    return "\n".join(drawn)


def ceiling(value: float) -> float:
    """The next of 1, 2, 4, 8 x 10^n at or above the value: divides into four round ticks."""
    step = 1e-6
    while True:
        for factor in (1, 2, 4, 8):
            if step * factor >= value:
                return float(f"{step * factor:.6g}")
        step *= 10
