"""Any bytes become exactly one row, in order, and no record changes another's row."""

import json
from contextlib import suppress
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage_samples import POLICY, REFERENCE, SOURCE, VALID, land, payload, window

from streaming import contract, walk
from streaming.landing import REQUIRED, STAMPED_AT_SERIALISATION
from streaming.stages import decode as decode_stage
from streaming.stages.plan import COLUMNS
from streaming.walk import Enriched, enrich

VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["0", "1.5", "-1", "1e5", "USD", "JPY", "XXX", "2026-11-23T10:00:00Z", "4111111111111111", "\ud800"]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def altered(changes: dict[str, Any]) -> bytes:
    return json.dumps(VALID | changes).encode()


RECORDS: st.SearchStrategy[bytes | None] = st.one_of(
    st.none(),
    st.binary(max_size=60),
    st.dictionaries(st.sampled_from(contract.FIELDS), VALUES, max_size=3).map(altered),
    st.tuples(st.just(payload()), st.integers(0, 300), st.binary(max_size=3)).map(
        lambda t: t[0][: t[1]] + t[2] + t[0][t[1] :]
    ),
    st.just(payload()),
)
WINDOWS = st.lists(RECORDS, max_size=8)


def walked(frame: pl.DataFrame) -> Enriched:
    return enrich(frame, SOURCE, REFERENCE, POLICY)


@settings(max_examples=20, deadline=None)
@given(WINDOWS)
def test_one_row_each_in_order_complete_and_never_by_the_last_resort(payloads: list[bytes | None]) -> None:
    frame = window(payloads)
    enriched = walked(frame)
    rows = enriched.rows
    assert enriched.internal == ()
    assert rows.columns == list(COLUMNS)
    assert rows["kafka_offset"].to_list() == frame["kafka_offset"].to_list()
    assert enriched.payloads.to_list() == payloads
    for name in REQUIRED - set(STAMPED_AT_SERIALISATION):
        assert rows[name].null_count() == 0, name
    good = rows["status"] == "OK"
    assert rows.filter(good)["payload_scrubbed"].null_count() == good.sum()
    required = [name for name in contract.FIELDS if name not in contract.OPTIONAL_FIELDS]
    assert sum(rows.filter(good).select(required).null_count().row(0)) == 0


@settings(max_examples=8, deadline=None)
@given(WINDOWS, WINDOWS)
def test_neighbours_do_not_matter(first: list[bytes | None], second: list[bytes | None]) -> None:
    left, right = window(first), window(second, first_offset=len(first))
    whole = pl.concat([left, right])
    apart = pl.concat([walked(left).rows, walked(right).rows])
    assert walked(whole).rows.equals(apart)
    assert walked(whole.reverse()).rows.reverse().equals(apart)


def test_an_empty_window_gives_an_empty_frame_of_the_right_shape() -> None:
    rows = land().rows
    assert (rows.height, rows.columns) == (0, list(COLUMNS))


@pytest.mark.parametrize("error", [RuntimeError("poison"), pl.exceptions.PanicException("poison")])
def test_should_a_stage_fail_the_culprit_alone_is_quarantined(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = walk.attach_merchant

    def fails(frame: pl.DataFrame, known: Any) -> pl.DataFrame:
        if "ev_poison" in frame["event_id"].to_list():
            raise error
        return real(frame, known)

    monkeypatch.setattr(walk, "attach_merchant", fails)
    enriched = land(payload(), payload(event_id="ev_poison"), b"{", payload(extra=1))
    assert enriched.rows["status"].to_list() == ["OK", "QUARANTINED_INTERNAL", "QUARANTINED_NOT_JSON", "OK"]
    assert enriched.rows["kafka_offset"].to_list() == [0, 1, 2, 3]
    assert enriched.internal == (type(error).__name__,)
    assert enriched.unknown_fields == 1
    culprit = enriched.rows.row(1, named=True)
    assert culprit["payload_mac"] is not None
    assert "poison" not in repr(culprit)
    monkeypatch.undo()
    assert enriched.rows.row(0) == land(payload()).rows.row(0)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), MemoryError()])
def test_what_is_no_record_s_fault_is_not_swallowed(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(frame: pl.DataFrame, known: Any) -> pl.DataFrame:
        raise error

    monkeypatch.setattr(walk, "attach_merchant", fails)
    with pytest.raises(type(error)):
        land(payload())


# --- mutants of decode: decoders that look right ----------------------------------------------------------


def last_key_wins(data: bytes) -> dict[str, Any]:
    value = json.loads(data)
    assert isinstance(value, dict)
    return value


TRAPS = (
    b'{"a":1,"a":2}',
    b'{"a":NaN}',
    b'{"a":"\\ud800"}',
    b'{"a":' + b"[" * 40 + b"]" * 40 + b"}",
    b"[]",
    b'{"a":1}x',
    b"\xff",
)


def refuses_all(parse: Any) -> bool:
    def refuses(data: bytes) -> bool:
        try:
            parse(data)
        except decode_stage._Refused:
            return True
        except (ValueError, AssertionError):
            return True
        return False

    return all(refuses(trap) for trap in TRAPS)


def test_the_decoder_refuses_every_trap_and_the_usual_ones_do_not() -> None:
    orjson = pytest.importorskip("orjson")
    msgspec = pytest.importorskip("msgspec")
    assert refuses_all(decode_stage.parse)
    assert not refuses_all(last_key_wins)
    assert not refuses_all(orjson.loads)
    assert not refuses_all(msgspec.json.decode)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=40) | st.text(alphabet='{}[]":,\\ud8019eE+-. \n', max_size=40).map(str.encode))
def test_parse_raises_nothing_but_its_own_refusal(data: bytes) -> None:
    with suppress(decode_stage._Refused):
        assert isinstance(decode_stage.parse(data), dict)


def test_brackets_inside_strings_do_not_nest() -> None:
    assert decode_stage.parse(json.dumps({"a": "[{" * 100, "b": '\\"[[' * 20}).encode())
    deepest = b'{"a":' * (contract.MAX_NESTING - 1) + b"{}" + b"}" * (contract.MAX_NESTING - 1)
    assert decode_stage.parse(deepest)
    with pytest.raises(ValueError, match="nested deeper"):
        decode_stage.parse(b'{"a":' + deepest + b"}")
