"""The data contract in one place: field names in their order, closed value sets, limits, quarantine reasons.

Source: docs/data-contract.md. The order of `FIELDS` is the order in which rules are tried: first match wins.
"""

from typing import Final

FIELDS: Final = (
    "schema_version",
    "event_id",
    "transaction_id",
    "event_type",
    "sequence",
    "merchant_id",
    "amount",
    "currency",
    "occurred_at",
    "card_token",
    "channel",
    "country",
    "description",
)
"""Every field of an event. `schema_version` is looked at first: another version has other rules."""

OPTIONAL_FIELDS: Final = frozenset({"description"})

EVENT_TYPES: Final = ("authorization", "capture", "refund", "reversal", "chargeback")
CHANNELS: Final = ("pos", "ecom", "moto", "atm")

SETTLED_EFFECT: Final = {"capture": 1, "refund": -1, "chargeback": -1, "authorization": 0, "reversal": 0}
"""Sign of an event's effect on settled money: authorizations and reversals only place and release a hold."""

SCHEMA_VERSION: Final = 1
MAX_ID_LENGTH: Final = 64
MAX_MERCHANT_ID_LENGTH: Final = 32
MAX_DESCRIPTION_CHARACTERS: Final = 1_000
MAX_AMOUNT_INTEGER_DIGITS: Final = 18
MAX_DECIMALS_WITHOUT_CURRENCY: Final = 4
"""ISO 4217's largest minor unit: the bound for an amount whose currency failed its own rule."""
MAX_NESTING: Final = 32

STATUS_OK: Final = "OK"
QUARANTINED_PREFIX: Final = "QUARANTINED_"

# Reasons that concern the record as a whole, in the order they are tried.
TOMBSTONE: Final = "TOMBSTONE"
OVERSIZED: Final = "OVERSIZED"
NOT_JSON: Final = "NOT_JSON"
SCHEMA_VERSION_REASON: Final = "SCHEMA_VERSION"
# A row the warehouse itself refused; the record was valid by our rules.
WAREHOUSE_REJECTED: Final = "WAREHOUSE_REJECTED"
# A record on which a stage itself failed, although stages are total: a defect of ours, counted and alerted on.
INTERNAL: Final = "INTERNAL"

INTEGER_FIELDS: Final = frozenset({"schema_version", "sequence"})
"""Fields that are JSON integers; all others are JSON strings."""

MAX_SCRUBBED_BYTES: Final = 65_536
"""A quarantined payload larger than this is not kept: half a record is no evidence and cannot be re-driven."""

PAN_CHECKED_FIELDS: Final = ("event_id", "transaction_id", "merchant_id", "card_token")
"""Fields that must not hold a card number; the ids only by the setting `pan_in_ids`."""


def pan_checked(pan_in_ids: bool) -> tuple[str, ...]:
    """Of these, the fields in which the setting minds a card number."""
    return PAN_CHECKED_FIELDS if pan_in_ids else ("card_token",)


MERCHANT_KNOWN: Final = "KNOWN"
MERCHANT_UNKNOWN: Final = "UNKNOWN"

FX_FINAL: Final = "FINAL"
FX_PROVISIONAL: Final = "PROVISIONAL"
FX_UNSUPPORTED: Final = "UNSUPPORTED"

ROUNDING_RULE: Final = "HALF_EVEN_ONCE"
"""Multiply by the target rate, divide once by the source rate, round once half-even to the minor unit."""
