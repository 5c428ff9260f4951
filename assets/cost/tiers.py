"""Quantity times a price that changes with the quantity, the free part taken off once a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Tier:
    """Price of a unit up to a quantity of the month, counted above the free part; None: without end."""

    up_to: Decimal | None
    price: Decimal


def check(tiers: Sequence[Tier]) -> None:
    """Raise ValueError if tiers do not follow each other up to one without end. `Meter` rests on it."""
    ends = [tier.up_to for tier in tiers]
    if not ends or ends[-1] is not None:
        raise ValueError("the last tier has no end")
    if ends[:-1] != sorted({end for end in ends if end}):
        raise ValueError("tiers end one above the other")


class Meter:
    """Adds up what one month takes of one thing, so that free parts and tiers are used once by all who take of it."""

    def __init__(self, free: Decimal, tiers: Sequence[Tier]) -> None:
        if not tiers or tiers[-1].up_to is not None:
            raise ValueError("the last tier has no end")
        self._free_left = free
        self._tiers = tiers
        self._billed = Decimal(0)

    def take(self, quantity: Decimal) -> tuple[Decimal, Decimal]:
        """Take a quantity >= 0. Returns `(cost, units of it that were free)`."""
        if quantity < 0:
            raise ValueError(f"a quantity below zero: {quantity}")
        free = min(self._free_left, quantity)
        self._free_left -= free
        before, self._billed = self._billed, self._billed + quantity - free
        return self._cost(self._billed) - self._cost(before), free

    def _cost(self, quantity: Decimal) -> Decimal:
        cost, floor = Decimal(0), Decimal(0)
        for tier in self._tiers:
            top = quantity if tier.up_to is None else min(quantity, tier.up_to)
            if top > floor:
                cost += (top - floor) * tier.price
                floor = top
        return cost
