"""Identifiers that never look like a card number: base32 in groups of eight, a letter between them.

The longest run of digits is eight, so no scan for 13 to 19 digits can hit one, whatever the draw.
"""

from base64 import b32encode
from hashlib import blake2b
from typing import Final

CARDS: Final = 250_000
"""Cards in circulation."""

_SCRAMBLE: Final = 0x9E3779B97F
"""An odd number: multiplying by it modulo 2^40 is a bijection, so counters look random and stay unique."""
_MASK: Final = (1 << 40) - 1
_APART: Final = 0x5DEECE66D
"""So that a transaction and the event of its number do not end alike."""


def _base32(data: bytes) -> str:
    return b32encode(data).decode("ascii")


class Minter:
    """Ids of one run: unique within it by a counter, across runs by 40 bits of the run's name."""

    def __init__(self, run: str) -> None:
        prefix = _base32(blake2b(run.encode(), digest_size=5).digest())
        self._event = f"evt_{prefix}x"
        self._transaction = f"txn_{prefix}x"

    def event_id(self, number: int) -> str:
        """The id of the run's event `number`, 21 characters."""
        return self._event + _base32((number * _SCRAMBLE & _MASK).to_bytes(5, "big"))

    def transaction_id(self, number: int) -> str:
        """The id of the run's transaction `number`, 21 characters."""
        return self._transaction + _base32((number * _SCRAMBLE & _MASK ^ _APART).to_bytes(5, "big"))


def card_token(seed: int, card: int) -> str:
    """The token of a card, the same in every run of a seed."""
    text = _base32(blake2b(f"{seed}/card/{card}".encode(), digest_size=10).digest())
    return f"tok_{text[:8]}k{text[8:]}"
