"""Units that bills are made in. A price a GiB paid for a GB is 7 % wrong, so names say which is meant.

KiB, MiB, GiB, TiB are powers of 1,024 (IEC 80000-13), kB, MB, GB, TB powers of 1,000 (SI).
"""

from decimal import Decimal
from typing import Final

HOURS_A_MONTH: Final = Decimal(730)
"""365 days of 24 hours in twelve parts: the month of Google's, Amazon's and Confluent's own calculators."""
SECONDS_A_MONTH: Final = HOURS_A_MONTH * 3600
DAYS_A_MONTH: Final = HOURS_A_MONTH / 24
MONTHS_A_YEAR: Final = 12

KIB: Final = Decimal(2**10)
MIB: Final = Decimal(2**20)
GIB: Final = Decimal(2**30)
TIB: Final = Decimal(2**40)
MB: Final = Decimal(10**6)
GB: Final = Decimal(10**9)
TB: Final = Decimal(10**12)
MILLION: Final = Decimal(10**6)

BYTES_OF: Final = {"MiB": MIB, "GiB": GIB, "TiB": TIB, "MB": MB, "GB": GB, "TB": TB}
"""Bytes of each unit of data that the price book uses."""


def in_unit(quantity_bytes: Decimal, unit: str) -> Decimal:
    """Return bytes in a unit such as `GiB` or `GB-month`. Raises KeyError for a unit that is not one of data."""
    return quantity_bytes / BYTES_OF[unit.partition("-")[0]]
