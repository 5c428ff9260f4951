"""What each option costs a month at three scales, inside the default scenario: the cheapest of its set-ups."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from assets.cost import model, trust
from assets.cost.prices import PriceMissing
from assets.cost.tradeoffs import setups
from assets.cost.tradeoffs.book import SCALES, Book
from assets.cost.tradeoffs.options import Option
from assets.cost.tradeoffs.read import Facts, Family


@dataclass(frozen=True)
class Cost:
    """One option at one rate."""

    rate: Decimal
    choice: str
    """Empty: no set-up has all its prices."""
    usd: Decimal | None
    """The whole bill of the month."""
    part_usd: Decimal | None
    """The engine's or warehouse's own lines of it."""
    missing: tuple[str, ...] = ()
    """One line a set-up that a price is missing for."""
    weak: tuple[str, ...] = ()
    """SKUs of the own lines whose price is weak on that day."""
    assumed: bool = False
    """Whether more than half of the own lines' dollars rests on assumed figures."""


def costs(facts: Facts, book: Book) -> dict[str, tuple[Cost, ...]]:
    """Every option of a family at every scale, by the option's name."""
    return {
        option.name: tuple(cheapest(option, facts.family, rate, book) for rate in SCALES) for option in facts.options
    }


def cheapest(option: Option, family: Family, rate: Decimal, book: Book) -> Cost:
    """The cheapest set-up of an option at a rate; those without a price are named."""
    return _cheapest(option.choices, family, rate, book)


def recommended(facts: Facts, book: Book) -> tuple[Cost, ...]:
    """The set-up that is recommended, at every scale: not always the cheapest."""
    return tuple(_cheapest((facts.recommended,), facts.family, rate, book) for rate in SCALES)


def _cheapest(choices: tuple[str, ...], family: Family, rate: Decimal, book: Book) -> Cost:
    bills: list[tuple[Decimal, str, model.Bill]] = []
    missing = []
    for choice in choices:
        try:
            bill = setups.bill(choice, family, rate, book)
            bills.append((bill.usd, choice, bill))
        except PriceMissing as error:
            missing.append(f"{choice}: {error}")
    if not bills:
        return Cost(rate, "", None, None, tuple(missing))
    usd, choice, bill = min(bills, key=lambda found: found[:2])
    lines = [line for line in bill.lines if line.use.component == family]
    weak = sorted({line.price.sku for line in lines if trust.reasons(line, book.prices, book.on) and line.usd})
    assumed = trust.assumed_share(bill, family) > trust.MOSTLY
    return Cost(rate, choice, usd, bill.of(family), tuple(missing), tuple(weak), assumed)


def times_cheapest(found: Mapping[str, tuple[Cost, ...]]) -> dict[str, tuple[float, ...]]:
    """Bills as multiples of the cheapest at each scale, by option; where an option has no bill it has no multiple."""
    least = [
        min((cost.usd for cost in at_scale if cost.usd is not None), default=None)
        for at_scale in zip(*found.values(), strict=True)
    ]
    return {
        name: tuple(
            float(cost.usd / cheapest_usd)
            for cost, cheapest_usd in zip(each, least, strict=True)
            if cost.usd is not None and cheapest_usd
        )
        for name, each in found.items()
    }
