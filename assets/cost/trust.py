"""How much of a bill stands on firm ground: what rests on weak prices, and what on assumed figures."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from assets.cost.drivers import Driver, Drivers
from assets.cost.lines import Line
from assets.cost.model import Bill
from assets.cost.prices import TERMS, Price, PriceBook

MOSTLY: Final = Decimal("0.5")
"""A sum is shown as assumed when more than half of its dollars rest on an assumed figure. With any smaller share every
sum would be marked, since one busy-hour factor is in all capacity, and the mark would say nothing."""


@dataclass(frozen=True)
class WeakPrice:
    """A price that a decision should not rest on, and how much of the bill does."""

    price: Price
    reasons: tuple[str, ...]
    usd: Decimal


def reasons(line: Line, prices: PriceBook, on: date) -> tuple[str, ...]:
    """Why a line's price is weak on that day; empty if it is not. A credit's own price counts as well."""
    why = list(line.price.weak(on))
    if prices.stands_in(line.use.sku, line.use.region):
        why.append(f"its price ({line.price.region}) stands in for that of {line.use.region}")
    if line.use.currency_sku:
        why += [f"a credit: {reason}" for reason in prices.get(line.use.currency_sku, line.use.region).weak(on)]
    return tuple(why)


def borrowed(bill: Bill, prices: PriceBook) -> frozenset[str]:
    """SKUs of the bill whose price is that of another region."""
    return frozenset(line.price.sku for line in bill.lines if prices.stands_in(line.use.sku, line.use.region))


def weak_prices(bill: Bill, prices: PriceBook, on: date) -> tuple[WeakPrice, ...]:
    """The bill's weak prices, the dearest first. One that costs nothing here is listed too: more of it may."""
    found: dict[str, WeakPrice] = {}
    for line in bill.lines:
        why, usd = reasons(line, prices, on), paid(line, bill)
        if why:
            before = found[line.price.sku].usd if line.price.sku in found else Decimal(0)
            found[line.price.sku] = WeakPrice(line.price, why, before + usd)
    return tuple(sorted(found.values(), key=lambda weak: (-weak.usd, weak.price.sku)))


def is_assumed(line: Line, drivers: Drivers) -> bool:
    """Whether any figure that the quantity comes from is nobody's measurement."""
    return any(drivers.about(name).assumed for name in line.use.drivers)


def assumed_figures(bill: Bill) -> tuple[Driver, ...]:
    """The assumed figures that the bill's lines use, by name."""
    names = {name for line in bill.lines for name in line.use.drivers}
    about = map(bill.month.drivers.about, sorted(names))
    return tuple(driver for driver in about if driver.assumed)


def paid(line: Line, bill: Bill) -> Decimal:
    """A line's dollars under the scenario's commitment."""
    return line.usd_by_term[TERMS.index(bill.month.scenario.commitment)]


def share(lines: Iterable[Line], bill: Bill) -> Decimal:
    """Part of the bill's total that these lines are, 0 to 1; 0 of a bill of nothing."""
    return sum((paid(line, bill) for line in lines), Decimal(0)) / bill.usd if bill.usd else Decimal(0)


def assumed_share(bill: Bill, component: str | None = None) -> Decimal:
    """Part of a component's dollars, or of the total's, that rests on assumed figures, 0 to 1."""
    lines = [line for line in bill.lines if component in (None, line.use.component)]
    whole = sum((paid(line, bill) for line in lines), Decimal(0))
    part = sum((paid(line, bill) for line in lines if is_assumed(line, bill.month.drivers)), Decimal(0))
    return part / whole if whole else Decimal(0)


def weak_share(bill: Bill, prices: PriceBook, on: date) -> Decimal:
    """Part of the total that rests on weak prices, 0 to 1."""
    return share((line for line in bill.lines if reasons(line, prices, on)), bill)
