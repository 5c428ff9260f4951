"""Bad records: each breaks exactly one rule of the data contract, and its maker knows which.

A kind takes the fields of a valid event and gives the payload. The reason it must be quarantined for follows from
how it was made (docs/data-contract.md), not from any validator.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import msgspec

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a kind may use: a valid event's fields (its own copy), chance, the event's time and minor unit."""

    fields: Fields
    rng: Random
    occurred_at_us: int
    minor_digits: int


@dataclass(frozen=True, slots=True)
class BadKind:
    """A way to break a rule. `spoiled` is the field that the row cannot have; None: it cannot have any."""

    reason: str
    spoiled: str | None
    make: Callable[[Draft], bytes | None]
    """Gives the payload; None is a tombstone."""
    weight: float = 1.0


encode: Final = msgspec.json.Encoder().encode


def setting(field: str, *values: object) -> Callable[[Draft], bytes]:
    """A maker that puts one of the values into the field."""

    def make(draft: Draft) -> bytes:
        draft.fields[field] = draft.rng.choice(values)
        return encode(draft.fields)

    return make


def computing(field: str, value: Callable[[Draft], object]) -> Callable[[Draft], bytes]:
    """A maker that puts a value which depends on the event into the field."""

    def make(draft: Draft) -> bytes:
        draft.fields[field] = value(draft)
        return encode(draft.fields)

    return make


def dropping(field: str) -> Callable[[Draft], bytes]:
    """A maker that leaves the field out, one time in four as null."""

    def make(draft: Draft) -> bytes:
        if draft.rng.random() < 0.25:
            draft.fields[field] = None
        else:
            del draft.fields[field]
        return encode(draft.fields)

    return make
