"""decode: bytes of a record become the contract's fields, whatever the bytes are.

Two ways to the same answer. Records that match the expression of a good record in their producer's own shape
(`shapes`) become columns of text all at once. All others are read one by one, by a parser that refuses what JSON
leaves open; that way is the reference for the other. Total: no record affects another.
A field is *missing* when it is absent or JSON null.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NoReturn

import polars as pl

from streaming import contract
from streaming.stages.shapes import COLUMNS, Shape, common_shape, patterns

MAX_SHAPES: Final = 4
"""Shapes tried in one window: producers that share a topic seldom spell their records in more ways."""
SAMPLE: Final = 12
"""Records that are looked at to learn a shape; three times as many where these have none."""
WORTH_AN_EXPRESSION: Final = 8
"""Records: with fewer, reading them one by one is quicker than running an expression over them."""

_STRING_OR_CONTAINER: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_NOT_AN_INTEGER: Final = object()
"""Stands for a JSON number with a fraction or an exponent: no field of the contract is one."""

Record = dict[str, Any]
"""A record's keys and values: text as `str`, an integer as a tuple of its digits."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A window, decoded as far as columns go; `read` decodes any one of its records."""

    columns: pl.DataFrame = field(repr=False)
    """`row` (UInt32, place in the window), `unknown_fields` (Int64) and `shapes.COLUMNS` (String)."""
    others: list[int]
    """Places of the records that are not in `columns`, ascending."""
    read: Callable[[bytes | None], "tuple[Record, tuple[str, str] | None]"]
    """A payload's keys and values; or none of them, a quarantine reason and its detail."""


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


def decode(window: pl.DataFrame, max_payload_bytes: int, *, fast: bool = True) -> Decoded:
    """Decode a window (`landing.WINDOW`); `fast=False` leaves every record to be read by itself."""
    payloads = window["payload"]
    read = partial(_record, max_payload_bytes=max_payload_bytes)
    if not fast or window.height < WORTH_AN_EXPRESSION:
        return Decoded(pl.DataFrame(schema=_SCHEMA), list(range(window.height)), read)
    columns = _columns(payloads, max_payload_bytes)
    found = columns["row"]
    if len(found) == window.height:
        return Decoded(columns, [], read)
    others = pl.Series(range(window.height), dtype=pl.UInt32).filter(~_mask(found, window.height))
    return Decoded(columns, others.to_list(), read)


_SCHEMA: Final = {"row": pl.UInt32, "unknown_fields": pl.Int64} | dict.fromkeys(COLUMNS, pl.String)


def _mask(rows: pl.Series, height: int) -> pl.Series:
    return pl.repeat(False, height, dtype=pl.Boolean, eager=True).scatter(rows, True)


def _columns(payloads: pl.Series, max_payload_bytes: int) -> pl.DataFrame:
    """Records that match an expression of a shape, learned from the window itself."""
    texts = pl.DataFrame({"text": _texts(payloads, max_payload_bytes)}).with_row_index("row")
    left = texts.drop_nulls() if texts["text"].has_nulls() else texts
    worth = max(WORTH_AN_EXPRESSION, texts.height // 50)
    found, tried = [pl.DataFrame(schema=_SCHEMA)], set[Shape]()
    while left.height >= worth and len(tried) < MAX_SHAPES:
        shape = _new_shape(left["row"], payloads, tried)
        if shape is None:
            break
        tried.add(shape)
        for pattern in patterns(shape):
            if left.height < WORTH_AN_EXPRESSION:
                break
            matched, left = _match(left, pattern)
            found.append(
                matched.with_columns(unknown_fields=pl.lit(shape.unknown_keys, pl.Int64)).select(list(_SCHEMA))
            )
    return pl.concat(found)


def _new_shape(rows: pl.Series, payloads: pl.Series, tried: set[Shape]) -> Shape | None:
    """A shape not tried yet, from records spread over those that are left: a window comes partition by partition, so
    that its first records may be one bad producer's."""
    step = max(1, len(rows) // SAMPLE)
    for offset in dict.fromkeys((0, step // 3, 2 * step // 3)):  # no place twice
        sample = rows.gather_every(step, offset).head(SAMPLE)
        shape = common_shape((payloads[row] for row in sample.to_list()), tried)
        if shape is not None:
            return shape
    return None


def _match(left: pl.DataFrame, pattern: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records that match as a whole, taken apart, and the others."""
    groups = left["text"].str.extract_groups(pattern).struct.unnest()
    absent = {name: pl.lit(None, pl.String) for name in COLUMNS if name not in groups.columns}
    matched = groups["event_id"].is_not_null()
    apart = groups.with_columns(left["row"], **absent)
    return apart.filter(matched), left.filter(~matched)


def _texts(payloads: pl.Series, max_payload_bytes: int) -> pl.Series:
    """Payloads as text; null for those that are too large or no UTF-8."""
    sizes = payloads.bin.size()
    if (sizes > max_payload_bytes).any():
        payloads = payloads.zip_with(sizes <= max_payload_bytes, pl.Series([None], dtype=pl.Binary))
    try:
        return payloads.cast(pl.String)
    except pl.exceptions.ComputeError:  # one payload that is no UTF-8 fails the cast of all
        kept = [payload if payload is not None and _is_utf8(payload) else None for payload in payloads.to_list()]
        return pl.Series(kept, dtype=pl.Binary).cast(pl.String)


def _is_utf8(payload: bytes) -> bool:
    if payload.isascii():
        return True
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _record(payload: bytes | None, max_payload_bytes: int) -> tuple[Record, tuple[str, str] | None]:
    if payload is None:
        return {}, (contract.TOMBSTONE, "payload: none")
    if len(payload) > max_payload_bytes:
        return {}, (contract.OVERSIZED, f"payload: more than {max_payload_bytes} bytes")
    try:
        return parse(payload), None
    except _Refused as error:
        return {}, (contract.NOT_JSON, f"payload: {error}")


def parse(payload: bytes) -> Record:
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
