"""Spoil a valid event: one in twenty into malformed JSON, the others against one rule each."""

from dataclasses import dataclass
from random import Random
from typing import Final

import msgspec

from sandbox.producer.bad_fields import FIELD_KINDS
from sandbox.producer.bad_json import MALFORMED_KINDS, WHOLE_RECORD_KINDS
from sandbox.producer.bad_kind import BadKind, Draft
from sandbox.world.currencies import minor_digits
from sandbox.world.events import Event

MALFORMED_SHARE: Final = 0.05

RULE_KINDS: Final = (*WHOLE_RECORD_KINDS, *FIELD_KINDS)
ALL_KINDS: Final = (*MALFORMED_KINDS, *RULE_KINDS)
_RULE_WEIGHTS: Final = [kind.weight for kind in RULE_KINDS]


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A payload (None: tombstone), why it must be quarantined, and the spoiled field (None: nothing is left)."""

    payload: bytes | None
    reason: str
    spoiled: str | None


def spoil(rng: Random, event: Event, occurred_at_us: int) -> BadRecord:
    """Break one rule of the event, by a kind drawn at random."""
    malformed = rng.random() < MALFORMED_SHARE
    kind = rng.choice(MALFORMED_KINDS) if malformed else rng.choices(RULE_KINDS, _RULE_WEIGHTS)[0]
    return spoil_by(kind, rng, event, occurred_at_us)


def spoil_by(kind: BadKind, rng: Random, event: Event, occurred_at_us: int) -> BadRecord:
    """Break the rule of this kind. The event itself stays as it is."""
    fields = msgspec.to_builtins(event)
    draft = Draft(fields, rng, occurred_at_us, minor_digits(event.currency))
    return BadRecord(kind.make(draft), kind.reason, kind.spoiled)
