"""What breaks first: every quota and limit that we know of, and the rate at which the stream reaches it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from assets.cost.drivers import Drivers
from assets.cost.growth import inflow
from assets.cost.lines import COMPONENTS, Component, Month
from assets.cost.scenario import Scenario

Owner = Literal["ours", "theirs"]
"""ours: a constant of this repository, changed by a commit; theirs: a vendor's quota or what a service can do."""


@dataclass(frozen=True)
class Limit:
    """A bound and how much of it one event a second takes: what is taken grows in step with the rate."""

    component: Component
    name: str
    bound: Decimal
    unit: str
    taken: Callable[[Month], Decimal]
    """Units of the bound that a month of one event a second takes; 0 if it does not grow with the rate."""
    how: str
    """The same in words."""
    owner: Owner
    source: str
    way_out: str
    """What to do before it is reached."""
    applies: Callable[[Scenario], bool] = lambda _: True
    """Whether a scenario is bound by it at all."""


@dataclass(frozen=True)
class Break:
    """A limit and the mean of events a second at which a scenario reaches it."""

    limit: Limit
    rate_per_s: Decimal | None
    """None: not at any rate."""

    def share(self, rate_per_s: Decimal) -> Decimal:
        """How much of the bound a rate takes: 1 is all of it."""
        return Decimal(0) if self.rate_per_s is None else rate_per_s / self.rate_per_s


def first_to_break(scenario: Scenario, drivers: Drivers, limits: Iterable[Limit] | None = None) -> list[Break]:
    """The limits that bind a scenario, the lowest rate first, those that no rate reaches last.

    Without `limits`: those of `assets/cost/quotas.py`. The first month stands for all: growth only says when a rate is
    reached.
    """
    from assets.cost.quotas import LIMITS

    one = scenario.at(Decimal(1))
    month = Month(one, drivers, 1, inflow(one.rate_per_s, one.growth, 1))
    breaks = [_break(limit, month) for limit in (LIMITS if limits is None else limits) if limit.applies(scenario)]
    return sorted(breaks, key=lambda each: (each.rate_per_s is None, each.rate_per_s or 0, each.limit.name))


def _break(limit: Limit, month: Month) -> Break:
    taken = limit.taken(month)
    return Break(limit, limit.bound / taken if taken else None)


def by_component(breaks: Iterable[Break]) -> dict[Component, Break]:
    """The first of each component that has one, in the order of a bill."""
    first: dict[Component, Break] = {}
    for each in breaks:
        first.setdefault(each.limit.component, each)
    return {component: first[component] for component in COMPONENTS if component in first}
