"""Each rule of the contract against records made to slip past it: expected reason, alone and among good ones."""

import json
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from stage_samples import BROKER, POLICY, REFERENCE, SOURCE, Absent, land, land_one, payload, window

from streaming import contract
from streaming.landing import LANDING
from streaming.stages.plan import COLUMNS
from streaming.walk import Enriched, enrich

VISA, AMEX, MASTERCARD = "4111111111111111", "378282246310005", "5555555555554444"


def at(delta: timedelta) -> str:
    return (BROKER + delta).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def raw(find: str, put: str) -> bytes:
    """The valid record with a piece of its text replaced."""
    text = payload().decode()
    assert find in text
    return text.replace(find, put, 1).encode("utf-8", "surrogatepass")


WHOLE: list[tuple[str, bytes | None]] = [
    ("TOMBSTONE", None),
    ("NOT_JSON", b""),
    ("NOT_JSON", b" \n"),
    ("NOT_JSON", b"\x00"),
    ("NOT_JSON", b"{"),
    ("NOT_JSON", b"null"),
    ("NOT_JSON", b"[]"),
    ("NOT_JSON", b'"text"'),
    ("NOT_JSON", b"17"),
    ("NOT_JSON", b"\xff\xfe"),
    ("NOT_JSON", b"\xef\xbb\xbf" + payload()),  # byte order mark
    ("NOT_JSON", payload().decode().encode("utf-16")),
    ("NOT_JSON", payload() + b"\x00"),
    ("NOT_JSON", payload() + payload()),
    ("NOT_JSON", payload()[:-1]),
    ("NOT_JSON", payload()[:-1] + b",}"),
    ("NOT_JSON", payload()[:-1] + b',"event_id":"ev_1"}'),  # the same key with the same value
    ("NOT_JSON", payload()[:-1] + b',"extra":{"a":1,"a":1}}'),
    ("NOT_JSON", payload()[:-1] + b',"extra":[{"a":[{"b":1,"b":2}]}]}'),
    ("NOT_JSON", payload()[:-1] + b',"event\\u005fid":"ev_2"}'),  # a duplicate only once unescaped
    ("NOT_JSON", payload()[:-1] + b',"extra":NaN}'),
    ("NOT_JSON", payload()[:-1] + b',"extra":-Infinity}'),
    ("NOT_JSON", payload()[:-1] + b',"extra":Infinity}'),
    ("NOT_JSON", payload()[:-1] + b',"extra":"\\ud800"}'),
    ("NOT_JSON", payload()[:-1] + b',"extra":"\\udc00\\ud800"}'),
    ("NOT_JSON", payload()[:-1] + b',"\\uD8FF":1}'),
    ("NOT_JSON", payload()[:-1] + b',"extra":"\xed\xa0\x80"}'),  # a surrogate as bytes
    ("NOT_JSON", payload()[:-1] + b',"extra":"\x01"}'),
    ("NOT_JSON", payload()[:-1] + b',"extra":01}'),
    ("NOT_JSON", payload()[:-1] + b',"extra":+1}'),
    ("NOT_JSON", payload()[:-1] + b',"extra":.5}'),
    ("NOT_JSON", payload()[:-1] + b",'extra':1}"),
    ("NOT_JSON", payload()[:-1] + b',"extra":' + b"[" * 32 + b"]" * 32 + b"}"),
    ("NOT_JSON", b"[" * 60_000),
    ("NOT_JSON", b'{"a":' * 10_000),
    ("OVERSIZED", payload(extra="x" * 65_536)),
    ("OVERSIZED", b"\xff" * 65_537),
    ("SCHEMA_VERSION", b"{}"),
    ("SCHEMA_VERSION", payload(schema_version=Absent)),
    ("SCHEMA_VERSION", payload(schema_version=None)),
    ("SCHEMA_VERSION", payload(schema_version=2)),
    ("SCHEMA_VERSION", payload(schema_version="1")),
    ("SCHEMA_VERSION", payload(schema_version=True)),
    ("SCHEMA_VERSION", raw('"schema_version": 1', '"schema_version": 1.0')),
    ("SCHEMA_VERSION", raw('"schema_version": 1', '"schema_version": 1e0')),
    ("SCHEMA_VERSION", raw('"schema_version": 1', '"schema_version": 1' + "0" * 5_000)),
]
FIELDS: list[tuple[str, str, Any]] = [
    *((f"BAD_{name.upper()}", name, value) for name in ("event_id", "transaction_id") for value in ("", "a b", "é")),
    ("BAD_EVENT_ID", "event_id", "a" * 65),
    ("BAD_EVENT_ID", "event_id", "ev_1\n"),
    ("BAD_EVENT_ID", "event_id", 17),
    ("BAD_EVENT_ID", "event_id", ["ev_1"]),
    ("BAD_TRANSACTION_ID", "transaction_id", {"id": "tx"}),
    ("BAD_TRANSACTION_ID", "transaction_id", "tx\x00"),
    ("BAD_EVENT_TYPE", "event_type", "Capture"),
    ("BAD_EVENT_TYPE", "event_type", ""),
    ("BAD_EVENT_TYPE", "event_type", "capture "),
    ("BAD_EVENT_TYPE", "event_type", False),
    ("BAD_SEQUENCE", "sequence", -1),
    ("BAD_SEQUENCE", "sequence", "1"),
    ("BAD_SEQUENCE", "sequence", 1.0),
    ("BAD_SEQUENCE", "sequence", True),
    ("BAD_SEQUENCE", "sequence", 2**63),
    ("BAD_SEQUENCE", "sequence", 10**400),
    ("BAD_MERCHANT_ID", "merchant_id", "m" * 33),
    ("BAD_MERCHANT_ID", "merchant_id", "m.1"),
    ("BAD_AMOUNT", "amount", 12.30),
    ("BAD_AMOUNT", "amount", 12),
    ("BAD_AMOUNT", "amount", ""),
    ("BAD_AMOUNT", "amount", "-1.00"),
    ("BAD_AMOUNT", "amount", "+1.00"),
    ("BAD_AMOUNT", "amount", " 1.00"),
    ("BAD_AMOUNT", "amount", "1.00\n"),
    ("BAD_AMOUNT", "amount", "1,000.00"),
    ("BAD_AMOUNT", "amount", "1_000"),
    ("BAD_AMOUNT", "amount", "1e2"),
    ("BAD_AMOUNT", "amount", "NaN"),
    ("BAD_AMOUNT", "amount", "Infinity"),
    ("BAD_AMOUNT", "amount", "1."),
    ("BAD_AMOUNT", "amount", ".5"),
    ("BAD_AMOUNT", "amount", "1.2.3"),
    ("BAD_AMOUNT", "amount", "0x10"),
    ("BAD_AMOUNT", "amount", "١٢"),
    ("BAD_AMOUNT", "amount", "１２"),
    ("BAD_AMOUNT", "amount", "1.234"),
    ("BAD_AMOUNT", "amount", "1.000"),  # zeros are decimals too
    ("BAD_AMOUNT", "amount", "1" * 19),
    ("BAD_AMOUNT", "amount", "9" * 40),
    ("BAD_AMOUNT", "amount", "0." + "0" * 14 + "1"),
    ("BAD_CURRENCY", "currency", "usd"),
    ("BAD_CURRENCY", "currency", "US"),
    ("BAD_CURRENCY", "currency", "XXX"),
    ("BAD_CURRENCY", "currency", "XTS"),
    ("BAD_CURRENCY", "currency", "XAU"),
    ("BAD_CURRENCY", "currency", "XDR"),
    ("BAD_CURRENCY", "currency", "HRK"),
    ("BAD_CURRENCY", "currency", "BGN"),
    ("BAD_CURRENCY", "currency", "DEM"),
    ("BAD_CURRENCY", "currency", "USD "),
    ("BAD_CURRENCY", "currency", 840),
    ("BAD_OCCURRED_AT", "occurred_at", "2026-11-23T10:00:00"),
    ("BAD_OCCURRED_AT", "occurred_at", "2026-11-23 10:00:00Z"),
    ("BAD_OCCURRED_AT", "occurred_at", "2026-11-23T10:00Z"),
    ("BAD_OCCURRED_AT", "occurred_at", "2026-11-23"),
    ("BAD_OCCURRED_AT", "occurred_at", "2026-11-23T10:00:00.Z"),
    ("BAD_OCCURRED_AT", "occurred_at", "2026-11-23T10:00:00.1234567Z"),
    ("BAD_OCCURRED_AT", "occurred_at", "2026-11-23T10:00:00,5Z"),
    ("BAD_OCCURRED_AT", "occurred_at", "2026-11-23T10:00:60Z"),
    ("BAD_OCCURRED_AT", "occurred_at", "2026-11-23T24:00:00Z"),
    ("BAD_OCCURRED_AT", "occurred_at", "2026-11-31T10:00:00Z"),
    ("BAD_OCCURRED_AT", "occurred_at", "2026-11-23T10:00:00+0100"),
    ("BAD_OCCURRED_AT", "occurred_at", "2026-11-23T10:00:00+01"),
    ("BAD_OCCURRED_AT", "occurred_at", "2026-11-23T10:00:00+24:00"),
    ("BAD_OCCURRED_AT", "occurred_at", "2026-11-23T10:00:00Z "),
    ("BAD_OCCURRED_AT", "occurred_at", "0000-01-01T00:00:00Z"),
    ("BAD_OCCURRED_AT", "occurred_at", "٢٠٢٦-11-23T10:00:00Z"),
    ("BAD_OCCURRED_AT", "occurred_at", 1_764_000_000),
    ("BAD_OCCURRED_AT", "occurred_at", at(timedelta(minutes=5, microseconds=1))),
    ("BAD_OCCURRED_AT", "occurred_at", at(-timedelta(days=30, microseconds=1))),
    ("BAD_CARD_TOKEN", "card_token", ""),
    ("BAD_CARD_TOKEN", "card_token", "t" * 65),
    ("BAD_CARD_TOKEN", "card_token", 4111111111111111),
    ("BAD_CHANNEL", "channel", "POS"),
    ("BAD_CHANNEL", "channel", "web"),
    ("BAD_COUNTRY", "country", "de"),
    ("BAD_COUNTRY", "country", "UK"),
    ("BAD_COUNTRY", "country", "XK"),
    ("BAD_COUNTRY", "country", "DEU"),
    ("BAD_DESCRIPTION", "description", "x" * 1_001),
    ("BAD_DESCRIPTION", "description", 5),
    ("BAD_DESCRIPTION", "description", []),
    ("PAN_IN_EVENT_ID", "event_id", VISA),
    ("PAN_IN_EVENT_ID", "event_id", f"order-{MASTERCARD}"),
    ("PAN_IN_EVENT_ID", "event_id", "ev_4111-1111-1111-1111"),
    ("PAN_IN_TRANSACTION_ID", "transaction_id", AMEX),
    ("PAN_IN_MERCHANT_ID", "merchant_id", f"m{VISA}"),
    ("PAN_IN_CARD_TOKEN", "card_token", "3782 822463 10005"),
    ("PAN_IN_CARD_TOKEN", "card_token", "4111\u200b1111\u200b1111\u200b1111"),
    ("PAN_IN_CARD_TOKEN", "card_token", "４１１１１１１１１１１１１１１１"),
    *((f"MISSING_{name.upper()}", name, Absent) for name in contract.FIELDS[1:12]),
    *((f"MISSING_{name.upper()}", name, None) for name in contract.FIELDS[1:12]),
]
HOSTILE = [*WHOLE, *((reason, payload(**{field: value})) for reason, field, value in FIELDS)]

GOOD: list[dict[str, Any]] = [
    {"event_id": "a" * 64},
    {"event_id": "0198c0de-1111-4abc-8def-012345678901"},
    {"event_id": "1764000000000"},  # milliseconds: no issuer's range
    {"event_id": "41111111111111112222"},  # 20 digits are no card number, nor is a part of them
    {"sequence": 0},
    {"sequence": 2**63 - 1},
    {"amount": "0"},
    {"amount": "0.00"},
    {"amount": "007.5"},
    {"amount": "9" * 18 + ".99"},
    {"amount": "100", "currency": "JPY"},
    {"amount": "1.234", "currency": "BHD"},
    {"amount": "1.2345", "currency": "CLF"},
    {"currency": "EUR"},
    {"occurred_at": "2026-11-23T10:00:00Z"},
    {"occurred_at": "2026-11-23t10:00:00.1z"},
    {"occurred_at": "2026-11-23T15:30:00+05:30"},
    {"occurred_at": "2026-11-22T23:00:00-11:00"},
    {"occurred_at": "2026-11-23T10:00:00-00:00"},
    {"occurred_at": at(timedelta(minutes=5))},
    {"occurred_at": at(-timedelta(days=30))},
    {"card_token": "é" * 64},
    {"description": "x" * 1_000},
    {"description": "😀" * 1_000},
    {"description": ""},
    {"description": None},
    {"extra": {"a": [1, {"b": None}]}, "another": 1e300, "huge": 10**400},
    {"extra": json.loads("[" * 30 + "]" * 30)},
]


@pytest.fixture(scope="module")
def landed() -> Enriched:
    """Hostile and good records side by side in one window."""
    return land(*(record for _, record in HOSTILE), *(payload(**changes) for changes in GOOD))


@pytest.mark.parametrize("place", range(len(HOSTILE)))
def test_reason(landed: Enriched, place: int) -> None:
    assert landed.rows["status"][place] == f"QUARANTINED_{HOSTILE[place][0]}"
    assert landed.internal == ()


@pytest.mark.parametrize("place", range(len(GOOD)))
def test_good_ones_are_accepted(landed: Enriched, place: int) -> None:
    row = landed.rows.row(len(HOSTILE) + place, named=True)
    assert (row["status"], row["status_detail"], row["payload_scrubbed"]) == ("OK", None, None)


def test_there_are_enough_of_them_for_every_reason() -> None:
    reasons = {reason for reason, _ in HOSTILE}
    required = [field.upper() for field in contract.FIELDS if field not in ("schema_version", "description")]
    expected = {f"{kind}_{field}" for kind in ("MISSING", "BAD") for field in required} | {"BAD_DESCRIPTION"}
    expected |= {f"PAN_IN_{field.upper()}" for field in contract.PAN_CHECKED_FIELDS}
    assert reasons == expected | {"TOMBSTONE", "OVERSIZED", "NOT_JSON", "SCHEMA_VERSION"}
    assert len(HOSTILE) >= 80


def test_all_in_one_window_get_the_answer_they_get_alone() -> None:
    good = [payload(**changes) for changes in GOOD]
    everybody = [record for _, hostile in HOSTILE for record in (hostile, good[len(hostile or b"") % len(good)])]
    frame = window(everybody)
    together = enrich(frame, SOURCE, REFERENCE, POLICY).rows
    assert together.schema == pl.Schema({name: LANDING[name] for name in COLUMNS})
    for place in range(0, len(everybody), 13):
        alone = enrich(frame.slice(place, 1), SOURCE, REFERENCE, POLICY).rows
        assert together.slice(place, 1).equals(alone)


def test_detail_names_field_and_rule_and_never_the_value(landed: Enriched) -> None:
    details = landed.rows["status_detail"].to_list()[len(WHOLE) :]
    for (_, field, value), detail in zip(FIELDS, details, strict=False):
        assert detail.startswith(f"{field}: "), detail
        if isinstance(value, str) and len(value) > 3:
            assert value not in detail


def test_only_fields_that_passed_are_filled() -> None:
    row = land_one(amount="1.234", country="UK", card_token=VISA, event_id=f"x{VISA}")
    assert row["status"] == "QUARANTINED_BAD_AMOUNT"
    empty = ("amount", "country", "card_token", "event_id", "signed_amount", "fx_status", "merchant_status")
    assert [row[name] for name in empty] == [None] * len(empty)
    assert (row["currency"], row["sequence"], row["schema_version"], row["transaction_id"]) == ("USD", 1, 1, "tx_1")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": "1.2345", "currency": "XXX"}, "BAD_CURRENCY"),  # four decimals pass while no currency says less
        ({"amount": "1.23456", "currency": "XXX"}, "BAD_AMOUNT"),
        ({"currency": "BGN", "occurred_at": "nonsense"}, "BAD_CURRENCY"),  # judged on the broker's day
        ({"currency": "USD", "occurred_at": "nonsense"}, "BAD_OCCURRED_AT"),
        ({"event_id": VISA, "country": "UK"}, "BAD_COUNTRY"),  # rules come before card numbers
        ({"event_id": VISA, "card_token": VISA}, "PAN_IN_EVENT_ID"),
        ({"schema_version": 2, "event_id": None}, "SCHEMA_VERSION"),
        ({"event_id": None, "amount": 5}, "MISSING_EVENT_ID"),
        ({"event_type": "x", "sequence": None}, "BAD_EVENT_TYPE"),
    ],
)
def test_first_match_wins(changes: dict[str, Any], reason: str) -> None:
    assert land_one(**changes)["status"] == f"QUARANTINED_{reason}"


def test_card_numbers_in_ids_by_the_setting() -> None:
    lenient = type(POLICY)(mac_key=POLICY.mac_key, pan_in_ids=False)
    assert land(payload(event_id=VISA), policy=lenient).rows["event_id"].to_list() == [VISA]
    assert land(payload(card_token=VISA), policy=lenient).rows["status"].to_list() == ["QUARANTINED_PAN_IN_CARD_TOKEN"]


def test_a_withdrawn_currency_is_good_while_it_was_in_use() -> None:
    before = window(
        [payload(currency="BGN", occurred_at="2025-12-31T23:59:59.999999Z")],
        broker=BROKER.replace(year=2026, month=1, day=1),
    )
    after = window(
        [payload(currency="BGN", occurred_at="2026-01-01T00:00:00Z")], broker=BROKER.replace(year=2026, month=1, day=1)
    )
    assert enrich(before, SOURCE, REFERENCE, POLICY).rows["status"].to_list() == ["OK"]
    assert enrich(after, SOURCE, REFERENCE, POLICY).rows["status"].to_list() == ["QUARANTINED_BAD_CURRENCY"]


def test_business_date_is_of_the_payment_or_else_of_the_broker() -> None:
    assert str(land_one(occurred_at="2026-11-22T23:30:00+00:00")["business_date"]) == "2026-11-22"
    assert str(land_one(occurred_at="2026-11-23T00:30:00+01:00")["business_date"]) == "2026-11-22"
    assert str(land_one(occurred_at="bad")["business_date"]) == "2026-11-23"
    assert str(land(None).rows["business_date"][0]) == "2026-11-23"


def test_unknown_fields_are_ignored_and_counted() -> None:
    assert land(payload(a=1, b=None), payload(), b"{", payload(c={"d": 1})).unknown_fields == 3


def test_no_card_number_in_any_column_of_any_row() -> None:
    scanned = [field for field in contract.FIELDS if field != "amount"]  # a number of money is no card's
    records = [payload(**{field: VISA}) for field in scanned] + [payload(note=VISA, amount=4111111111111111)]
    records += [VISA.encode(), f'{{"x":"\\u0034{VISA[1:]}"'.encode(), payload(description=f"card {AMEX}")]
    for row in land(*records).rows.iter_rows():
        text = repr(row)
        assert VISA not in text
        assert AMEX not in text
        assert VISA[1:] not in text


def test_the_size_limit_is_inclusive() -> None:
    base = len(payload(extra=""))
    sizes = [payload(extra="x" * (65_536 - base)), payload(extra="x" * (65_537 - base))]
    assert land(*sizes).rows["status"].to_list() == ["OK", "QUARANTINED_OVERSIZED"]
