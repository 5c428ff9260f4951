"""Currencies of the payments world: minor units by ISO 4217, and how much of each a euro buys, roughly.

`PER_EUR` sets the size of amounts and nothing else; rates that money is converted with are in `rates`.
"""

from functools import cache
from typing import Final

import iso4217

PER_EUR: Final[dict[str, int | float]] = {
    "EUR": 1,
    "USD": 1.12,
    "GBP": 0.84,
    "CHF": 0.92,
    "SEK": 11.0,
    "NOK": 10.3,
    "DKK": 7.47,
    "ISK": 136,
    "PLN": 4.4,
    "CZK": 24.4,
    "HUF": 366,
    "RON": 5.3,
    "TRY": 56,
    "ILS": 3.5,
    "ZAR": 18.6,
    "CAD": 1.56,
    "AUD": 1.59,
    "NZD": 1.98,
    "BRL": 6.1,
    "MXN": 21,
    "JPY": 176,
    "KRW": 1490,
    "CNY": 7.4,
    "HKD": 8.8,
    "SGD": 1.43,
    "INR": 106,
    "IDR": 20300,
    "MYR": 4.5,
    "THB": 37.7,
    "PHP": 71,
    "BHD": 0.42,
    "KWD": 0.34,
    "JOD": 0.79,
    "TND": 3.4,
    "CLP": 1060,
    "VND": 29500,
    "AED": 4.1,
    "SAR": 4.2,
    "KES": 145,
}

WITHOUT_RATE: Final = "KES"
"""A currency that payments come in but nobody publishes a rate for: the row stays UNSUPPORTED."""

# Factor to the dollar and daily wobble in basis points, for currencies that the ECB does not quote: pegs as their
# central banks keep them (BHD 0.376, JOD 0.709, AED 3.6725, SAR 3.75), plausible levels for those that float.
CROSSED_WITH_USD: Final[dict[str, tuple[str, int]]] = {
    "BHD": ("0.376", 0),
    "JOD": ("0.709", 0),
    "AED": ("3.6725", 0),
    "SAR": ("3.75", 0),
    "KWD": ("0.3065", 12),
    "TND": ("3.05", 35),
    "CLP": ("948", 80),
    "VND": ("26350", 20),
}


@cache
def minor_digits(currency: str) -> int:
    """Digits of the minor unit by ISO 4217: 2 for EUR, 0 for JPY, 3 for KWD. Raises ValueError for others."""
    digits = iso4217.Currency(currency).exponent
    if digits is None:
        raise ValueError(f"{currency} has no minor unit")
    return int(digits)


def in_units(minor: int, currency: str) -> str:
    """An amount of minor units as decimal text with all digits of the currency: 1230 EUR is `12.30`."""
    digits = minor_digits(currency)
    if digits == 0:
        return str(minor)
    text = str(minor).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}"
