"""All that a projection is made of, in one hand."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from assets.cost import model
from assets.cost.drivers import Drivers
from assets.cost.prices import PriceBook
from assets.cost.scenario import Scenario


@dataclass(frozen=True)
class Asked:
    """A scenario at its rate with figures and prices, one of its months, and the day on which prices are judged."""

    scenario: Scenario
    drivers: Drivers
    prices: PriceBook
    on: date
    month: int
    """Number, from 1."""

    def of(self, scenario: Scenario) -> "Asked":
        """The same of another scenario."""
        return replace(self, scenario=scenario)

    def at(self, rate_per_s: Decimal) -> "Asked":
        """The same at another rate."""
        return self.of(self.scenario.at(rate_per_s))

    def bill(self) -> model.Bill:
        """The month's bill. Raises PriceMissing."""
        return model.bill(self.scenario, self.drivers, self.prices, self.month)
