"""How figures are written: as many digits as they are worth, and assumed ones in a style of their own."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

ASSUMED: Final = "~"
"""Stands before a figure that nobody measured, everywhere it is shown."""
LEGEND: Final = (
    f"{ASSUMED} and italics: assumed, nobody measured it; a sum of which more than half rests on such a figure"
)
_THOUSAND: Final = Decimal(1000)


def dollars(usd: Decimal) -> str:
    """`$1,235` from 100 dollars on, `$12.35` below, `<$0.01` for less than a cent that is something."""
    size, sign = abs(usd), "-" if usd < 0 else ""
    if not size:
        return "$0"
    if size < Decimal("0.01"):
        return f"{sign}<$0.01"
    return f"{sign}${size:,.0f}" if size >= Decimal("99.995") else f"{sign}${size:,.2f}"


def per_million(usd: Decimal) -> str:
    """Dollars a million events, three digits: `$0.0456`."""
    return f"${rounded(usd, 3):,f}"


def band(low: Decimal, high: Decimal) -> str:
    """`$900–1,400`: the dollar sign once."""
    return f"{dollars(low)}–{dollars(high).removeprefix('$')}"


def share(part: Decimal) -> str:
    """A share of one as `12 %`, `<1 %` for what rounds to nothing but is something, `57x` from tenfold on."""
    if 0 < part < Decimal("0.005"):
        return "<1 %"
    if part >= 10:
        return f"{part:,.0f}x"
    return f"{part * 100:.0f} %"


def rate(events_a_second: Decimal) -> str:
    """`5,000/s`."""
    return f"{quantity(events_a_second)}/s"


def rounded(value: Decimal, digits: int) -> Decimal:
    """A value to so many significant digits; to be formatted with `f`, which writes no exponent."""
    if not value:
        return Decimal(0)
    return value.quantize(Decimal(1).scaleb(value.adjusted() - digits + 1), rounding=ROUND_HALF_EVEN)


def plain(value: Decimal) -> str:
    """A decimal with thousands separated and without the zeros behind it: `1,234.5`."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def quantity(value: Decimal) -> str:
    """Up to four digits of a quantity, whole above a thousand: `12,346` and `0.01235`."""
    return f"{value:,.0f}" if abs(value) >= _THOUSAND else plain(rounded(value, 4))


def marked(text: str, *, assumed: bool) -> str:
    """The text with the mark of an assumed figure, or as it is."""
    return f"{ASSUMED}{text}" if assumed else text
