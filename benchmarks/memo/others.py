"""Every other choice of engine, warehouse and Kafka: its bills, and from which rate it is cheaper."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, get_args

from assets.cost.asked import Asked
from assets.cost.choices import TIMES, Choice, Compared, compare
from assets.cost.crossover import Crossover
from assets.cost.render import figures
from assets.cost.trust import MOSTLY
from assets.cost.units import MILLION
from benchmarks.memo import reach
from benchmarks.memo.ahead import coarse
from benchmarks.memo.bill import FILE, MONTH, computed, usd
from benchmarks.memo.figure import Figure, Tree

DRAWN: Final[tuple[Compared, ...]] = ("engine", "warehouse")
"""Components whose choices are drawn over the rate."""
DECADES: Final = (1, 5)
"""Powers of ten of the rates that are drawn: a pilot to two hundred times today's rate."""
PER_DECADE: Final = 5


def collect(asked: Asked) -> Tree:
    """Choices with their bills, and curves of two families. Raises PriceMissing."""
    compared = {component: compare(component, asked) for component in get_args(Compared)}
    ends: dict[Compared, Decimal | None] = {"engine": reach.ours(asked)}
    return {
        "choices": {
            component: [_choice(each, component, ends.get(component)) for each in found]
            for component, found in compared.items()
        },
        "curves": {component: _curves(asked, component, compared[component]) for component in DRAWN},
    }


def _choice(choice: Choice, component: Compared, most: Decimal | None) -> Tree:
    """A choice; crossings above `most` are not counted."""
    where = f"choices.compare({component}) {choice.name}, month {MONTH}"
    return {
        "name": choice.name,
        "chosen": choice.chosen,
        "missing": choice.missing,
        "costs": [
            computed(cost.usd, f"{where}, {times}x", usd, assumed=cost.assumed_share > MOSTLY)
            for times, cost in zip(TIMES, choice.costs, strict=False)
        ],
        "cheaper": None if choice.against_chosen is None else _crossing(choice.against_chosen, where, most),
    }


def _crossing(found: Crossover, where: str, most: Decimal | None) -> Figure:
    shown = reach.within(found.text, most, coarse(most or Decimal(0)))
    return Figure(shown, str([f"{rate:.1f}" for rate in found.rates]), FILE, f"{where}, crossover", "computed")


def _curves(asked: Asked, component: Compared, choices: Sequence[Choice]) -> list[Tree]:
    """Dollars of the component a million events over the rate, one line a choice; `crossings` are on ours.

    A choice without a price has no line.
    """
    exponents = range(DECADES[0] * PER_DECADE, DECADES[1] * PER_DECADE + 1)
    rates = [figures.rounded(Decimal(10) ** (Decimal(each) / PER_DECADE), 4) for each in exponents]
    found = []
    for choice in choices:
        if choice.missing:
            continue
        variant = asked.of(asked.scenario.having(**choice.settings))
        crossings = [] if choice.against_chosen is None else choice.against_chosen.rates
        inside = [rate for rate in crossings if rates[0] <= rate <= rates[-1]]
        found.append(
            {
                "name": choice.name,
                "chosen": choice.chosen,
                "file": FILE,
                "points": [_point(variant.at(rate), component) for rate in rates],
                "crossings": [_point(asked.at(rate), component) for rate in inside],
            }
        )
    return found


def _point(asked: Asked, component: Compared) -> list[float]:
    bill = asked.bill()
    return [float(round(bill.month.rate, 2)), round(float(bill.of(component) / (bill.month.events / MILLION)), 5)]
