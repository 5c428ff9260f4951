"""ISO 4217: which currencies exist on a day, and how many decimals each has.

Current list: the package `iso4217` (the maintenance agency's list one, 2026-01-01). Withdrawn codes and their last
day: list three and, for the euro's newcomers, the Council's regulations.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

import iso4217

WITHDRAWN: Final[Mapping[str, tuple[int, date]]] = MappingProxyType(
    {
        # code: decimals, last day in use
        "SKK": (2, date(2008, 12, 31)),  # Slovakia, Council Regulation (EC) 693/2008
        "EEK": (2, date(2010, 12, 31)),  # Estonia, Council Regulation (EU) 670/2010
        "LVL": (2, date(2013, 12, 31)),  # Latvia, Council Regulation (EU) 678/2013
        "LTL": (2, date(2014, 12, 31)),  # Lithuania, Council Regulation (EU) 851/2014
        "HRK": (2, date(2022, 12, 31)),  # Croatia, Council Regulation (EU) 2022/1208
        "ZWL": (2, date(2024, 8, 31)),  # Zimbabwe, ISO 4217 amendment 177
        "ANG": (2, date(2025, 3, 31)),  # Curacao and Sint Maarten, ISO 4217 amendment 176
        "BGN": (2, date(2025, 12, 31)),  # Bulgaria, Council Regulation (EU) 2025/1407
    }
)


def _current() -> dict[str, int]:
    """Codes that have a minor unit: XXX, XTS, metals and baskets have none and price no payment."""
    listed = {currency.code: currency.exponent for currency in iso4217.Currency}
    return {code: decimals for code, decimals in listed.items() if decimals is not None and code not in WITHDRAWN}


MINOR_UNITS: Final[Mapping[str, int]] = MappingProxyType(
    _current() | {code: decimals for code, (decimals, _) in WITHDRAWN.items()}
)
"""Decimals of every code this pipeline accepts on some day."""


def decimals_on(code: str, day: date) -> int | None:
    """Decimals of the currency if it is in use on that day, else None."""
    gone = WITHDRAWN.get(code)
    return MINOR_UNITS.get(code) if gone is None or day <= gone[1] else None
