"""From which rate an option's bill is below ours: below the recommended set-up's, and below our cheapest one's."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final

from assets.cost.crossover import search
from assets.cost.prices import PriceMissing
from assets.cost.tradeoffs import setups
from assets.cost.tradeoffs.book import SCALES, Book
from assets.cost.tradeoffs.read import Facts

NO_PRICE: Final = "no price"
Least = Callable[[Decimal], Decimal]


@dataclass(frozen=True)
class Cheaper:
    """`from 12,300/s`, `never`, ... for an option's cheapest set-up at each rate against ours."""

    recommended: str
    """Against the set-up that is recommended."""
    best: str
    """Against our cheapest set-up at each rate."""


def cheaper(facts: Facts, book: Book) -> dict[str, Cheaper]:
    """Each option by name, ours left out."""
    ours = facts.option(facts.ours)
    chosen, best = _least((facts.recommended,), facts, book), _least(ours.choices, facts, book)
    found = {option.name: _least(option.choices, facts, book) for option in facts.options if option.name != ours.name}
    return {name: Cheaper(_compared(least, chosen), _compared(least, best)) for name, least in found.items()}


def _compared(theirs: Least | None, ours: Least | None) -> str:
    if theirs is None or ours is None:
        return NO_PRICE
    return search(lambda rate: theirs(rate) < ours(rate)).text


def _least(choices: tuple[str, ...], facts: Facts, book: Book) -> Least | None:
    """The least bill of some set-ups by rate, each rate worked out once; None without a priced set-up."""
    priced = _priced(choices, facts, book)

    @cache
    def least(rate: Decimal) -> Decimal:
        return min(setups.bill(choice, facts.family, rate, book).usd for choice in priced)

    return least if priced else None


def _priced(choices: tuple[str, ...], facts: Facts, book: Book) -> tuple[str, ...]:
    """Set-ups that have all their prices; a missing one is missing at every rate."""
    kept = []
    for choice in choices:
        try:
            setups.bill(choice, facts.family, SCALES[0], book)
        except PriceMissing:
            continue
        kept.append(choice)
    return tuple(kept)
