"""What the bill depends on most: one figure at a time at its low and its high, all others at their value."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from assets.cost import model
from assets.cost.drivers import Drivers
from assets.cost.montecarlo import spread
from assets.cost.prices import Price, PriceBook
from assets.cost.scenario import Scenario
from assets.cost.trust import borrowed

TOP: Final = 10
"""So many fit on a page; the rest moves the bill by less than anybody plans for."""


@dataclass(frozen=True)
class Swing:
    """One figure and the month's total, in dollars, at both ends of its range."""

    name: str
    """Of a driver, or the SKU of a price."""
    of: Literal["driver", "price"]
    low: Decimal
    """In the driver's unit; of a price, dollars or credits a unit."""
    high: Decimal
    usd_at_low: Decimal
    usd_at_high: Decimal

    @property
    def usd(self) -> Decimal:
        """How far the total moves between both ends, in either direction."""
        return abs(self.usd_at_high - self.usd_at_low)


def tornado(
    scenario: Scenario,
    drivers: Drivers,
    prices: PriceBook,
    on: date,
    number: int = model.MONTHS[-1],
    *,
    top: int = TOP,
) -> tuple[Swing, ...]:
    """The figures that move a month's total most, widest first. Raises PriceMissing.

    A driver that does not move it is left out, and so is a price that is not in doubt on that day.
    """
    bill = model.bill(scenario, drivers, prices, number)
    swings = [*_of_drivers(bill, drivers, prices), *_of_prices(bill, drivers, prices, on)]
    return tuple(sorted((swing for swing in swings if swing.usd), key=lambda swing: (-swing.usd, swing.name))[:top])


def _of_drivers(bill: model.Bill, drivers: Drivers, prices: PriceBook) -> Iterator[Swing]:
    """Those that a line names; a test holds every line to naming what moves it."""

    def total(name: str, value: Decimal) -> Decimal:
        return model.bill(bill.month.scenario, drivers.replaced({name: value}), prices, bill.month.number).usd

    for name in sorted({name for line in bill.lines for name in line.use.drivers}):
        low, high = drivers.range_of(name)
        if low < high:
            yield Swing(name, "driver", low, high, total(name, low), total(name, high))


def _of_prices(bill: model.Bill, drivers: Drivers, prices: PriceBook, on: date) -> Iterator[Swing]:
    def total(sku: str, factor: Decimal) -> Decimal:
        month, one = bill.month, Decimal(1)
        return model.bill(
            month.scenario, drivers, prices, month.number, lambda each: factor if each == sku else one
        ).usd

    elsewhere = borrowed(bill, prices)
    for price in _priced(bill, prices):
        width = spread(price, on, elsewhere)
        if width and price.price is not None:
            low, high = 1 - width, 1 + width
            ends = total(price.sku, low), total(price.sku, high)
            yield Swing(price.sku, "price", price.price * low, price.price * high, *ends)


def _priced(bill: model.Bill, prices: PriceBook) -> list[Price]:
    """Every price that the bill is made of, once: those of credits as well."""
    found = {line.price.sku: line.price for line in bill.lines}
    for use in (line.use for line in bill.lines):
        if use.currency_sku:
            credit = prices.get(use.currency_sku, use.region)
            found[credit.sku] = credit
    return list(found.values())
