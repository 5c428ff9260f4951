"""How far the bill may be off: the projection drawn many times within the ranges of its drivers and prices.

Every driver is drawn from a triangle between its low and its high with the peak at its value. Every price is multiplied
by a factor drawn evenly around 1, as wide as `SPREAD` says of its grade. All draws are independent of each other.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from random import Random
from typing import Final

from assets.cost import model
from assets.cost.drivers import Drivers
from assets.cost.lines import COMPONENTS, Component
from assets.cost.prices import Price, PriceBook
from assets.cost.scenario import Scenario
from assets.cost.trust import borrowed

SEED: Final = 7
"""Any number: the same one gives the same bands, so that two runs differ by their drivers alone."""
DRAWS: Final = 300
"""P10, P50 and P90 of the default at 5,000/s then lie within 3 % of each other in eight seeds (within 4.5 % with 100,
2 % with 1,000): prices are not known better. Each draw is a whole bill, about 1.4 ms."""
SPREAD: Final[Mapping[str, Decimal]] = {
    "A": Decimal(0),
    "B": Decimal("0.1"),
    "C": Decimal("0.3"),
    "old": Decimal("0.1"),
    "undated": Decimal("0.3"),
    "borrowed": Decimal("0.3"),
}
"""Share by which a price may be off, either way, by its grade and its date; assumed, since no list of past prices was
found. A: the vendor's own words. B and older than 180 days: such prices conflict by about a tenth in the book's notes.
C and without a date: list prices of five years differ by that much. Borrowed from another region: those of BigQuery's
storage that the book has of two regions differ by 13 and 38 %."""


@dataclass(frozen=True)
class Band:
    """Dollars that a tenth, half and nine tenths of the draws stay below."""

    p10: Decimal
    p50: Decimal
    p90: Decimal


@dataclass(frozen=True)
class Bands:
    """One month's bands. Those of the components do not add up to that of the total: not all are high at once."""

    number: int
    draws: int
    total: Band
    by_component: Mapping[Component, Band]


def spread(price: Price, on: date, elsewhere: Collection[str] = ()) -> Decimal:
    """Share by which a price may be off on that day: the widest of what its grade, its date and its region say.

    `elsewhere` names the SKUs whose price is another region's.
    """
    dated = "undated" if price.as_of is None else "old" if price.weak(on) else price.grade
    placed = "borrowed" if price.sku in elsewhere else price.grade
    return max(SPREAD[price.grade], SPREAD[dated], SPREAD[placed])


def bands(
    scenario: Scenario,
    drivers: Drivers,
    prices: PriceBook,
    on: date,
    number: int = model.MONTHS[-1],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Bands:
    """Draw a month's bill. Raises PriceMissing."""
    elsewhere = borrowed(model.bill(scenario, drivers, prices, number), prices)
    factors = _factors(lambda sku: spread(prices.find(sku), on, elsewhere), draws, seed)
    each = _values(drivers, draws, seed)
    bills = []
    for turn in range(draws):
        drawn = drivers.replaced({name: values[turn] for name, values in each.items()})
        bills.append(model.bill(scenario, drawn, prices, number, factors(turn)))
    by_component = {part: band([bill.of(part) for bill in bills]) for part in COMPONENTS}
    return Bands(number, draws, band([bill.usd for bill in bills]), by_component)


def band(values: Sequence[Decimal]) -> Band:
    """Nearest-rank quantiles: each is a value that was drawn. Raises ValueError without values."""
    if not values:
        raise ValueError("no values: no band")
    ordered = sorted(values)
    return Band(*(ordered[max(-(-len(ordered) * tenths // 10) - 1, 0)] for tenths in (1, 5, 9)))


def _values(drivers: Drivers, draws: int, seed: int) -> dict[str, list[Decimal]]:
    """Each driver's values, from a generator of its own: a driver more does not move the others."""
    return {name: _triangle(drivers, name, draws, Random(f"{seed} {name}")) for name in drivers}


def _triangle(drivers: Drivers, name: str, draws: int, random: Random) -> list[Decimal]:
    mode, (low, high) = drivers[name], drivers.range_of(name)
    if low == high:
        return [mode] * draws
    return [_decimal(random.triangular(float(low), float(high), float(mode))) for _ in range(draws)]


def _factors(width: Callable[[str], Decimal], draws: int, seed: int) -> Callable[[int], model.Factor]:
    """For each draw the factors of the prices that a bill asks for, drawn when it first does."""
    drawn: dict[str, list[Decimal]] = {}

    def factor(turn: int, sku: str) -> Decimal:
        if sku not in drawn:
            drawn[sku] = _around_one(width(sku), draws, Random(f"{seed} {sku}"))
        return drawn[sku][turn]

    return lambda turn: partial(factor, turn)


def _around_one(width: Decimal, draws: int, random: Random) -> list[Decimal]:
    if not width:
        return [Decimal(1)] * draws
    return [_decimal(random.uniform(float(1 - width), float(1 + width))) for _ in range(draws)]


def _decimal(number: float) -> Decimal:
    """Nine digits: far more than any driver is known to, and cheap to multiply."""
    return Decimal(f"{number:.9g}")
