"""What the bills of all options are made of, handed through."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from assets.cost.drivers import Drivers
from assets.cost.prices import PriceBook
from assets.cost.scenario import Scenario

SCALES: Final = (Decimal(500), Decimal(5_000), Decimal(50_000))
"""Events a second: today, ten times, a hundred times."""
MONTH: Final = 13
"""The first month with a whole year stored: history is paid for by then."""


@dataclass(frozen=True)
class Book:
    """A scenario in which one choice is changed at a time, figures, prices, and the day prices are judged on."""

    scenario: Scenario
    drivers: Drivers
    prices: PriceBook
    on: date
