"""The contract's rules, one named Polars expression each, over the text columns that decode leaves.

A rule's expression is true where the value passes and null where there is no value. `says` completes
"<field>: must be ..." in `status_detail`; it never holds a value.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from streaming import contract
from streaming.reference.countries import COUNTRIES

TIME: Final = "_time"
"""Column: occurred_at as Datetime, null if it is not RFC 3339."""
DECIMALS: Final = "_decimals"
"""Column: decimals of the currency on its day, null if it is not in use then."""
DECIMALS_ALLOWED: Final = "_decimals_allowed"
"""Column: decimals an amount may have: its currency's, or four if the currency did not pass its own rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must be, in words and as an expression."""

    says: str
    passes: pl.Expr


def rules(max_future: timedelta, max_past: timedelta) -> dict[str, tuple[Rule, ...]]:
    """Rules by field, in the contract's order of fields; within a field the first that fails is named."""
    return {
        "schema_version": (Rule("the integer 1", _integer("schema_version") == contract.SCHEMA_VERSION),),
        "event_id": _identifier("event_id", contract.MAX_ID_LENGTH),
        "transaction_id": _identifier("transaction_id", contract.MAX_ID_LENGTH),
        "event_type": (_one_of("event_type", contract.EVENT_TYPES),),
        "sequence": (Rule("an integer from 0 to 2^63 - 1", _integer("sequence").fill_null(-1) >= 0),),
        "merchant_id": _identifier("merchant_id", contract.MAX_MERCHANT_ID_LENGTH),
        "amount": _amount(),
        "currency": (Rule("an ISO 4217 code in use on the day", pl.col(DECIMALS).is_not_null()),),
        "occurred_at": _occurred_at(max_future, max_past),
        "card_token": (_length("card_token", 1, contract.MAX_ID_LENGTH),),
        "channel": (_one_of("channel", contract.CHANNELS),),
        "country": (Rule("an ISO 3166-1 alpha-2 code", pl.col("country").is_in(sorted(COUNTRIES))),),
        "description": (_length("description", 0, contract.MAX_DESCRIPTION_CHARACTERS),),
    }


def _integer(field: str) -> pl.Expr:
    """JSON integers reach here as digits, possibly thousands of them; beyond 64 bits the cast gives null."""
    return pl.col(field).cast(pl.Int64, strict=False)


def _length(field: str, least: int, most: int) -> Rule:
    return Rule(f"{least} to {most} characters", pl.col(field).str.len_chars().is_between(least, most))


def _identifier(field: str, most: int) -> tuple[Rule, ...]:
    alphabet = Rule("of A-Z a-z 0-9 _ -", pl.col(field).str.contains(r"\A[A-Za-z0-9_-]*\z"))
    return _length(field, 1, most), alphabet


def _one_of(field: str, allowed: tuple[str, ...]) -> Rule:
    return Rule(f"one of {', '.join(allowed)}", pl.col(field).is_in(allowed))


def _amount() -> tuple[Rule, ...]:
    text = pl.col("amount")
    length, point = text.str.len_bytes().cast(pl.Int64), text.str.find(".", literal=True).cast(pl.Int64)
    before = point.fill_null(length)
    after = (length - point - 1).fill_null(0)
    return (
        Rule("digits, optionally a point and digits", text.str.contains(r"\A[0-9]+(?:\.[0-9]+)?\z")),
        Rule(
            f"at most {contract.MAX_AMOUNT_INTEGER_DIGITS} digits before the point",
            before <= contract.MAX_AMOUNT_INTEGER_DIGITS,
        ),
        Rule("no more decimals than the currency has", after <= pl.col(DECIMALS_ALLOWED)),
    )


def _occurred_at(max_future: timedelta, max_past: timedelta) -> tuple[Rule, ...]:
    time, broker = pl.col(TIME), pl.col("broker_timestamp")
    return (
        Rule("an RFC 3339 time with zone and at most six decimals", time.is_not_null()),
        Rule(
            f"at most {max_future.total_seconds() / 60:g} minutes after the broker's time", time <= broker + max_future
        ),
        Rule(f"at most {max_past.days} days before the broker's time", time >= broker - max_past),
    )
