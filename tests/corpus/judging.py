"""What a record's landing row must hold, by its expectation and by reading the record with another parser than ours."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hostile import Hostile, moment

from streaming import contract

SCRUBBED_LIMIT = 65_536
MOST_DIGITS = 4_000
"""Python refuses to read longer integers; none of them is a field of a good record."""


def disagreements(record: Hostile, row: Mapping[str, Any], now: datetime) -> list[str]:
    """Columns of the row that hold something else; empty if the row is right. Its status is another question."""
    wanted = said(record, now) if row["status"] == "OK" else kept(record, now)
    wanted |= {name: _typed(row[name], moment(now, text)) for name, text in record.row.items()}
    wanted |= dict.fromkeys(record.null)
    if (
        row["status"] != record.landed_status()
    ):  # where the broker's clock decides, the expectation is of the other case
        wanted = {}
    wrong = [
        f"{record.name}: {name}: {row[name]!r}, not {value!r}" for name, value in wanted.items() if row[name] != value
    ]
    return wrong + [
        f"{record.name}: {name} without {text!r}"
        for name, text in record.shows.items()
        if text not in (row[name] or "")
    ]


def said(record: Hostile, now: datetime) -> dict[str, Any]:
    """What a good record says."""
    payload = record.payload(now)
    assert payload is not None
    fields = json.loads(payload, parse_float=str, parse_int=_integer)
    wanted: dict[str, Any] = {name: fields.get(name) for name in contract.FIELDS}
    wanted["amount"] = Decimal(fields["amount"])
    wanted["occurred_at"] = datetime.fromisoformat(fields["occurred_at"].upper())
    return wanted | dict.fromkeys(("status_detail", "payload_scrubbed"))


def kept(record: Hostile, now: datetime) -> dict[str, Any]:
    """What every quarantined row holds: no money; the payload if it is text and not too large, masked if need be."""
    wanted = dict.fromkeys(("signed_amount", "reporting_amount", "fx_status", "merchant_status"))
    payload = record.payload(now)
    if record.cards and "payload_scrubbed" not in record.null:
        return wanted
    try:
        text = (payload or b"").decode()
    except UnicodeDecodeError:
        text = None
    gone = payload is None or len(payload) > SCRUBBED_LIMIT or "payload_scrubbed" in record.null
    return wanted | {"payload_scrubbed": None if gone else text}


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < MOST_DIGITS else digits


def _typed(beside: Any, text: str) -> Any:
    """An expectation's text as the column's type."""
    if isinstance(beside, datetime | date):
        return type(beside).fromisoformat(text)
    return type(beside)(text) if isinstance(beside, Decimal | int) else text
