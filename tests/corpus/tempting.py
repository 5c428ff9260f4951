"""Wrong fast paths, each tempting: what a quicker parser or a looser expression would make of a record.

A `Way` turns a window into landing rows. `read_by` builds one from a parser that is almost right: what it reads is
spelled anew and sent the slow way, and the row keeps the evidence of the bytes that came, as a real one would.
"""

import json
import unicodedata
from collections.abc import Callable
from typing import Any

import polars as pl
from corpus_world import POLICY, REFERENCE, SOURCE

from streaming.walk import Enriched, Policy, enrich

Way = Callable[[pl.DataFrame], Enriched]
Parser = Callable[[bytes], Any]


def slowly(window: pl.DataFrame, policy: Policy = POLICY) -> Enriched:
    """The reference: every record read by itself."""
    return enrich(window, SOURCE, REFERENCE, policy, fast=False)


def fast(window: pl.DataFrame, policy: Policy = POLICY) -> Enriched:
    """What production does."""
    return enrich(window, SOURCE, REFERENCE, policy)


def read_by(parser: Parser) -> Way:
    """A way whose parser is `parser`; what it refuses is read the slow way."""

    def spelled_anew(payload: bytes | None) -> bytes | None:
        try:
            value = None if payload is None else parser(payload)
            return payload if type(value) is not dict else json.dumps(value, ensure_ascii=False).encode()
        except (ValueError, RecursionError, UnicodeEncodeError):
            return payload

    def way(window: pl.DataFrame) -> Enriched:
        truth = slowly(window)
        anew = pl.Series([spelled_anew(payload) for payload in window["payload"].to_list()], dtype=pl.Binary)
        rows = slowly(window.with_columns(payload=anew)).rows
        good = rows["status"] == "OK"
        evidence = pl.when(good).then(None).otherwise(truth.rows["payload_scrubbed"])
        return Enriched(
            rows.with_columns(truth.rows["payload_mac"], rows.select(evidence.alias("payload_scrubbed")).to_series()),
            window["payload"],
            truth.unknown_fields,
        )

    return way


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


def _numbers_as_text(data: bytes) -> Any:
    found = json.loads(data, object_pairs_hook=_unambiguous)
    if type(found) is dict and type(found.get("amount")) in (int, float):
        found["amount"] = str(found["amount"])
    return found


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _changed(change: Callable[[Any], Any]) -> Parser:
    def parser(data: bytes) -> Any:
        found = json.loads(data, object_pairs_hook=_unambiguous)
        return {key: change(value) for key, value in found.items()} if type(found) is dict else found

    return parser


def _first_object(data: bytes) -> Any:
    return json.JSONDecoder(object_pairs_hook=_unambiguous).raw_decode(data.decode())[0]


def _shifted(window: pl.DataFrame) -> Enriched:
    """Rows of bad records put at the end, as a join without order would."""
    truth = slowly(window)
    good = truth.rows["status"] == "OK"
    return Enriched(
        pl.concat([truth.rows.filter(good), truth.rows.filter(~good)]), truth.payloads, truth.unknown_fields
    )


def _unmasked(window: pl.DataFrame) -> Enriched:
    """Descriptions as sent where an ASCII one has a space: a scanner that looks at whole words."""
    truth = slowly(window)
    raw = [_description(payload) for payload in window["payload"].to_list()]
    sent = pl.Series("description", raw, dtype=pl.String)
    keep = truth.rows["description"].is_null() | ~sent.str.contains(" ", literal=True)
    return Enriched(
        truth.rows.with_columns(truth.rows["description"].zip_with(keep.fill_null(True), sent)),
        truth.payloads,
        truth.unknown_fields,
    )


def _description(payload: bytes | None) -> str | None:
    try:
        found: Any = json.loads(payload or b"")["description"]
        return found if type(found) is str and found.isascii() else None
    except (ValueError, RecursionError, KeyError, TypeError):
        return None


def _lossy(window: pl.DataFrame) -> Enriched:
    """Bytes that are no UTF-8 replaced before parsing."""
    return read_by(lambda data: json.loads(data.decode("utf-8", "replace"), object_pairs_hook=_unambiguous))(window)


WRONG: dict[str, Way] = {
    "the first of two keys wins": read_by(lambda data: json.loads(data, object_pairs_hook=_first_wins)),
    "the last of two keys wins": read_by(json.loads),
    "a number is an amount": read_by(_numbers_as_text),
    "text is trimmed": read_by(_changed(lambda value: value.strip() if type(value) is str else value)),
    "what follows the object is ignored": read_by(_first_object),
    "bytes that are no UTF-8 are replaced": _lossy,
    "a byte order mark is skipped": read_by(lambda data: json.loads(data.decode("utf-8-sig"))),
    "any encoding is guessed": read_by(lambda data: json.loads(data.decode(json.detect_encoding(data)))),
    "true is 1": read_by(_changed(lambda value: int(value) if type(value) is bool else value)),
    "1.0 is 1": read_by(_changed(lambda value: int(value) if type(value) is float and value.is_integer() else value)),
    "digits of any script are digits": read_by(
        _changed(lambda value: unicodedata.normalize("NFKC", value) if type(value) is str else value)
    ),
    "control characters may stand in a string": read_by(lambda data: json.loads(data, strict=False)),
    "an empty description is null": read_by(_changed(lambda value: None if value == "" else value)),
    "bad rows come last": _shifted,
    "only some descriptions are masked": _unmasked,
}
