"""The contract's rules for one record, field by field, by name and in order.

`says` completes "<field>: must be ..." in `status_detail`; it never holds a value.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from streaming import contract
from streaming.reference.countries import COUNTRIES

_ID: Final = re.compile(r"[A-Za-z0-9_-]*")
_AMOUNT: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_INT64_CHARACTERS: Final = 20
"""Of the longest integer that may fit 64 bits, its sign included; longer ones are not even converted."""


@dataclass(slots=True)
class Context:
    """What the rules of one record see besides the value itself."""

    broker_us: int
    """The broker's timestamp, microseconds since 1970."""
    time_us: int | None
    """occurred_at, None if it is no RFC 3339 time."""
    decimals: int | None = None
    """Decimals of the currency, None if it is not one in use on the day of the payment."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must be, in words and as a test. Values are text, or the digits of an integer in a tuple."""

    says: str
    passes: Callable[[Any, Context], bool]


def rules(max_future: timedelta, max_past: timedelta) -> dict[str, tuple[Rule, ...]]:
    """Rules by field, in the contract's order of fields; within a field the first that fails is named."""
    return {
        "schema_version": (Rule("the integer 1", lambda value, _: integer(value) == contract.SCHEMA_VERSION),),
        "event_id": _identifier(contract.MAX_ID_LENGTH),
        "transaction_id": _identifier(contract.MAX_ID_LENGTH),
        "event_type": (_one_of(contract.EVENT_TYPES),),
        "sequence": (Rule("an integer from 0 to 2^63 - 1", _natural),),
        "merchant_id": _identifier(contract.MAX_MERCHANT_ID_LENGTH),
        "amount": _amount(),
        "currency": (Rule("an ISO 4217 code in use on the day", lambda _, context: context.decimals is not None),),
        "occurred_at": _occurred_at(max_future, max_past),
        "card_token": (_length(1, contract.MAX_ID_LENGTH),),
        "channel": (_one_of(contract.CHANNELS),),
        "country": (Rule("an ISO 3166-1 alpha-2 code", lambda value, _: value in COUNTRIES),),
        "description": (_length(0, contract.MAX_DESCRIPTION_CHARACTERS),),
    }


def integer(digits: tuple[str]) -> int | None:
    """A JSON integer's value; None if it does not fit 64 bits."""
    if len(digits[0]) > _INT64_CHARACTERS:
        return None
    value = int(digits[0])
    return value if -(2**63) <= value < 2**63 else None


def _natural(digits: tuple[str], _: Context) -> bool:
    value = integer(digits)
    return value is not None and value >= 0


def _length(least: int, most: int) -> Rule:
    return Rule(f"{least} to {most} characters", lambda value, _: least <= len(value) <= most)


def _identifier(most: int) -> tuple[Rule, ...]:
    return _length(1, most), Rule("of A-Z a-z 0-9 _ -", lambda value, _: _ID.fullmatch(value) is not None)


def _one_of(allowed: tuple[str, ...]) -> Rule:
    return Rule(f"one of {', '.join(allowed)}", lambda value, _: value in allowed)


def _amount() -> tuple[Rule, ...]:
    def before(text: str, _: Context) -> bool:
        return len(text.partition(".")[0]) <= contract.MAX_AMOUNT_INTEGER_DIGITS

    def after(text: str, context: Context) -> bool:
        bound = contract.MAX_DECIMALS_WITHOUT_CURRENCY if context.decimals is None else context.decimals
        return len(text.partition(".")[2]) <= bound

    return (
        Rule("digits, optionally a point and digits", lambda text, _: _AMOUNT.fullmatch(text) is not None),
        Rule(f"at most {contract.MAX_AMOUNT_INTEGER_DIGITS} digits before the point", before),
        Rule("no more decimals than the currency has", after),
    )


def _occurred_at(max_future: timedelta, max_past: timedelta) -> tuple[Rule, ...]:
    ahead, behind = (span // timedelta(microseconds=1) for span in (max_future, max_past))

    def known(_: str, context: Context) -> bool:
        return context.time_us is not None

    def not_ahead(_: str, context: Context) -> bool:
        return context.time_us is not None and context.time_us <= context.broker_us + ahead

    def not_behind(_: str, context: Context) -> bool:
        return context.time_us is not None and context.time_us >= context.broker_us - behind

    return (
        Rule("an RFC 3339 time with zone and at most six decimals", known),
        Rule(f"at most {max_future.total_seconds() / 60:g} minutes after the broker's time", not_ahead),
        Rule(f"at most {max_past.days} days before the broker's time", not_behind),
    )
