"""decode: bytes of a record become the contract's fields as text, row by row, whatever the bytes are.

Total: any window gives a frame of its height in its order, and no record affects another. This is the reference
that a faster decoder must agree with. A field is *missing* when it is absent or JSON null.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final, NoReturn

import polars as pl

from streaming import contract

_FIELD_SET: Final = frozenset(contract.FIELDS)
_BIT: Final = {field: 1 << place for place, field in enumerate(contract.FIELDS)}
_TEXT_OR_MISSING: Final = frozenset({str, type(None)})
_STRING_OR_CONTAINER: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_NOT_AN_INTEGER: Final = object()
"""Stands for a JSON number with a fraction or an exponent: no field of the contract is one."""


class _Refused(ValueError):
    """The bytes are not a record's JSON; the message is the rule that is broken."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("a key twice")
    return found


def _no_constant(_: str) -> NoReturn:
    raise _Refused("NaN or Infinity")


def _integer(digits: str) -> tuple[str]:
    """Kept as text, since the digits may be thousands; a tuple, which no other JSON value becomes."""
    return (digits,)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_constant=_no_constant,
    parse_int=_integer,
    parse_float=lambda _: _NOT_AN_INTEGER,
)


def decode(window: pl.DataFrame, max_payload_bytes: int) -> pl.DataFrame:
    """Add to a window (`landing.WINDOW`) what its payloads say.

    Added columns: `broken` (TOMBSTONE, OVERSIZED, NOT_JSON or null), `broken_detail`, one String column per
    contract field (null if missing or of the wrong JSON type), `wrong_types` (bit n set: field n of
    `contract.FIELDS` has the wrong JSON type) and `unknown_fields` (how many keys the contract does not know).
    """
    broken: list[tuple[str, str] | tuple[None, None]] = []
    rows: list[tuple[Any, ...]] = []
    unknown: list[int] = []
    for payload in window["payload"].to_list():
        record, why = _record(payload, max_payload_bytes)
        broken.append(why)
        rows.append(tuple(map(record.get, contract.FIELDS)))
        strange = 0 if _FIELD_SET.issuperset(record) else sum(key not in _FIELD_SET for key in record)
        unknown.append(strange)
    wrong = [0] * window.height
    columns = zip(*rows, strict=True) if rows else [()] * len(contract.FIELDS)
    return window.with_columns(
        pl.Series("broken", [reason for reason, _ in broken], dtype=pl.String),
        pl.Series("broken_detail", [detail for _, detail in broken], dtype=pl.String),
        *(_column(field, values, wrong) for field, values in zip(contract.FIELDS, columns, strict=True)),
        pl.Series("wrong_types", wrong, dtype=pl.Int32),
        pl.Series("unknown_fields", unknown, dtype=pl.Int64),
    )


def _record(
    payload: bytes | None, max_payload_bytes: int
) -> tuple[dict[str, Any], tuple[str, str] | tuple[None, None]]:
    """The record's fields, and if it is none the reason and its detail."""
    if payload is None:
        return {}, (contract.TOMBSTONE, "payload: none")
    if len(payload) > max_payload_bytes:
        return {}, (contract.OVERSIZED, f"payload: more than {max_payload_bytes} bytes")
    try:
        return parse(payload), (None, None)
    except _Refused as error:
        return {}, (contract.NOT_JSON, f"payload: {error}")


def _column(field: str, values: Sequence[Any], wrong: list[int]) -> pl.Series:
    """One field's text; sets the field's bit in `wrong` where a value has another JSON type."""
    if field in contract.INTEGER_FIELDS:
        return _checked(field, values, wrong, [v[0] if type(v) is tuple else None for v in values])
    if _TEXT_OR_MISSING.issuperset(map(type, values)):
        return pl.Series(field, values, dtype=pl.String)
    return _checked(field, values, wrong, [v if type(v) is str else None for v in values])


def _checked(field: str, values: Sequence[Any], wrong: list[int], texts: list[str | None]) -> pl.Series:
    for row, (value, text) in enumerate(zip(values, texts, strict=True)):
        if text is None and value is not None:
            wrong[row] |= _BIT[field]
    return pl.Series(field, texts, dtype=pl.String)


def parse(payload: bytes) -> dict[str, Any]:
    """The JSON object in `payload`; raises `_Refused` for anything else, and nothing but that."""
    if not payload:
        raise _Refused("empty")
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError:
        raise _Refused("not UTF-8") from None
    if text.count("{") + text.count("[") > contract.MAX_NESTING and _depth(text) > contract.MAX_NESTING:
        raise _Refused(f"nested deeper than {contract.MAX_NESTING}")
    try:
        value, end = _DECODER.raw_decode(text) if text[0] == "{" else (None, 0)
        if end != len(text):
            value = _DECODER.decode(text)  # spaces around it, or something wrong
    except _Refused:
        raise
    except (ValueError, RecursionError):
        raise _Refused("not JSON") from None
    if type(value) is not dict:
        raise _Refused("not an object")
    if "\\u" in text and _SURROGATE_ESCAPE.search(text) and _has_lone_surrogate(value):
        raise _Refused("a lone surrogate")
    return value


def _depth(text: str) -> int:
    """Deepest nesting of arrays and objects, before any parser is asked: the record itself is level 1."""
    depth = deepest = 0
    for match in _STRING_OR_CONTAINER.finditer(text):
        token = match[0]
        if token in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token in "]}":
            depth -= 1
    return deepest


def _has_lone_surrogate(value: Any) -> bool:
    if type(value) is str:
        return any("\ud800" <= character <= "\udfff" for character in value)
    if type(value) is dict:
        return any(_has_lone_surrogate(key) or _has_lone_surrogate(item) for key, item in value.items())
    return type(value) is list and any(_has_lone_surrogate(item) for item in value)
