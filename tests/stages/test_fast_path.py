"""The fast path takes the records it is made for, in any producer's spelling, and nothing else."""

import json
import random
import re
from typing import Any

import pytest
from polars.testing import assert_frame_equal
from stage_samples import POLICY, REFERENCE, SOURCE, VALID, payload, window

from streaming import contract
from streaming.stages import decode as decoding
from streaming.stages.decode import MAX_SHAPES, SAMPLE, WORTH_AN_EXPRESSION, decode
from streaming.stages.shapes import common_shape, patterns, shape_of
from streaming.walk import enrich

LIMIT = POLICY.max_payload_bytes
MANY = 3 * WORTH_AN_EXPRESSION


def spelled(record: dict[str, Any], order: list[str] | None = None, spaces: tuple[str, str] = (",", ":")) -> bytes:
    keys = order or list(record)
    return json.dumps({key: record[key] for key in keys}, separators=spaces, ensure_ascii=False).encode()


def good(count: int, **changes: Any) -> list[bytes]:
    return [spelled(VALID | {"event_id": f"ev_{n}"} | changes) for n in range(count)]


def taken(payloads: list[bytes | None]) -> list[int]:
    return sorted(decode(window(payloads), LIMIT).columns["row"].to_list())


def same_both_ways(payloads: list[bytes | None]) -> None:
    fast, slow = (enrich(window(payloads), SOURCE, REFERENCE, POLICY, fast=fast) for fast in (True, False))
    assert_frame_equal(fast.rows, slow.rows)
    assert fast.unknown_fields == slow.unknown_fields
    assert fast.internal == slow.internal == ()


@pytest.mark.parametrize("spaces", [(",", ":"), (", ", ": ")], ids=["compact", "spaced"])
@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_keys_and_either_spacing_is_learned(seed: int, spaces: tuple[str, str]) -> None:
    order = [*VALID, "description"]
    random.Random(seed).shuffle(order)
    records = [VALID | {"event_id": f"ev_{n}", "description": "with a word"} for n in range(MANY)]
    payloads: list[bytes | None] = [spelled(record, order, spaces) for record in records]
    payloads += [spelled(record, [key for key in order if key != "description"], spaces) for record in records]
    assert taken(payloads) == list(range(2 * MANY))
    same_both_ways(payloads)


def test_flat_keys_of_the_producer_s_own_are_counted_and_keep_the_speed() -> None:
    own = {"source": "web \u00e9", "attempt": -1.5e3, "test": False, "parent": None, "x-y.z": 0}
    payloads: list[bytes | None] = [*good(MANY, **own)]
    assert taken(payloads) == list(range(MANY))
    assert enrich(window(payloads), SOURCE, REFERENCE, POLICY).unknown_fields == MANY * len(own)
    same_both_ways(payloads)


def test_as_many_spellings_as_there_are_rounds() -> None:
    orders = [sorted(VALID), sorted(VALID, reverse=True), list(VALID)]
    payloads: list[bytes | None] = []
    for n in range(40):
        payloads += [spelled(VALID | {"event_id": f"ev_{n}"}, order) for order in orders]
    assert len(orders) < MAX_SHAPES
    assert len(taken(payloads)) == len(payloads)
    same_both_ways(payloads)


FRONT: dict[str, bytes | None] = {
    "tombstones": None,
    "broken": b"{",
    "nested": payload(terminal={"a": 1}),
    "numbers": payload(amount=1.5, own="x"),
    "escaped": payload(description='a "quote"'),
    "no UTF-8": b"\xff",
    "too large": b"x" * (LIMIT + 1),
}


@pytest.mark.parametrize("kind", FRONT)
@pytest.mark.parametrize("count", [SAMPLE, 2 * SAMPLE, 150])
def test_bad_records_in_front_do_not_cost_the_good_ones_their_speed(kind: str, count: int) -> None:
    payloads = [*[FRONT[kind]] * count, *good(4 * SAMPLE)]
    assert taken(payloads) == list(range(count, len(payloads)))
    same_both_ways(payloads)


def test_a_shape_that_matches_nothing_is_not_learned_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(decoding, "patterns", lambda shape: asked.append(shape) or patterns(shape))
    payloads: list[bytes | None] = [payload(description=f'"{n}"') for n in range(MANY)]
    assert taken(payloads) == []
    assert len(asked) == 1


@pytest.mark.parametrize(
    "record",
    [
        payload(amount="12.3\u0660"), payload(amount=12.3), payload(event_id="ev\n"), payload(sequence=-1),
        payload(sequence=10**18), payload(card_token="tok\u200b"), payload(description='a "quote"'),
        payload(terminal={"a": 1}), payload(schema_version=True), payload(occurred_at="2026-11-23T10:00:00z"),
        payload(occurred_at="2026-11-23T10:00:00.1234567Z"), payload() + b"\n", b" " + payload(), payload()[:-1],
        payload().replace(b'"sequence"', b'"sequence" '), payload().replace(b"}", b', "amount": "1"}'),
    ],
)  # fmt: skip
def test_whatever_is_spelled_otherwise_is_read_by_itself(record: bytes) -> None:
    payloads: list[bytes | None] = [*good(MANY), record, *good(MANY)]
    assert MANY not in taken(payloads)
    same_both_ways(payloads)


def test_a_few_records_are_not_worth_an_expression() -> None:
    assert taken([*good(WORTH_AN_EXPRESSION - 1)]) == []
    assert len(taken([*good(WORTH_AN_EXPRESSION)])) == WORTH_AN_EXPRESSION
    assert decode(window([*good(50)]), LIMIT, fast=False).columns.is_empty()


def test_shapes_that_are_none() -> None:
    twice = payload().replace(b"}", b', "x": 1, "x": 2}')
    missing = spelled({key: value for key, value in VALID.items() if key != "country"})
    odd = spelled(VALID | {'a"b': 1})
    crowded = spelled(VALID | {f"k{n}": n for n in range(17)})
    long = spelled(VALID | {"x": "y" * 9_000})
    for record in (None, b"", b"\xff", b"[" * 9_000, b"1", b"[1]", twice, missing, odd, crowded, long):
        assert shape_of(record) is None
    assert common_shape([None, b"", missing]) is None


def test_the_common_shape_shows_where_the_description_goes() -> None:
    with_words = spelled({"description": "x"} | VALID)
    shape = common_shape([payload(), spelled(VALID), spelled(VALID), with_words])
    assert shape is not None
    assert shape.keys == ("description", *VALID)
    assert (shape.colon, shape.comma) == (":", ",")  # the spaced one is in the minority


# --- mutants: expressions that are almost right -----------------------------------------------------------------

LOOSE = {
    "open at the end": lambda pattern: pattern.removesuffix(r"\z"),
    "open at the start": lambda pattern: pattern.removeprefix(r"\A"),
    "a number for the amount": lambda pattern: re.sub(r'"(\(\?P<amount>.*?\)\?\))"', r'"?\1"?', pattern),
    "any text for an id": lambda pattern: pattern.replace("(?P<event_id>[A-Za-z0-9_-]+)", '(?P<event_id>[^"]+)'),
    "a version by its first digit": lambda pattern: pattern.replace('version":1', 'version":1[0-9]*'),
}
CATCHING: list[bytes | None] = [
    spelled(VALID) + b"{}", b"[" + spelled(VALID), spelled(VALID).replace(b'"12.30"', b"12.30"),
    spelled(VALID | {"event_id": "ev;1"}), spelled(VALID | {"schema_version": 12}),
]  # fmt: skip


@pytest.mark.parametrize("name", LOOSE)
def test_expressions_that_are_almost_right_are_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    payloads = [*good(MANY), *CATCHING, *good(MANY)]
    same_both_ways(payloads)
    loose = LOOSE[name]
    monkeypatch.setattr(decoding, "patterns", lambda shape: tuple(map(loose, patterns(shape))))
    with pytest.raises(AssertionError):
        same_both_ways(payloads)


def test_every_field_of_the_contract_has_its_place_in_the_expression() -> None:
    shape = shape_of(spelled(VALID | {"description": "x"}))
    assert shape is not None
    for pattern in patterns(shape):
        assert [field for field in contract.FIELDS if f'"{field}":' not in pattern] == []
