"""One record judged by itself: every rule of the contract, by name and in order; the first that fails is the reason.

This is the reference for `accept`, which says only of good records that they are good.
"""

from collections.abc import Callable
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
class _Field:
    """How one field is looked at, with every answer made beforehand."""

    name: str
    kind: type
    missing: Failure | None
    """None: the field is optional."""
    mistyped: Failure
    rules: tuple[tuple[Callable[[Any, Context], bool], Failure], ...]

    @classmethod
    def of(cls, name: str, rules: tuple[Rule, ...]) -> "_Field":
        version = contract.SCHEMA_VERSION_REASON if name == "schema_version" else None
        bad = version or f"BAD_{name.upper()}"
        whole = name in contract.INTEGER_FIELDS
        return cls(
            name,
            tuple if whole else str,
            None if name in contract.OPTIONAL_FIELDS else (version or f"MISSING_{name.upper()}", f"{name}: missing"),
            (bad, f"{name}: must be a JSON {'integer' if whole else 'string'}"),
            tuple((rule.passes, (bad, f"{name}: must be {rule.says}")) for rule in rules),
        )

    def failure(self, value: Any, context: Context) -> Failure | None:
        if value is None:
            return self.missing
        if type(value) is not self.kind:
            return self.mistyped
        for passes, failed in self.rules:
            if not passes(value, context):
                return failed
        return None


@dataclass(frozen=True, slots=True)
class Judge:
    """The rules as the settings have them."""

    fields: tuple[_Field, ...]
    """In the contract's order."""
    occurred_at: _Field
    minded: tuple[str, ...]
    """Fields in which a card number quarantines the record."""

    @classmethod
    def of(cls, max_future: timedelta, max_past: timedelta, pan_in_ids: bool) -> "Judge":
        """From the settings. Cached."""
        return _judge(max_future, max_past, pan_in_ids)

    def row(self, record: dict[str, Any], broken: Failure | None, payload: bytes | None, broker_us: int) -> list[Any]:
        """Values of `accept.JUDGED` but for `row`; time in microseconds, the day since 1970, the amount as text.

        Only fields that passed their own rule and hold no card number are filled.
        """
        context, day = self._context(record, broker_us)
        failure, kept = (broken, {}) if broken is not None else self._verdict(record, context)
        if failure is None:
            return [*_values(kept, context), contract.STATUS_OK, None, day, None]
        status = f"{contract.QUARANTINED_PREFIX}{failure[0]}"
        return [*_values(kept, context), status, failure[1], day, scrub(payload)]

    def _context(self, record: dict[str, Any], broker_us: int) -> tuple[Context, int]:
        """The time first, then the currency, which must be in use on the day of the payment; and that day."""
        at, currency = record.get("occurred_at"), record.get("currency")
        context = Context(broker_us, micros(at) if type(at) is str else None)
        at_us = broker_us
        if context.time_us is not None and self.occurred_at.failure(at, context) is None:
            at_us = context.time_us
        day = at_us // DAY_US
        if type(currency) is str:
            context.decimals = decimals_on(currency, date.fromordinal(_EPOCH + day))
        return context, day

    def _verdict(self, record: dict[str, Any], context: Context) -> tuple[Failure | None, dict[str, Any]]:
        first: Failure | None = None
        kept: dict[str, Any] = {}
        for field in self.fields:
            value = record.get(field.name)
            failure = field.failure(value, context)
            if failure is None:
                kept[field.name] = value
            elif first is None:
                first = failure
        for name in self.minded:
            value = record.get(name)
            if type(value) is str and pan.contains_pan(value):
                kept.pop(name, None)
                first = first or (f"PAN_IN_{name.upper()}", f"{name}: holds a card number")
        return first, kept


@lru_cache(maxsize=8)
def _judge(max_future: timedelta, max_past: timedelta, pan_in_ids: bool) -> Judge:
    fields = {name: _Field.of(name, of_field) for name, of_field in rules(max_future, max_past).items()}
    return Judge(tuple(fields.values()), fields["occurred_at"], contract.pan_checked(pan_in_ids))


def _values(kept: dict[str, Any], context: Context) -> list[Any]:
    """In the landing row's order."""
    if "occurred_at" in kept:
        kept["occurred_at"] = context.time_us
    for name in contract.INTEGER_FIELDS & kept.keys():
        kept[name] = integer(kept[name])
    description = kept.get("description")
    if description is not None:
        kept["description"] = pan.mask(description)
    return [kept.get(name) for name in FIELDS]
