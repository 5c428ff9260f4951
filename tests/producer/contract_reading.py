"""The data contract as its page reads, for tests of the generator: which rules does a payload break?

Written from the contract alone and slow on purpose. It is no validator of the pipeline and shares nothing with one.
"""

import json
import re
from datetime import UTC, datetime, timedelta

import iso4217

REQUIRED = (
    *("event_id", "transaction_id", "event_type", "sequence", "merchant_id", "amount", "currency"),
    *("occurred_at", "card_token", "channel", "country"),
)
COUNTRIES_SEEN = {"ZZ": False}
"""Codes that look right and are not in ISO 3166-1: the generator uses one."""
WITHDRAWN = {"DEM", "FRF", "HRK", "BGN"}
MINOR_DIGITS = {currency.value: currency.exponent for currency in iso4217.Currency}
ISSUERS = re.compile(r"4|5[1-5]|2[2-7]|3[47]|6011|65|35|30[0-5]|3[68]")


class NotJson(Exception):
    """The payload is no JSON object as the contract wants it."""


def _pairs(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise NotJson("duplicate key")
    return dict(pairs)


def _constant(name):
    raise NotJson(name)


def parsed(payload):
    depth = deepest = 0
    for byte in re.sub(rb'"(\\.|[^"\\])*"', b"", payload):
        depth += byte in b"[{"
        depth -= byte in b"]}"
        deepest = max(deepest, depth)
    if deepest > 32:
        raise NotJson("depth")
    try:
        value = json.loads(payload.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except ValueError as error:
        raise NotJson(str(error)) from None
    if not isinstance(value, dict):
        raise NotJson("not an object")
    return value


def looks_like_card(text):
    digits = re.sub(r"[ -]", "", text)
    if not re.fullmatch(r"\d{13,19}", digits) or not ISSUERS.match(digits):
        return False
    doubled = [int(d) * (2 if at % 2 else 1) for at, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _is_text(value, longest, alphabet=r"[A-Za-z0-9_-]"):
    return isinstance(value, str) and re.fullmatch(rf"{alphabet}{{1,{longest}}}", value, re.DOTALL) is not None


def digits_of(currency):
    if not isinstance(currency, str) or currency in {"XXX", "XTS"} | WITHDRAWN:
        return None
    return MINOR_DIGITS.get(currency)


def amount_ok(value, digits):
    match = re.fullmatch(r"([0-9]{1,18})(?:\.([0-9]+))?", value) if isinstance(value, str) else None
    return match is not None and len(match[2] or "") <= (4 if digits is None else digits)


def time_of(value):
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)"
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        return None


def time_ok(value, broker):
    at = time_of(value)
    return at is not None and broker - timedelta(days=30) <= at <= broker + timedelta(minutes=5)


def broken_rules(payload, broker):
    """Every reason that applies to a payload stamped by the broker at `broker`, in the contract's order."""
    if payload is None:
        return ["TOMBSTONE"]
    try:
        fields = parsed(payload)
    except NotJson:
        return ["OVERSIZED", "NOT_JSON"] if len(payload) > 65_536 else ["NOT_JSON"]
    whole = ["OVERSIZED"] if len(payload) > 65_536 else []
    version = fields.get("schema_version")
    if type(version) is not int or version != 1:
        whole.append("SCHEMA_VERSION")
    present = {name: value for name, value in fields.items() if value is not None}
    missing = [f"MISSING_{name.upper()}" for name in REQUIRED if name not in present]
    checks = {
        "event_id": lambda v: _is_text(v, 64),
        "transaction_id": lambda v: _is_text(v, 64),
        "event_type": lambda v: v in ("authorization", "capture", "refund", "reversal", "chargeback"),
        "sequence": lambda v: type(v) is int and 0 <= v < 2**63,
        "merchant_id": lambda v: _is_text(v, 32),
        "amount": lambda v: amount_ok(v, digits_of(present.get("currency"))),
        "currency": lambda v: digits_of(v) is not None,
        "occurred_at": lambda v: time_ok(v, broker),
        "card_token": lambda v: _is_text(v, 64, "."),
        "channel": lambda v: v in ("pos", "ecom", "moto", "atm"),
        "country": lambda v: _is_text(v, 2, "[A-Z]") and len(v) == 2 and COUNTRIES_SEEN.get(v, True),
        "description": lambda v: isinstance(v, str) and len(v) <= 1_000,
    }
    bad = [f"BAD_{name.upper()}" for name, ok in checks.items() if name in present and not ok(present[name])]
    cards = [
        f"PAN_IN_{name.upper()}"
        for name in ("event_id", "transaction_id", "merchant_id", "card_token")
        if isinstance(present.get(name), str) and looks_like_card(present[name])
    ]
    return whole + missing + bad + cards
