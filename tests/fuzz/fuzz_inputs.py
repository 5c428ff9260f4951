"""Windows that no producer would send, from a seed: records of the corpus and good ones, mutated, spliced, planted.

What shows a status or a rule that was not seen before is kept and mutated further.
"""

from collections.abc import Callable, Sequence
from random import Random

from corpus_world import NOW
from hostile import corpus
from mutations import GOOD, WAYS, Way, spoil

from sandbox.world.published_cards import NUMBERS

Payload = bytes | None
LARGE = 4_096
"""Bytes; larger records are drawn seldom: they cost time and hold nothing new but their size."""
LARGEST = 70_000
KEPT = 2_000
"""Newest inputs that showed something new."""
SIZES = (1, 2, 7, 8, 9, 24, 60, 150, 300)
"""Records of a window: around the least that is worth an expression, and enough to learn shapes from."""

TOKENS = (
    *(b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\", b"\\u", b"\\ud83d", b"\\udc00", b"\\u0000", b"null", b"true"),
    *(b"NaN", b"-Infinity", b"1e999", b"-0", b"0" * 40, b"9" * 30, b"\x00", b"\x1f", b"\x7f", b"\xff", b"\xc0\x80"),
    *(b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xe2\x80\x8b", b"\xe2\x80\xae", b"\xf0\x9f\x92\xb3"),
    *(b'"amount":', b'"currency":"', b'"event_id":"', b'"occurred_at":"', b'"schema_version":1', b'"description":"'),
    *(
        b"2026-11-23T10:00:00Z",
        b"+23:59",
        b".000001",
        b"JPY",
        b"EUR",
        b"=1+1",
        b"<b>",
        b"'--",
        b"[" * 40,
        b'{"a":' * 40,
    ),
)


def _plain(number: str) -> str:
    return number


def _groups(mark: str) -> Callable[[str], str]:
    return lambda number: mark.join(number[at : at + 4] for at in range(0, 16, 4)) if len(number) == 16 else number


def _each(mark: str) -> Callable[[str], str]:
    return mark.join


def _script(zero: int) -> Callable[[str], str]:
    return lambda number: "".join(chr(zero + int(digit)) for digit in number)


def _escaped(number: str) -> str:
    return "".join(f"\\u{ord(digit):04x}" for digit in number)


DISGUISES: tuple[Callable[[str], str], ...] = (
    *(_plain, _plain, _groups(" "), _groups("-"), _groups(" - "), _groups("\u2013"), _groups("\u00a0"), _groups("/")),
    *(_each(" "), _each("."), _each("\u200b"), _each("\u0301"), _script(0x0660), _script(0xFF10), _script(0x1D7CE)),
    _escaped,
)


class Inputs:
    """`window` after `window`; the same ones for the same seed and the same answers to `keep`."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        payloads = [record.payload(NOW) or b"" for record in corpus()]
        self.small = [payload for payload in payloads if len(payload) <= LARGE]
        self.large = [payload for payload in payloads if len(payload) > LARGE]
        self.kept: list[bytes] = []
        self.planted = 0
        self._next = 0

    def window(self) -> list[Payload]:
        """Records of one producer among hostile ones, in any order."""
        way, size = self.random.choice(WAYS), self.random.choice(SIZES)
        share = self.random.choice((0.0, 0.3, 0.7))
        return [
            way.written(self.random.choice(GOOD)) if self.random.random() < share else self.record(way)
            for _ in range(size)
        ]

    def keep(self, payload: Payload) -> None:
        """It showed something new: mutate it further. The oldest makes room."""
        if payload is not None and len(payload) <= LARGE:
            self.kept = [*self.kept[-KEPT + 1 :], payload]

    def record(self, way: Way) -> Payload:
        """One record that is probably bad."""
        kind = self.random.random()
        if kind < 0.005:
            return None
        if kind < 0.25:
            return self._plant(way.written(self.random.choice(GOOD)))
        if kind < 0.5:
            return spoil(self.random.getrandbits(40), way)
        data = bytearray(self._seed(way))
        for _ in range(self.random.choice((1, 1, 2, 4, 8))):
            self.random.choice(MUTATIONS)(self.random, data, self._other)
        return bytes(data[:LARGEST])

    def _seed(self, way: Way) -> bytes:
        if self.random.random() < 0.01:
            return self.random.choice(self.large)
        if self.kept and self.random.random() < 0.4:
            return self.random.choice(self.kept)
        return self.random.choice(self.small) if self.random.random() < 0.7 else way.written(self.random.choice(GOOD))

    def _other(self) -> bytes:
        return self.random.choice(self.small)

    def _plant(self, record: bytes) -> bytes:
        """A published card number in a disguise, between two letters, inside a text of the record or anywhere."""
        self.planted += 1
        written = f"k{self.random.choice(DISGUISES)(self.random.choice(NUMBERS))}k".encode()
        quotes = [place for place, byte in enumerate(record) if byte == ord('"')]
        place = self.random.choice(quotes) + 1 if self.random.random() < 0.9 else self.random.randrange(len(record))
        return record[:place] + written + record[place:]


Mutation = Callable[[Random, bytearray, Callable[[], bytes]], None]


def _at(rng: Random, data: Sequence[int]) -> int:
    return rng.randint(0, len(data))


def _flip(rng: Random, data: bytearray, other: Callable[[], bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randint(0, 7)


def _insert(rng: Random, data: bytearray, other: Callable[[], bytes]) -> None:
    at = _at(rng, data)
    data[at:at] = rng.choice(TOKENS)


def _overwrite(rng: Random, data: bytearray, other: Callable[[], bytes]) -> None:
    at, token = _at(rng, data), rng.choice(TOKENS)
    data[at : at + len(token)] = token


def _delete(rng: Random, data: bytearray, other: Callable[[], bytes]) -> None:
    at = _at(rng, data)
    del data[at : at + rng.choice((1, 2, 5, 30))]


def _repeat(rng: Random, data: bytearray, other: Callable[[], bytes]) -> None:
    at = _at(rng, data)
    data[at:at] = data[at : at + rng.choice((1, 4, 40))] * rng.choice((1, 1, 2, 30))


def _splice(rng: Random, data: bytearray, other: Callable[[], bytes]) -> None:
    tail = other()
    data[_at(rng, data) :] = tail[_at(rng, tail) :]


def _graft(rng: Random, data: bytearray, other: Callable[[], bytes]) -> None:
    donor, at = other(), _at(rng, data)
    start = _at(rng, donor)
    data[at:at] = donor[start : start + rng.choice((3, 12, 60))]


def _noise(rng: Random, data: bytearray, other: Callable[[], bytes]) -> None:
    at = _at(rng, data)
    data[at:at] = rng.randbytes(rng.randint(1, 6))


MUTATIONS: tuple[Mutation, ...] = (_flip, _insert, _insert, _overwrite, _delete, _repeat, _splice, _graft, _noise)
