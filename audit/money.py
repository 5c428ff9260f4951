"""Money, worked out again from integers: minor units, conversion, rounding.

Minor units: ISO 4217 list one (six-group.com, published 2024-06-25, amendment 177): two decimals except as listed.
"""

from decimal import Context, Decimal
from typing import Final

_NONE: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR: Final = "CLF UYW"
MINOR_DIGITS: Final = (
    dict.fromkeys(_NONE.split(), 0) | dict.fromkeys(_THREE.split(), 3) | dict.fromkeys(_FOUR.split(), 4)
)
USUAL_DIGITS: Final = 2

NANO: Final = 10**9
"""NUMERIC has nine decimals: every stored figure is an integer number of billionths."""


_WIDE: Final = Context(prec=80)
"""Python's usual 28 digits would round a large amount in silence while only its point is moved."""


def half_even(numerator: int, denominator: int) -> int:
    """Divide non-negative integers and round once, ties to the even neighbour."""
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return whole + (twice > denominator or (twice == denominator and whole % 2 == 1))


def convert(amount: Decimal, rate_from: Decimal, rate_to: Decimal, currency: str) -> Decimal:
    """Return amount x rate_to / rate_from in `currency`, exact until one rounding to its minor unit.

    Rates are units per 1 EUR. Raises ZeroDivisionError for a rate of zero.
    """
    digits = MINOR_DIGITS.get(currency, USUAL_DIGITS)
    numerator = _nanos(amount) * _nanos(rate_to) * 10**digits
    return Decimal(half_even(numerator, _nanos(rate_from) * NANO)).scaleb(-digits, _WIDE)


def _nanos(value: Decimal) -> int:
    return int(value.scaleb(9, _WIDE))
