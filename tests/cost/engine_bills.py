"""Bills of one engine alone, for tests."""

from decimal import Decimal

from assets.cost import drivers, model, prices
from assets.cost.components import ENGINES
from assets.cost.growth import inflow
from assets.cost.lines import Month
from assets.cost.scenario import Scenario

FIGURES = drivers.read()
BOOK = prices.read()


def month(rate, figures=FIGURES, **choices):
    scenario = Scenario(**choices).at(Decimal(rate))
    return Month(scenario, figures, 1, inflow(scenario.rate_per_s, scenario.growth, 1))


def lines(engine, rate, figures=FIGURES, **choices):
    uses = ENGINES[engine](month(rate, figures, engine=engine, **choices))
    return {line.key.removeprefix("engine."): line for line in model.priced(uses, BOOK)}


def usd(engine, rate, figures=FIGURES, **choices):
    return sum(line.usd for line in lines(engine, rate, figures, **choices).values())


def having(**values):
    return FIGURES.replaced({name: Decimal(str(value)) for name, value in values.items()})
