"""One line of a bill with everything it was made of: price, source, quantity, arithmetic, figures and their runs."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches

from assets.cost.drivers import Driver
from assets.cost.lines import Line
from assets.cost.model import Bill
from assets.cost.prices import Price, PriceBook
from assets.cost.trust import is_assumed, reasons


class NoSuchLine(LookupError):
    """The bill has no such line. The text, one line, names those that are near."""


@dataclass(frozen=True)
class Explained:
    """A line and what stands behind it."""

    line: Line
    bill: Bill
    drivers: tuple[Driver, ...]
    values: tuple[Decimal, ...]
    """Of the drivers, as the bill used them."""
    assumed: bool
    weak: tuple[str, ...]
    """Why its price is weak; empty if it is not."""
    credit: Price | None
    """Price of one credit, where the line is priced in them."""
    shared_with: tuple[str, ...]
    """Keys of other lines of the same SKU: free part and tiers are theirs as well, in the bill's order."""

    @property
    def each(self) -> Decimal | None:
        """Mean dollars a unit, free ones included; None if nothing is used."""
        return self.line.usd / self.line.use.quantity if self.line.use.quantity else None


def explain(bill: Bill, key: str, prices: PriceBook, on: date) -> Explained:
    """Explain one line. Raises NoSuchLine."""
    try:
        line = bill.line(key)
    except KeyError:
        raise NoSuchLine(_near(key, [line.key for line in bill.lines])) from None
    use = line.use
    figures = bill.month.drivers
    return Explained(
        line=line,
        bill=bill,
        drivers=tuple(map(figures.about, use.drivers)),
        values=tuple(figures[name] for name in use.drivers),
        assumed=is_assumed(line, figures),
        weak=reasons(line, prices, on),
        credit=prices.get(use.currency_sku, use.region) if use.currency_sku else None,
        shared_with=tuple(each.key for each in bill.lines if each.price.sku == line.price.sku and each.key != line.key),
    )


def _near(key: str, keys: list[str]) -> str:
    wanted = key.lower()
    near = [each for each in keys if wanted and wanted in each.lower()]
    near += [each for each in get_close_matches(wanted, keys, n=3, cutoff=0.5) if each not in near]
    if near:
        return f"no line {key} in this bill; near it: {', '.join(near[:5])}"
    return f"no line {key} in this bill; `tidemark cost explain` lists all {len(keys)}"
