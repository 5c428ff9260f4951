"""From which rate on one choice is cheaper than another."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from assets.cost import model
from assets.cost.drivers import Drivers
from assets.cost.prices import PriceBook
from assets.cost.scenario import Scenario

SLOWEST: Final = Decimal(1)
FASTEST: Final = Decimal(10**7)
"""Events a second between which a crossover is looked for: from a pilot to twenty thousand times today's 500."""
PER_DECADE: Final = 8
"""Points of the grid in each power of ten, a third apart. Bills climb by steps, so two of them may cross several
times; what happens between two points, there and back, is not seen."""
TOLERANCE: Final = Decimal("0.005")
"""Relative width at which a search ends: drivers are not known to half a percent."""


@dataclass(frozen=True)
class Crossover:
    """How X compares with Y from `SLOWEST` to `FASTEST` events a second."""

    at_slowest: bool
    """Whether X is cheaper there."""
    rates: tuple[Decimal, ...]
    """Rates at which that changes, ascending; each is the first seen after the change."""

    @property
    def at_fastest(self) -> bool:
        """Whether X is cheaper there: an odd number of changes later."""
        return self.at_slowest == (len(self.rates) % 2 == 0)

    @property
    def from_rate(self) -> Decimal | None:
        """The lowest rate from which X stays cheaper; None if it never does."""
        if not self.at_fastest:
            return None
        return self.rates[-1] if self.rates else SLOWEST

    @property
    def text(self) -> str:
        """`always`, `never`, `from 12,300/s`, `up to 900/s`, or all changes where there are more; three digits."""
        if not self.rates:
            return "always" if self.at_slowest else "never"
        words = ["up to" if (place % 2 == 0) == self.at_slowest else "from" for place in range(len(self.rates))]
        rates = [f"{Decimal(f'{rate:.2e}'):,f}" for rate in self.rates]
        return ", ".join(f"{word} {rate}/s" for word, rate in zip(words, rates, strict=True))


def crossover(
    x: Scenario, y: Scenario, drivers: Drivers, prices: PriceBook, number: int = model.MONTHS[-1]
) -> Crossover:
    """Compare a month's bill of X with that of Y, which differs in one choice, by rate. Raises PriceMissing."""

    def cheaper(rate: Decimal) -> bool:
        return _usd(x, rate, drivers, prices, number) < _usd(y, rate, drivers, prices, number)

    return search(cheaper)


def _usd(scenario: Scenario, rate: Decimal, drivers: Drivers, prices: PriceBook, number: int) -> Decimal:
    return model.bill(scenario.at(rate), drivers, prices, number).usd


def search(cheaper: Callable[[Decimal], bool]) -> Crossover:
    """Find where a yes or no changes: on a grid of even ratios first, then by halving between its points."""
    rates = grid()
    answers = [cheaper(rate) for rate in rates]
    changes = [place for place in range(1, len(rates)) if answers[place] != answers[place - 1]]
    return Crossover(answers[0], tuple(_halve(cheaper, rates[place - 1], rates[place]) for place in changes))


def grid() -> list[Decimal]:
    """The rates asked first, from `SLOWEST` to `FASTEST`."""
    points = int((FASTEST / SLOWEST).log10()) * PER_DECADE
    return [SLOWEST * Decimal(10) ** (Decimal(point) / PER_DECADE) for point in range(points + 1)]


def _halve(cheaper: Callable[[Decimal], bool], low: Decimal, high: Decimal) -> Decimal:
    before = cheaper(low)
    while high / low - 1 > TOLERANCE:
        middle = (low * high).sqrt()
        low, high = (middle, high) if cheaper(middle) == before else (low, middle)
    return high
