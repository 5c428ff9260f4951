"""Everything that is shown about engines and warehouses, made once; how it is drawn is elsewhere."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import msgspec

from assets.cost import drivers, prices
from assets.cost.scenario import Scenario
from assets.cost.tradeoffs import costs, crossovers, read, score, sensitivity, weights
from assets.cost.tradeoffs.book import Book
from assets.cost.tradeoffs.costs import Cost
from assets.cost.tradeoffs.read import Facts, Family
from assets.cost.tradeoffs.score import Scored
from assets.cost.tradeoffs.sensitivity import Swing
from assets.cost.tradeoffs.weights import Weights

FAMILIES: Final[tuple[Family, ...]] = ("engine", "warehouse")


@dataclass(frozen=True)
class Section:
    """One family, costed and ranked."""

    facts: Facts
    costs: Mapping[str, tuple[Cost, ...]]
    recommended: tuple[Cost, ...]
    """Ours in the set-up that is recommended; `costs` has the cheapest."""
    cheaper: Mapping[str, str]
    """By option: from which rate its bill is below that of the recommended set-up."""
    cheaper_than_best: Mapping[str, str]
    """By option: from which rate its bill is below that of our cheapest set-up."""
    ranking: tuple[Scored, ...]
    level: tuple[str, ...]
    """Options that one judged point would put first, the first among them."""
    swings: tuple[Swing, ...]


@dataclass(frozen=True)
class Report:
    """Both families under one set of weights."""

    on: date
    weights: Weights
    sections: tuple[Section, ...]


@lru_cache(maxsize=2)
def make(weights_text: str | None, on: date) -> Report:
    """Make the report of the default scenario; the last ones are kept, since a document asks for each of its tables.

    Raises weights.BadWeights with a line for the reader; ValueError for facts that are not in form.
    """
    return of(Book(Scenario(), drivers.read(), prices.read(), on), weights.parse(weights_text))


def of(book: Book, given: Weights) -> Report:
    """The report of a book that is read already."""
    return Report(book.on, given, tuple(_section(read.read(family), book, given) for family in FAMILIES))


def _section(facts: Facts, book: Book, given: Weights) -> Section:
    found = costs.costs(facts, book)
    times = costs.times_cheapest(found)

    def rank(changed: Weights) -> tuple[Scored, ...]:
        return score.ranking(facts, times, changed)

    ranked = rank(given)
    level, swings = score.level(ranked, given), sensitivity.swings(rank, given)
    crossed = crossovers.cheaper(facts, book)
    than_ours = {name: each.recommended for name, each in crossed.items()}
    than_best = {name: each.best for name, each in crossed.items()}
    return Section(facts, found, costs.recommended(facts, book), than_ours, than_best, ranked, level, swings)


def to_json(made: Report) -> str:
    """The whole report as JSON: facts, costs (dollars as text), scores with their parts, sensitivity."""
    return msgspec.json.encode(to_data(made)).decode()


def to_data(made: Report) -> dict[str, Any]:
    """The same as mappings and lists."""
    return {
        "on": made.on.isoformat(),
        "weights": {**made.weights.criteria, **made.weights.skills},
        "families": {section.facts.family: _family(section) for section in made.sections},
    }


def _family(section: Section) -> dict[str, Any]:
    return {
        "recommended": section.facts.ours,
        "recommended_setup": section.facts.recommended,
        "recommended_costs": [_cost(each) for each in section.recommended],
        "ranking": [
            {"name": each.name, "total": round(each.total, 3), "scores": dict(each.scores), "points": dict(each.points)}
            for each in section.ranking
        ],
        "level": list(section.level),
        "costs": {name: [_cost(each) for each in found] for name, found in section.costs.items()},
        "cheaper_than_recommended": dict(section.cheaper),
        "cheaper_than_best_of_recommended": dict(section.cheaper_than_best),
        "sensitivity": [asdict(swing) for swing in section.swings],
        "options": msgspec.to_builtins(section.facts.options),
    }


def _cost(cost: Cost) -> dict[str, Any]:
    return {**asdict(cost), "rate": str(cost.rate), "usd": _cents(cost.usd), "part_usd": _cents(cost.part_usd)}


def _cents(usd: Decimal | None) -> str | None:
    return None if usd is None else str(usd.quantize(Decimal("0.01")))
