"""The projection as a picture: a bar a component, its band across it. SVG as text, for the metadata of the asset."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.sax.saxutils import escape

from assets.cost.montecarlo import Band

_WIDTH, _ROW, _LEFT, _RIGHT, _TOP = 640, 30, 120, 90, 34
"""Pixels: of the picture, of a row, of the names, of the figures, above the first row."""
_BAR, _TEXT, _WHISKER = "#3d7ea6", "#555", "#c2571a"
"""Colours that are told apart on light and dark pages, and by people who see no red."""


@dataclass(frozen=True)
class Bar:
    """One row: dollars, and the band they are believed to be in."""

    label: str
    usd: Decimal
    band: Band


def bars(title: str, rows: Sequence[Bar]) -> str:
    """Horizontal bars from zero on one scale, each with its dollars and a line from P10 to P90."""
    widest = max((max(row.usd, row.band.p90) for row in rows), default=Decimal(0)) or Decimal(1)
    scale = Decimal(_WIDTH - _LEFT - _RIGHT) / widest
    height = _TOP + _ROW * len(rows) + 8
    drawn = [_row(row, _TOP + _ROW * place, scale) for place, row in enumerate(rows)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="sans-serif" font-size="13"><title>{escape(title)}</title>'
        f'<text x="0" y="18" font-weight="bold" fill="{_TEXT}">{escape(title)}</text>{"".join(drawn)}</svg>'
    )


def _row(row: Bar, top: int, scale: Decimal) -> str:
    middle = top + _ROW // 2
    low, high = (_LEFT + row.band.p10 * scale, _LEFT + row.band.p90 * scale)
    end = max(high, _LEFT + row.usd * scale)
    return (
        f'<text x="0" y="{middle + 4}" fill="{_TEXT}">{escape(row.label)}</text>'
        f'<rect x="{_LEFT}" y="{top + 6}" width="{row.usd * scale:.1f}" height="{_ROW - 12}" fill="{_BAR}"/>'
        f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 5}v10M{high:.1f} {middle - 5}v10" '
        f'stroke="{_WHISKER}" stroke-width="2" fill="none"/>'
        f'<text x="{end + 6:.1f}" y="{middle + 4}" fill="{_TEXT}">${row.usd:,.0f}</text>'
    )


def as_markdown(title: str, svg: str) -> str:
    """The picture within a Markdown text: an image that carries itself."""
    return f"![{title}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})"
