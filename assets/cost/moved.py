"""What moved between two bills: every line that differs, by how much, and whether its quantity or its price did it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from assets.cost.lines import Component, Line
from assets.cost.model import Bill
from assets.cost.render.figures import plain, quantity, rounded
from assets.cost.trust import is_assumed, paid

NOTHING: Final = Decimal("0.005")
"""Dollars that no bill shows: a line that moved by less did not move. Divisions leave such remainders."""


@dataclass(frozen=True)
class Move:
    """One line in two bills. Dollars of a line that one of them lacks are zero there."""

    key: str
    component: Component
    label: str
    before: Decimal
    after: Decimal
    by_quantity: Decimal
    """Dollars of the difference that the quantity explains, at the price before."""
    by_price: Decimal
    """The rest: another price, another tier, another part that is free."""
    reason: str
    assumed: bool
    """Whether the line rests on an assumed figure in either bill."""

    @property
    def usd(self) -> Decimal:
        """The difference."""
        return self.after - self.before


def moved(before: Bill, after: Bill) -> tuple[Move, ...]:
    """The lines whose dollars differ, biggest first. Their differences add up to that of the totals, but for what
    is less than `NOTHING` each."""
    old = {line.key: line for line in before.lines}
    new = {line.key: line for line in after.lines}
    keys = [*old, *(key for key in new if key not in old)]
    moves = (_move(key, old.get(key), new.get(key), before, after) for key in keys)
    return tuple(
        sorted((move for move in moves if abs(move.usd) >= NOTHING), key=lambda move: (-abs(move.usd), move.key))
    )


def _move(key: str, old: Line | None, new: Line | None, before: Bill, after: Bill) -> Move:
    line = new or old
    assert line is not None  # a key is of one of them
    was = paid(old, before) if old else Decimal(0)
    now = paid(new, after) if new else Decimal(0)
    by_quantity = _by_quantity(old, new, was, now)
    assumed = any(line and is_assumed(line, bill.month.drivers) for line, bill in ((old, before), (new, after)))
    reason = _reason(old, new, was, now)
    return Move(
        key, line.use.component, line.use.label, was, now, by_quantity, now - was - by_quantity, reason, assumed
    )


def _by_quantity(old: Line | None, new: Line | None, was: Decimal, now: Decimal) -> Decimal:
    """A line that is new or gone is all quantity; so is one of another thing: its prices do not compare."""
    if old is None or new is None or old.price.unit != new.price.unit:
        return now - was
    if not old.use.quantity:
        return now - was
    by_quantity = (new.use.quantity - old.use.quantity) * was / old.use.quantity
    return now - was if abs(now - was - by_quantity) < NOTHING else by_quantity


def _reason(old: Line | None, new: Line | None, was: Decimal, now: Decimal) -> str:
    if old is None:
        return "only in the second"
    if new is None:
        return "only in the first"
    parts = [part for part in (_of_quantity(old, new), _of_price(old, new, was, now)) if part]
    return "; ".join(parts) or "another commitment"


def _of_quantity(old: Line, new: Line) -> str:
    before, after = old.use.quantity, new.use.quantity
    if old.price.unit != new.price.unit or before == after:
        return ""
    times = f" (x{plain(rounded(after / before, 3))})" if before else ""
    return f"quantity {quantity(before)} -> {quantity(after)} {new.price.unit}{times}"


def _of_price(old: Line, new: Line, was: Decimal, now: Decimal) -> str:
    if old.price.unit != new.price.unit:
        return f"another thing: {old.price.sku} -> {new.price.sku}"
    if old.price != new.price:
        return f"price {old.price.price} -> {new.price.price} a {new.price.unit} ({new.price.sku})"
    if not old.use.quantity or not new.use.quantity:
        return ""
    before, after = was / old.use.quantity, now / new.use.quantity
    if abs(after - before) * new.use.quantity < NOTHING:
        return ""
    return f"mean price ${plain(rounded(before, 4))} -> ${plain(rounded(after, 4))} a {new.price.unit}"
