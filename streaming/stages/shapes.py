"""Shapes: how a producer spells a record, and the regular expression of the good records it spells so.

A producer writes its keys in one order and its spaces in one way. A record that matches its shape's expression as a
whole is JSON without escapes, without a key twice, flat, with every field of the contract spelled as its own rule
asks; no parser has to be trusted for it. Whatever does not match is read one by one, so a shape that is learned
wrongly costs time and nothing else.
"""

import json
import re
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from streaming import contract
from streaming.stages.rfc3339 import CLOCK

_CLOSED: Final = r"[ !#-\[\]-~]"
"""Printable ASCII but for the quote and the backslash. An expression that knows ASCII alone is compiled into one pass
over the bytes; with `_OPEN` in it, it takes twice as long (measured: 0.9 and 1.5 microseconds a record)."""
_OPEN: Final = r'[^"\\\x00-\x1F]'
"""Whatever JSON lets a string hold without an escape."""
_ID: Final = r'"(?P<{field}>[A-Za-z0-9_-]+)"'
_TEXT: Final[dict[str, str]] = {
    "schema_version": str(contract.SCHEMA_VERSION),
    "event_id": _ID.format(field="event_id"),
    "transaction_id": _ID.format(field="transaction_id"),
    "event_type": f'"(?P<event_type>{"|".join(contract.EVENT_TYPES)})"',
    "sequence": "(?P<sequence>0|[1-9][0-9]{0,17})",  # one digit less than 2^63 has: always fits
    "merchant_id": _ID.format(field="merchant_id"),
    "amount": rf'"(?P<amount>[0-9]{{1,{contract.MAX_AMOUNT_INTEGER_DIGITS}}}(?:\.(?P<decimals>[0-9]{{1,4}}))?)"',
    "currency": '"(?P<currency>[A-Z]{3})"',
    "occurred_at": '"(?P<second>[0-9]{4}-[0-9]{2}-[0-9]{2}T'
    + rf'{CLOCK}:[0-5][0-9])(?:\.(?P<fraction>[0-9]{{1,6}}))?(?P<zone>Z|[+-]{CLOCK})"',
    "card_token": f'"(?P<card_token>{_CLOSED}+)"',
    "channel": f'"(?P<channel>{"|".join(contract.CHANNELS)})"',
    "country": '"(?P<country>[A-Z]{2})"',
}
"""A field's value as it stands in the record. Named groups become columns (`COLUMNS`)."""
COLUMNS: Final[tuple[str, ...]] = (*re.findall(r"\?P<(\w+)>", "".join(_TEXT.values())), "description")
_NUMBER: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_UNKNOWN_KEY: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MAX_UNKNOWN_KEYS: Final = 16
"""Flat keys of its own that a producer may add and keep the speed; more are read one by one."""
_MAX_SAMPLE_BYTES: Final = 8_192


@dataclass(frozen=True, slots=True)
class Shape:
    """Keys in their order, and what stands between them."""

    keys: tuple[str, ...]
    colon: str
    comma: str

    @property
    def unknown_keys(self) -> int:
        """How many of the keys the contract does not know."""
        return sum(key not in contract.FIELDS for key in self.keys)


def common_shape(payloads: Iterable[bytes | None], tried: Container[Shape] = ()) -> Shape | None:
    """The most frequent shape among a few records, but for those tried; None if none of them has one. Never raises."""
    shapes = [shape for payload in payloads if (shape := shape_of(payload)) is not None]
    for ways, _ in Counter(map(_way, shapes)).most_common():
        widest = max((shape for shape in shapes if _way(shape) == ways), key=lambda shape: len(shape.keys))
        if widest not in tried:  # the widest shows where the description goes, if any of them does
            return widest
    return None


def _way(shape: Shape) -> tuple[tuple[str, ...], str, str]:
    return tuple(key for key in shape.keys if key != "description"), shape.colon, shape.comma


def shape_of(payload: bytes | None) -> Shape | None:
    """A record's shape; None unless it is a small flat object with every field that is required."""
    if payload is None or len(payload) > _MAX_SAMPLE_BYTES:
        return None
    try:
        text = payload.decode("utf-8")
        pairs = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, _Pairs) or any(isinstance(value, list) for _, value in pairs):
        return None
    keys = tuple(key for key, _ in pairs)
    unknown = [key for key in keys if key not in contract.FIELDS]
    required = set(contract.FIELDS) - contract.OPTIONAL_FIELDS
    if len(set(keys)) != len(keys) or not required <= set(keys) or len(unknown) > _MAX_UNKNOWN_KEYS:
        return None
    if not all(map(_UNKNOWN_KEY.fullmatch, unknown)):
        return None
    spaced = text.startswith(f'{{"{keys[0]}": ')
    return Shape(keys, *((": ", ", ") if spaced else (":", ",")))


class _Pairs(list[tuple[str, Any]]):
    """An object's keys and values as they stand; an array is a plain list."""


@lru_cache(maxsize=256)
def patterns(shape: Shape) -> tuple[str, str]:
    """Expressions (Rust's dialect) of a whole good record: one for records in ASCII, then one for any text.

    What they leave open is what needs another field or a table: lengths, calendars, currencies, countries, card
    numbers.
    """
    return _pattern(shape, _CLOSED), _pattern(shape, _OPEN)


def _pattern(shape: Shape, text: str) -> str:
    unknown = f'(?:"{text}*"|{_NUMBER}|true|false|null)'
    values = _TEXT | {"description": f'(?:"(?P<description>{text}*)"|null)'}
    written = ""
    for place, key in enumerate(shape.keys):
        pair = f'"{re.escape(key)}"{shape.colon}{values.get(key, unknown)}'
        if key not in contract.OPTIONAL_FIELDS:
            written += pair + (shape.comma if place + 1 < len(shape.keys) else "")
        elif place + 1 < len(shape.keys):
            written += f"(?:{pair}{shape.comma})?"
        else:
            written = f"{written.removesuffix(shape.comma)}(?:{shape.comma}{pair})?"
    return rf"\A\{{{written}\}}\z"
