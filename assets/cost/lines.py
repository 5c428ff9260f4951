"""Lines of a bill: what is used of what, and what that costs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final, Literal

from assets.cost.drivers import Drivers
from assets.cost.prices import Price
from assets.cost.scenario import Scenario

Component = Literal["kafka", "engine", "warehouse", "orchestration", "observability", "network"]
COMPONENTS: Final[tuple[Component, ...]] = ("kafka", "engine", "warehouse", "orchestration", "observability", "network")


@dataclass(frozen=True)
class Month:
    """One month of a scenario as the components see it."""

    scenario: Scenario
    drivers: Drivers
    number: int
    inflows: tuple[Decimal, ...]
    """Events of each month up to this one."""

    @property
    def events(self) -> Decimal:
        """Events of this month."""
        return self.inflows[-1]

    @property
    def rate(self) -> Decimal:
        """Mean events a second of this month."""
        return self.scenario.rate_per_s * self.scenario.growth.factor(self.number)

    @property
    def peak_rate(self) -> Decimal:
        """Events a second of the busiest minutes: what capacity is bought for."""
        return self.rate * self.drivers["peak_to_mean"]


@dataclass(frozen=True)
class Use:
    """So much of one thing in one month, before it is priced."""

    key: str
    """`component.what`, unique in a bill: what `tidemark cost explain` takes."""
    component: Component
    label: str
    sku: str
    quantity: Decimal
    """In the unit of the SKU's price."""
    how: str
    """The arithmetic in words."""
    drivers: tuple[str, ...] = ()
    """Names of the figures that the quantity comes from."""
    region: str = "us-central1"
    currency_sku: str = ""
    """For a price in credits: the SKU that prices one credit."""


@dataclass(frozen=True)
class Line:
    """A use with its price. Dollars are exact; rounding is for whoever shows them."""

    use: Use
    price: Price
    free: Decimal
    """Units of the quantity that cost nothing."""
    usd: Decimal
    """At list price."""
    usd_by_term: tuple[Decimal, Decimal, Decimal]
    """At list price, committed for one year, for three."""

    @property
    def key(self) -> str:
        """The use's key."""
        return self.use.key


Uses = Callable[[Month], Iterable[Use]]
"""A choice of hosting, engine or warehouse: from a month to what it uses."""


def in_steps(needed: Decimal, step: Decimal | int = 1, at_least: Decimal | int = 0) -> Decimal:
    """Round a need up to whole steps, never below the floor: the smallest set-up that survives one failure."""
    size = Decimal(step)
    return max(Decimal(at_least), (needed / size).to_integral_value(ROUND_CEILING) * size)
