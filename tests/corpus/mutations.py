"""Good records, spoiled a little: bytes, members, values and spellings, as Hypothesis strategies."""

import json
from collections.abc import Callable
from typing import Any

from corpus_world import neighbours
from hypothesis import strategies as st

GOOD = neighbours(200)
Members = list[tuple[str, str]]
"""Keys and values of a record as JSON tokens, in their order."""

_STRINGS = (
    *("", "0", "00.10", "1", "1.5", "1.50", "1.505", "12.3456", "9" * 18, "9" * 19, "-1", "1e5", " 1", "1_0", "NaN"),
    *(
        "EUR",
        "eur",
        "JPY",
        "BGN",
        "XXX",
        "DE",
        "UK",
        "pos",
        "capture",
        "refund",
        "x" * 33,
        "x" * 64,
        "x" * 65,
        "é",
        "😀",
    ),
    *("evt_1\n", "m.1", "a b", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00.5+05:45", "2026-02-30T10:00:00Z"),
    *("2026-11-23t10:00:00z", "2026-10-24T10:00:01.123456Z", "2026-11-23T10:05:01.123457Z", "4111111111111111"),
    *("tok 5555-5555-5555-4444", "４１１１１１１１１１１１１１１１", "4111\u200b1111\u200b1111\u200b1111", "x" * 1_001),
)
_TOKENS = (
    *("null", "true", "false", "0", "1", "-0", "2", "1.0", "1e0", "-1", "9223372036854775807", "9223372036854775808"),
    *(
        "[]",
        "{}",
        "[1]",
        '{"a":1}',
        '{"a":1,"a":1}',
        "NaN",
        "01",
        "12.30",
        '"\\u0031"',
        '"\\ud800"',
        '"\\ud83d\\ude00"',
    ),
    *('"\\/"', '"\x01"', '"\x7f"', "'x'", "4111111111111111", '"unclosed'),
)
VALUES = st.sampled_from([*(json.dumps(text, ensure_ascii=False) for text in _STRINGS), *_TOKENS])
_KEYS = st.sampled_from(['"note"', '"Amount"', '"amount"', '"\\u0061mount"', '"description"', '"a.b"', '""', '"k k"'])
_DIGITS = ("٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "९८७६५४३२१०")


def members(payload: bytes) -> Members:
    """A good record's members; tokens as the producer spells them."""
    return [(json.dumps(key), json.dumps(value, separators=(",", ":"))) for key, value in json.loads(payload).items()]


def spelled(record: Members, colon: str = ":", comma: str = ",") -> bytes:
    return ("{" + comma.join(f"{key}{colon}{value}" for key, value in record) + "}").encode("utf-8", "surrogatepass")


def _at(draw: st.DrawFn, things: Any) -> int:
    return draw(st.integers(0, max(0, len(things) - 1)))


def _swap(draw: st.DrawFn, record: Members) -> None:
    first, second = _at(draw, record), _at(draw, record)
    record[first], record[second] = record[second], record[first]


def _repeat(draw: st.DrawFn, record: Members) -> None:
    record.insert(draw(st.integers(0, len(record))), record[_at(draw, record)])


def _drop(draw: st.DrawFn, record: Members) -> None:
    if len(record) > 1:
        del record[_at(draw, record)]


def _change(draw: st.DrawFn, record: Members) -> None:
    place = _at(draw, record)
    record[place] = (record[place][0], draw(VALUES))


def _retype(draw: st.DrawFn, record: Members) -> None:
    place = _at(draw, record)
    key, value = record[place]
    record[place] = (key, value.strip('"') if value.startswith('"') else f'"{value}"')


def _add(draw: st.DrawFn, record: Members) -> None:
    record.insert(draw(st.integers(0, len(record))), (draw(_KEYS), draw(VALUES)))


def _other_digits(draw: st.DrawFn, record: Members) -> None:
    place, script = _at(draw, record), draw(st.sampled_from(_DIGITS))
    key, value = record[place]
    record[place] = (key, "".join(script[int(c)] if c in "0123456789" else c for c in value))


def _escape(draw: st.DrawFn, record: Members) -> None:
    place, part = _at(draw, record), draw(st.integers(0, 1))
    token = list(record[place][part])
    if len(token) > 2 and token[0] == '"':
        at = draw(st.integers(1, len(token) - 2))
        token[at] = f"\\u{ord(token[at]):04x}" if ord(token[at]) < 0x10000 else token[at]
    changed = list(record[place])
    changed[part] = "".join(token)
    record[place] = (changed[0], changed[1])


def _insert(draw: st.DrawFn, record: Members) -> None:
    """A character inside a token: white space, controls, digits, invisible ones."""
    place, part = _at(draw, record), draw(st.integers(0, 1))
    changed = list(record[place])
    at = draw(st.integers(0, len(changed[part])))
    changed[part] = (
        changed[part][:at]
        + draw(st.sampled_from(list(' \n\t\x00\x1f\x7f0é\u200b\u202e\\"{}[],:')))
        + changed[part][at:]
    )
    record[place] = (changed[0], changed[1])


_BY_MEMBER: tuple[Callable[[st.DrawFn, Members], None], ...] = (
    *(_swap, _repeat, _drop, _change, _change, _retype, _add, _other_digits, _escape, _insert),
)


@st.composite
def by_members(draw: st.DrawFn) -> bytes:
    """One to three changes of a good record's members, written in one of a few ways."""
    record = members(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 3))):
        draw(st.sampled_from(_BY_MEMBER))(draw, record)
    return spelled(record, *draw(st.sampled_from(((":", ","), (":", ","), (": ", ", "), (" :\n", "\t,")))))


@st.composite
def by_bytes(draw: st.DrawFn) -> bytes:
    """One to three bytes of a good record flipped, put in, taken out; or its end cut off."""
    data = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 3))):
        at = _at(draw, data)
        kind = draw(st.integers(0, 3))
        if kind == 0 and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == 1:
            data[at:at] = draw(st.binary(min_size=1, max_size=3))
        elif kind == 2:
            del data[at : at + draw(st.integers(1, 3))]
        else:
            data[at:at] = data[at : at + draw(st.integers(1, 40))]
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 9)) == 0 else data)


RECORDS: st.SearchStrategy[bytes | None] = st.one_of(
    by_members(), by_members(), by_members(), by_bytes(), by_bytes(), st.sampled_from(GOOD), st.none()
)


@st.composite
def windows(draw: st.DrawFn, most: int = 16) -> list[bytes | None]:
    """Spoiled and good records side by side; the good ones all in one of the producers' ways to write them."""
    spoiled = draw(st.lists(RECORDS, min_size=1, max_size=most))
    good = draw(st.lists(st.sampled_from(GOOD), min_size=8, max_size=12))
    way = draw(st.integers(0, 3))
    if way == 1:
        good = [spelled(members(payload), ": ", ", ") for payload in good]
    elif way == 2:
        good = [spelled(members(payload)[::-1]) for payload in good]
    elif way == 3:
        good = [spelled([*members(payload), ('"terminal"', '"T-800"')]) for payload in good]
    return draw(st.permutations([*spoiled, *good]))
