"""One record judged by itself: every rule of the contract, by name and in order; the first that fails is the reason.

This is the reference for `accept`, which says only of good records that they are good.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

from streaming import contract, pan
from streaming.reference.currencies import decimals_on
from streaming.stages.accept import FIELDS
from streaming.stages.evidence import scrub
from streaming.stages.rfc3339 import DAY_US, micros
from streaming.stages.rules import Context, Rule, integer, rules

_EPOCH: Final = date(1970, 1, 1).toordinal()
Failure = tuple[str, str]
"""A quarantine reason and its detail."""


@dataclass(frozen=True, slots=True)
class Judge:
    """The rules as the settings have them."""

    by_field: dict[str, tuple[Rule, ...]]
    minded: tuple[str, ...]
    """Fields in which a card number quarantines the record."""

    @classmethod
    def of(cls, max_future: timedelta, max_past: timedelta, pan_in_ids: bool) -> "Judge":
        """From the settings. Cached."""
        return _judge(max_future, max_past, pan_in_ids)

    def row(self, fields: dict[str, Any], broken: Failure | None, payload: bytes | None, broker_us: int) -> list[Any]:
        """Values of `accept.JUDGED` but for `row`; time in microseconds, the day since 1970, the amount as text.

        Only fields that passed their own rule and hold no card number are filled.
        """
        context = self._context(fields, broker_us)
        failure, kept = (broken, {}) if broken is not None else self._verdict(fields, context)
        day = (context.time_us if "occurred_at" in kept and context.time_us is not None else broker_us) // DAY_US
        if failure is None:
            return [*_values(kept, context), contract.STATUS_OK, None, day, None]
        status = f"{contract.QUARANTINED_PREFIX}{failure[0]}"
        return [*_values(kept, context), status, failure[1], day, scrub(payload)]

    def _context(self, fields: dict[str, Any], broker_us: int) -> Context:
        """The time first, then the currency, which must be in use on the day, then what an amount may have."""
        at, currency = fields.get("occurred_at"), fields.get("currency")
        context = Context(broker_us, micros(at) if type(at) is str else None)
        passed = self._failure("occurred_at", at, context) is None and context.time_us is not None
        day = (context.time_us if passed and context.time_us is not None else broker_us) // DAY_US
        if type(currency) is str:
            context.decimals = decimals_on(currency, date.fromordinal(_EPOCH + day))
        return context

    def _verdict(self, fields: dict[str, Any], context: Context) -> tuple[Failure | None, dict[str, Any]]:
        first: Failure | None = None
        kept: dict[str, Any] = {}
        for field in self.by_field:
            value = fields.get(field)
            failure = self._failure(field, value, context)
            if failure is None:
                kept[field] = value
            first = first or failure
        for field in self.minded:
            value = fields.get(field)
            if type(value) is str and pan.contains_pan(value):
                kept.pop(field, None)
                first = first or (f"PAN_IN_{field.upper()}", f"{field}: holds a card number")
        return first, kept

    def _failure(self, field: str, value: Any, context: Context) -> Failure | None:
        version = contract.SCHEMA_VERSION_REASON if field == "schema_version" else None
        if value is None:
            if field in contract.OPTIONAL_FIELDS:
                return None
            return version or f"MISSING_{field.upper()}", f"{field}: missing"
        bad = version or f"BAD_{field.upper()}"
        whole = field in contract.INTEGER_FIELDS
        if type(value) is not (tuple if whole else str):
            return bad, f"{field}: must be a JSON {'integer' if whole else 'string'}"
        for rule in self.by_field[field]:
            if not rule.passes(value, context):
                return bad, f"{field}: must be {rule.says}"
        return None


@lru_cache(maxsize=8)
def _judge(max_future: timedelta, max_past: timedelta, pan_in_ids: bool) -> Judge:
    return Judge(rules(max_future, max_past), contract.PAN_CHECKED_FIELDS if pan_in_ids else ("card_token",))


def _values(kept: dict[str, Any], context: Context) -> list[Any]:
    values = []
    for field in FIELDS:
        value = kept.get(field)
        if value is not None and field in contract.INTEGER_FIELDS:
            value = integer(value)
        elif value is not None and field == "occurred_at":
            value = context.time_us
        elif value is not None and field == "description":
            value = pan.mask(value)
        values.append(value)
    return values
