"""Amounts in integer minor units. Randomness comes as floats; a price is an integer from the moment it is drawn."""

from random import Random
from typing import Final

from sandbox.world.currencies import PER_EUR, minor_digits
from sandbox.world.trades import CASH_CATEGORY, Trade

_CHARM: Final = 0.4
_ROUND: Final = 0.6
_NOTE_EUR: Final = 10


def _scale(currency: str) -> tuple[float, int, int]:
    """Minor units per euro, minor units per major unit, and the coarse step of prices without small coins."""
    minor = 10 ** minor_digits(currency)
    per_euro = PER_EUR[currency] * minor
    step = 1
    while minor == 1 and step * 200 < PER_EUR[currency]:
        step *= 10
    return per_euro, minor, step


_SCALES: Final = {currency: _scale(currency) for currency in PER_EUR}


def draw_price(rng: Random, trade: Trade, currency: str) -> int:
    """A price in minor units, at least one: log-normal around the trade's median, often ending like 9.99 or 50."""
    per_euro, minor, step = _SCALES[currency]
    drawn = max(1, round(trade.median * rng.lognormvariate(0.0, trade.sigma) * per_euro))
    if trade.category == CASH_CATEGORY:
        return _notes(drawn, per_euro, minor)
    if minor == 1:
        return max(step, drawn // step * step)
    ending = rng.random()
    if ending < _CHARM and drawn > minor:
        return drawn // minor * minor - minor // 100
    if ending < _ROUND and drawn > minor:
        return drawn // minor * minor
    if minor == 1_000:
        return max(5, drawn // 5 * 5)  # five thousandths are the smallest coin where there are three digits
    return drawn


def _notes(drawn: int, per_euro: float, minor: int) -> int:
    """Cash comes in notes worth about ten euros, rounded to a power of ten."""
    note = minor
    while note * 3 < _NOTE_EUR * per_euro:
        note *= 10
    return max(note, drawn // note * note)


def draw_part(rng: Random, whole: int, currency: str) -> int:
    """A part of an amount, from a fifth to nine tenths, at least one minor unit and at most the whole."""
    step = _SCALES[currency][2]
    part = int(whole * (0.2 + 0.7 * rng.random())) // step * step
    return min(max(part, 1), whole)
