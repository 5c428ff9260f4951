"""Every choice of one component in the same scenario: its bills at three rates, and from which rate it is cheaper."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Any, Final, Literal

from assets.cost.asked import Asked
from assets.cost.crossover import Crossover, search
from assets.cost.prices import PriceMissing
from assets.cost.scenario import CHOICES, Scenario
from assets.cost.trust import assumed_share

TIMES: Final = (1, 10, 100)
"""Multiples of the scenario's rate: today, what it was built for, and what would ask for another design."""
Compared = Literal["engine", "warehouse", "kafka"]


@dataclass(frozen=True)
class Cost:
    """A choice's month at one rate."""

    usd: Decimal
    """Of the whole bill."""
    of_component: Decimal
    """Of the component's own lines."""
    assumed_share: Decimal
    """Part of the component's dollars that rests on assumed figures, 0 to 1."""
    assumed_share_of_all: Decimal
    """The same of the whole bill's."""


@dataclass(frozen=True)
class Choice:
    """One choice. Either it has costs, or `missing` says which price nobody found."""

    name: str
    chosen: bool
    settings: Mapping[str, Any]
    """What makes the scenario another one."""
    costs: tuple[Cost, ...] = ()
    """One for each of `TIMES`."""
    against_chosen: Crossover | None = None
    """From which rate its bill is below that of the chosen one; None for the chosen one itself."""
    missing: str = ""


def compare(component: Compared, asked: Asked) -> tuple[Choice, ...]:
    """All choices of a component, the cheapest at the scenario's rate first, those without a price last.

    Raises PriceMissing if the scenario itself lacks a price: then there is nothing to compare with.
    """
    asked.bill()
    chosen = cache(lambda rate: asked.at(rate).bill().usd)
    found = [_choice(component, asked, settings, chosen) for settings in _variants(component)]
    return tuple(sorted(found, key=lambda choice: (bool(choice.missing), choice.costs[0].usd if choice.costs else 0)))


def _variants(component: Compared) -> list[Mapping[str, Any]]:
    """Settings of each choice. BigQuery bills storage in two ways and queries in two: four choices of warehouse."""
    if component != "warehouse":
        return [{component: name} for name in CHOICES[component]]
    both = product(CHOICES["billing"], CHOICES["queries"])
    ways = [{"warehouse": "bigquery", "billing": billing, "queries": queries} for billing, queries in both]
    return [*ways, *({"warehouse": name} for name in CHOICES["warehouse"] if name != "bigquery")]


def _choice(
    component: Compared, asked: Asked, settings: Mapping[str, Any], usd_of_chosen: Callable[[Decimal], Decimal]
) -> Choice:
    name, chosen = " ".join(settings.values()), _is(asked.scenario, settings)
    variant = asked.of(asked.scenario.having(**settings))
    try:
        costs = tuple(_cost(component, variant.at(asked.scenario.rate_per_s * times)) for times in TIMES)
        against = None if chosen else search(lambda rate: variant.at(rate).bill().usd < usd_of_chosen(rate))
    except PriceMissing as missing:
        return Choice(name, chosen, settings, missing=str(missing))
    return Choice(name, chosen, settings, costs, against)


def _is(scenario: Scenario, settings: Mapping[str, Any]) -> bool:
    return all(getattr(scenario, name) == value for name, value in settings.items())


def _cost(component: Compared, asked: Asked) -> Cost:
    bill = asked.bill()
    return Cost(bill.usd, bill.of(component), assumed_share(bill, component), assumed_share(bill))
