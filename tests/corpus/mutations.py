"""Good records, spoiled a little: bytes, members, values and spellings, each by a seed.

Hypothesis draws the seeds, so that a window that fails shrinks to few records.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

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
_VALUES = (*(json.dumps(text, ensure_ascii=False) for text in _STRINGS), *_TOKENS)
_KEYS = ('"note"', '"Amount"', '"amount"', '"\\u0061mount"', '"description"', '"a.b"', '""', '"k k"')
_DIGITS = ("٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "९८७६५४३२१०")


def members(payload: bytes) -> Members:
    """A good record's members; tokens as the producer spells them."""
    return [(json.dumps(key), json.dumps(value, separators=(",", ":"))) for key, value in json.loads(payload).items()]


def spelled(record: Members, colon: str = ":", comma: str = ",") -> bytes:
    return ("{" + comma.join(f"{key}{colon}{value}" for key, value in record) + "}").encode("utf-8", "surrogatepass")


def _swap(rng: Random, record: Members) -> None:
    first, second = rng.randrange(len(record)), rng.randrange(len(record))
    record[first], record[second] = record[second], record[first]


def _repeat(rng: Random, record: Members) -> None:
    record.insert(rng.randint(0, len(record)), rng.choice(record))


def _drop(rng: Random, record: Members) -> None:
    if len(record) > 1:
        del record[rng.randrange(len(record))]


def _change(rng: Random, record: Members) -> None:
    place = rng.randrange(len(record))
    record[place] = (record[place][0], rng.choice(_VALUES))


def _retype(rng: Random, record: Members) -> None:
    place = rng.randrange(len(record))
    key, value = record[place]
    record[place] = (key, value.strip('"') if value.startswith('"') else f'"{value}"')


def _add(rng: Random, record: Members) -> None:
    record.insert(rng.randint(0, len(record)), (rng.choice(_KEYS), rng.choice(_VALUES)))


def _digits(rng: Random, record: Members) -> None:
    """One digit another, or all of another script."""
    place, script = rng.randrange(len(record)), rng.choice(_DIGITS)
    key, value = record[place]
    figures = [at for at, character in enumerate(value) if character in "0123456789"]
    if figures and rng.random() < 0.7:
        at = rng.choice(figures)
        value = value[:at] + rng.choice("0123456789") + value[at + 1 :]
    else:
        value = "".join(script[int(c)] if c in "0123456789" else c for c in value)
    record[place] = (key, value)


def _escape(rng: Random, record: Members) -> None:
    """A character of a string as its escape."""
    place, part = rng.randrange(len(record)), rng.randint(0, 1)
    token = list(record[place][part])
    if len(token) > 2 and token[0] == '"':
        at = rng.randint(1, len(token) - 2)
        token[at] = f"\\u{ord(token[at]):04x}" if ord(token[at]) < 0x10000 else token[at]
    _put(record, place, part, "".join(token))


def _insert(rng: Random, record: Members) -> None:
    """A character inside a token: white space, controls, digits, punctuation, invisible ones."""
    place, part = rng.randrange(len(record)), rng.randint(0, 1)
    token = record[place][part]
    at = rng.randint(0, len(token))
    _put(record, place, part, token[:at] + rng.choice(' \n\t\x00\x1f\x7f0aé\u200b\u202e\\"{}[],:') + token[at:])


def _put(record: Members, place: int, part: int, token: str) -> None:
    key, value = record[place]
    record[place] = (key, token) if part else (token, value)


_BY_MEMBER: tuple[Callable[[Random, Members], None], ...] = (
    *(_swap, _repeat, _drop, _change, _change, _change, _retype, _add, _digits, _digits, _escape, _insert),
)


@dataclass(frozen=True)
class Way:
    """How a producer writes its records."""

    colon: str = ":"
    comma: str = ","
    backwards: bool = False
    own: Members = field(default_factory=list)
    """Members of its own."""

    def written(self, payload: bytes) -> bytes:
        """A good record in this way."""
        record = members(payload)
        return spelled([*record[:: -1 if self.backwards else 1], *self.own], self.colon, self.comma)


WAYS = (Way(), Way(": ", ", "), Way(backwards=True), Way(own=[('"terminal"', '"T-800"'), ('"retries"', "0")]))


def by_members(rng: Random, payload: bytes, way: Way) -> bytes:
    """One or two changes of a good record's members; now and then other spaces than its producer writes."""
    record = members(payload)
    for _ in range(rng.choice((1, 1, 2))):
        rng.choice(_BY_MEMBER)(rng, record)
    odd = rng.random() < 0.1
    return spelled(record, *((" :\n", "\t,") if odd else (way.colon, way.comma)))


def by_bytes(rng: Random, payload: bytes) -> bytes:
    """One or two places of a good record flipped, filled, emptied or repeated; now and then its end cut off."""
    data = bytearray(payload)
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randrange(len(data))
        kind = rng.randint(0, 3)
        if kind == 0:
            data[at] ^= 1 << rng.randint(0, 7)
        elif kind == 1:
            data[at:at] = rng.randbytes(rng.randint(1, 3))
        elif kind == 2:
            del data[at : at + rng.randint(1, 3)]
        else:
            data[at:at] = data[at : at + rng.randint(1, 40)]
    return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.05 else data)


def spoil(seed: int, way: Way) -> bytes:
    """The good record that the seed chooses, spoiled as it says."""
    rng = Random(seed)
    payload = way.written(rng.choice(GOOD))
    return by_members(rng, payload, way) if rng.random() < 0.7 else by_bytes(rng, payload)


@st.composite
def windows(draw: st.DrawFn, least: int = 8) -> list[bytes | None]:
    """Spoiled records and as many good ones, all of one producer, side by side."""
    way = draw(st.sampled_from(WAYS))
    seeds = draw(st.lists(st.integers(0, 2**40), min_size=least, max_size=2 * least, unique=True))
    spoiled = [spoil(seed, way) for seed in seeds]
    rng = Random(draw(st.integers(0, 2**40)))
    good = [way.written(payload) for payload in rng.sample(GOOD, len(spoiled))]
    together: list[bytes | None] = [*spoiled, *good, None]
    rng.shuffle(together)
    return together
