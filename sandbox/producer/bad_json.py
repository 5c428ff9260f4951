"""Bad records as a whole: no JSON object, too large, nothing at all, another version of the contract."""

from typing import Final

from sandbox.producer.bad_kind import BadKind, Draft, dropping, encode, setting

OVERSIZED_FROM: Final = 65_537
"""One byte over the default limit of 64 kB, well below what a broker takes by default."""


def _truncated(draft: Draft) -> bytes:
    return encode(draft.fields)[: -draft.rng.randint(1, 40)]


def _trailing_comma(draft: Draft) -> bytes:
    return encode(draft.fields)[:-1] + b",}"


def _two_documents(draft: Draft) -> bytes:
    return encode(draft.fields) * 2


def _array(draft: Draft) -> bytes:
    return encode([draft.fields])


def _duplicate_key(draft: Draft) -> bytes:
    return encode(draft.fields)[:-1] + b',"amount":' + encode(draft.fields["amount"]) + b"}"


def _not_a_number(draft: Draft) -> bytes:
    return encode(draft.fields)[:-1] + b',"weight":' + draft.rng.choice((b"NaN", b"Infinity", b"-Infinity")) + b"}"


def _lone_surrogate(draft: Draft) -> bytes:
    return encode(draft.fields)[:-1] + b',"note":"\\ud83d"}'


def _not_utf8(draft: Draft) -> bytes:
    return encode(draft.fields)[:-1] + b',"note":"caf\xe9"}'


def _deep(draft: Draft) -> bytes:
    depth = draft.rng.choice((40, 500, 20_000))
    return encode(draft.fields)[:-1] + b',"tree":' + b"[" * depth + b"]" * depth + b"}"


def _prose(draft: Draft) -> bytes:
    return draft.rng.choice(
        (b"", b" ", b"null", b"payment ok", b"<event/>", b"\x00\x00\x00\x00\x07binary", b"17", b'""')
    )


def _oversized(draft: Draft) -> bytes:
    draft.fields["padding"] = ""
    missing = draft.rng.randint(OVERSIZED_FROM, OVERSIZED_FROM + 20_000) - len(encode(draft.fields))
    draft.fields["padding"] = "p" * missing
    return encode(draft.fields)


def _tombstone(_: Draft) -> None:
    return None


MALFORMED_KINDS: Final = tuple(
    BadKind("NOT_JSON", None, make)
    for make in (
        _truncated,
        _trailing_comma,
        _two_documents,
        _array,
        _duplicate_key,
        _not_a_number,
        _lone_surrogate,
        _not_utf8,
        _deep,
        _prose,
    )
)

WHOLE_RECORD_KINDS: Final = (
    BadKind("TOMBSTONE", None, _tombstone, weight=0.25),
    BadKind("OVERSIZED", None, _oversized, weight=0.25),
    BadKind("SCHEMA_VERSION", "schema_version", dropping("schema_version"), weight=0.5),
    BadKind("SCHEMA_VERSION", "schema_version", setting("schema_version", 0, 2, "1", True, [1]), weight=0.5),
)
