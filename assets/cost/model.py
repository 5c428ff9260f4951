"""The projection: a scenario's uses, priced, month by month."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

from assets.cost import components
from assets.cost.drivers import Drivers
from assets.cost.growth import inflow
from assets.cost.lines import COMPONENTS, Component, Line, Month, Use
from assets.cost.prices import TERMS, PriceBook, Term
from assets.cost.scenario import Scenario
from assets.cost.tiers import Meter, Tier
from assets.cost.units import MILLION

MONTHS: Final = (1, 3, 13)
"""The first bill, the first whole quarter, and the first month with a year of history stored."""
Factor = Callable[[str], Decimal]
"""Multiple of a SKU's price: 1 but where a band draws how far a weak price may be off."""


def _as_listed(_sku: str) -> Decimal:
    return Decimal(1)


@dataclass(frozen=True)
class Bill:
    """One month."""

    month: Month
    lines: tuple[Line, ...]

    @cached_property
    def usd(self) -> Decimal:
        """The total under the scenario's commitment."""
        return self.total(self.month.scenario.commitment)

    def total(self, term: Term = "none") -> Decimal:
        """The total at list price or under a commitment."""
        return sum((line.usd_by_term[TERMS.index(term)] for line in self.lines), Decimal(0))

    def of(self, component: Component) -> Decimal:
        """A component's part of `usd`."""
        place = TERMS.index(self.month.scenario.commitment)
        return sum((line.usd_by_term[place] for line in self.lines if line.use.component == component), Decimal(0))

    @property
    def by_component(self) -> dict[Component, Decimal]:
        """Every component's part of `usd`."""
        return {component: self.of(component) for component in COMPONENTS}

    @property
    def per_million_events(self) -> Decimal:
        """Dollars a million events."""
        return self.usd / (self.month.events / MILLION)

    def line(self, key: str) -> Line:
        """One line. Raises KeyError."""
        return next((line for line in self.lines if line.key == key), None) or _no_line(key)


def _no_line(key: str) -> Line:
    raise KeyError(key)


@dataclass(frozen=True)
class Projection:
    """The bills of months 1, 3 and 13, and of the one that is asked if that is another; by number."""

    scenario: Scenario
    bills: dict[int, Bill]


def project(scenario: Scenario, drivers: Drivers, prices: PriceBook, asked: int = MONTHS[-1]) -> Projection:
    """Project a scenario. Raises PriceMissing with the name of a price that it needs and nobody found."""
    numbers = sorted({*MONTHS, asked})
    return Projection(scenario, {number: bill(scenario, drivers, prices, number) for number in numbers})


def bill(scenario: Scenario, drivers: Drivers, prices: PriceBook, number: int, factor: Factor = _as_listed) -> Bill:
    """One month's bill. Raises PriceMissing."""
    month = Month(scenario, drivers, number, inflow(scenario.rate_per_s, scenario.growth, number))
    return Bill(month, priced(components.uses(month), prices, factor))


def priced(uses: Iterable[Use], prices: PriceBook, factor: Factor = _as_listed) -> tuple[Line, ...]:
    """Price what is used; free parts and tiers of one SKU are shared by all its lines, in their order.

    Raises PriceMissing; ValueError if two lines have one key: something would be counted twice.
    """
    kept = tuple(uses)
    twice = [key for key, times in Counter(use.key for use in kept).items() if times > 1]
    if twice:
        raise ValueError(f"counted twice: {', '.join(twice)}")
    meters: dict[str, Meter] = {}
    return tuple(_line(use, prices, meters, factor) for use in kept)


def _line(use: Use, prices: PriceBook, meters: dict[str, Meter], factor: Factor) -> Line:
    price = prices.get(use.sku, use.region)
    assert price.price is not None  # `get` raises
    if price.sku not in meters:
        meters[price.sku] = Meter(price.free, price.tiers or (Tier(None, price.price),))
    cost, free = meters[price.sku].take(use.quantity)
    if use.currency_sku:
        credit = prices.get(use.currency_sku, use.region)
        assert credit.price is not None
        cost *= credit.price * factor(credit.sku)
    cost *= factor(price.sku)
    terms = tuple(cost * (1 - price.saved(term)) for term in TERMS)
    return Line(use, price, free, cost, (terms[0], terms[1], terms[2]))
