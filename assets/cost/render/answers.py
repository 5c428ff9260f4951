"""The answers of `tidemark cost`, each as a page, as JSON and as CSV."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assets.cost import choices, explain, moved
from assets.cost.asked import Asked
from assets.cost.prices import Price
from assets.cost.render import books, differences, line, machine, overview, records
from assets.cost.render.page import Page
from assets.cost.scenario import Scenario
from assets.cost.summary import summarise


@dataclass(frozen=True)
class Answer:
    """One answer in three forms; what is not asked for is not made."""

    page: Callable[[], Page]
    as_json: Callable[[], Any]
    as_csv: Callable[[], str]


def projected(asked: Asked, rates: Sequence[Decimal]) -> Answer:
    """The projection at each rate. Raises PriceMissing."""
    found = [summarise(asked.at(rate)) for rate in rates]
    return Answer(
        lambda: overview.one_rate(found[0]) if len(found) == 1 else overview.several_rates(found),
        lambda: {"projections": [machine.as_json(each) for each in found]},
        lambda: machine.as_csv(found),
    )


def compared(asked: Asked, component: choices.Compared) -> Answer:
    """Every choice of a component. Raises PriceMissing."""
    found = choices.compare(component, asked)
    rows = [row for choice in found for row in differences.choice_rows(choice, asked.scenario.rate_per_s)]
    return Answer(
        lambda: differences.compared(component, asked, found),
        lambda: {"component": component, "month": asked.month, "choices": rows},
        lambda: machine.table(rows),
    )


def against(asked: Asked, other: Scenario) -> Answer:
    """What moves from the scenario to another. Raises PriceMissing."""
    before, after = asked.bill(), asked.of(other).bill()
    moves = moved.moved(before, after)
    rows = [differences.move_row(move) for move in moves]
    totals = {"before": records.number(before.usd), "after": records.number(after.usd)}
    return Answer(
        lambda: differences.against(before, after, moves),
        lambda: {"from": asked.scenario.name, "to": other.name, "month": asked.month, **totals, "moves": rows},
        lambda: machine.table(rows),
    )


def explained(asked: Asked, key: str | None) -> Answer:
    """One line of the bill, or all by their keys. Raises PriceMissing, NoSuchLine."""
    bill = asked.bill()
    if key is None:
        rows = [line.entry(each, bill) for each in bill.lines]
        return Answer(lambda: line.keys(bill), lambda: {"lines": rows}, lambda: machine.table(rows))
    found = explain.explain(bill, key, asked.prices, asked.on)
    record = line.record(found)
    return Answer(lambda: line.explained(found), lambda: record, lambda: machine.table([record]))


def price_book(asked: Asked, kind: str = "") -> Answer:
    """The price book; `kind` picks `weak` or `missing` prices."""
    wanted: Callable[[Price], bool] = {
        "weak": lambda price: price.price is not None and bool(price.weak(asked.on)),
        "missing": lambda price: price.price is None,
    }.get(kind, lambda _: True)
    picked = list(filter(wanted, asked.prices.prices))
    rows = [records.of_price(price, asked.on) for price in picked]
    return Answer(lambda: books.prices(picked, asked.on, kind), lambda: {"prices": rows}, lambda: machine.table(rows))


def figures(asked: Asked) -> Answer:
    """Every driver."""
    rows = [{"name": name, **records.of_driver(asked.drivers.about(name))} for name in sorted(asked.drivers)]
    return Answer(lambda: books.drivers(asked.drivers), lambda: {"drivers": rows}, lambda: machine.table(rows))
