"""All that `tidemark cost` says of one scenario at one rate, gathered before anything is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from assets.cost import beside, model, montecarlo, tornado
from assets.cost.asked import Asked
from assets.cost.beside import Aside
from assets.cost.limits import Break, first_to_break
from assets.cost.lines import Component
from assets.cost.montecarlo import Bands
from assets.cost.prices import TERMS, Term
from assets.cost.tornado import Swing
from assets.cost.trust import WeakPrice, weak_prices

EVERY: Final = 10**6
"""More figures than there are: an assumed one that moves the total little is listed with how little it does."""


@dataclass(frozen=True)
class Summary:
    """One scenario at its rate. Bands, commitments, weak prices and single lines are of the month that is asked."""

    asked: Asked
    projection: model.Projection
    bands: Bands
    swings: tuple[Swing, ...]
    """All that move the total, widest first."""
    weak: tuple[WeakPrice, ...]
    limits: Sequence[Break]
    asides: tuple[Aside, ...]

    @property
    def bill(self) -> model.Bill:
        """The bill of the month that is asked."""
        return self.projection.bills[self.asked.month]


def summarise(asked: Asked) -> Summary:
    """Project a scenario and all that qualifies it. Raises PriceMissing."""
    scenario, drivers, prices = asked.scenario, asked.drivers, asked.prices
    projection = model.project(scenario, drivers, prices, asked.month)
    return Summary(
        asked=asked,
        projection=projection,
        bands=montecarlo.bands(scenario, drivers, prices, asked.on, asked.month),
        swings=tornado.tornado(scenario, drivers, prices, asked.on, asked.month, top=EVERY),
        weak=weak_prices(projection.bills[asked.month], prices, asked.on),
        limits=first_to_break(scenario, drivers),
        asides=tuple(beside.gather(projection.bills[asked.month].month, prices)),
    )


def by_term(bill: model.Bill, term: Term, component: Component | None = None) -> Decimal:
    """A component's dollars, or the total's, at list price or under a commitment."""
    place = TERMS.index(term)
    lines = (line for line in bill.lines if component in (None, line.use.component))
    return sum((line.usd_by_term[place] for line in lines), Decimal(0))
