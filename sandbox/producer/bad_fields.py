"""Bad records by field: missing, of the wrong type or value, or holding a card number."""

from datetime import timedelta
from random import Random
from typing import Final

from sandbox.producer.bad_kind import BadKind, Draft, computing, dropping, setting
from sandbox.world.events import EPOCH, Instants
from sandbox.world.published_cards import NUMBERS, spelled

REQUIRED: Final = (
    "event_id",
    "transaction_id",
    "event_type",
    "sequence",
    "merchant_id",
    "amount",
    "currency",
    "occurred_at",
    "card_token",
    "channel",
    "country",
)
_HOUR_US: Final = 3_600_000_000
_DAY_US: Final = 24 * _HOUR_US

_NOT_IDS: Final = ("", "evt 1", "evt/1", "évt", "evt.1", "evt\n", 17, True, ["evt"], {"id": "evt"})
_NOT_AMOUNTS: Final = (
    "-1.00",
    "+1.00",
    "1e3",
    "1E2",
    "1,000",
    "1_000",
    " 1",
    "1 ",
    "",
    ".",
    "NaN",
    "Infinity",
    "0x10",
    "١٢",
    "1000000000000000000",  # nineteen digits before the point
    "12 EUR",
    12.5,
    100,
    True,
    ["1"],
)


def _too_many_decimals(draft: Draft) -> str:
    """One digit more than the currency has, zero or not: precision is what the text claims."""
    return f"12.{'34567'[: draft.minor_digits]}{draft.rng.choice('05')}"


def _in_future(draft: Draft) -> str:
    # two hours: even a broker that was away for one stamps the record well before
    return Instants().text(draft.occurred_at_us + draft.rng.randint(2 * _HOUR_US, 2 * _DAY_US))


def _in_past(draft: Draft) -> str:
    return Instants().text(draft.occurred_at_us - draft.rng.randint(31 * _DAY_US, 400 * _DAY_US))


def _odd_time(draft: Draft) -> object:
    """The event's own time, spelled as RFC 3339 with zone and microseconds does not allow."""
    at = EPOCH + timedelta(microseconds=draft.occurred_at_us)
    day, clock = at.strftime("%Y-%m-%d"), at.strftime("%H:%M:%S")
    return draft.rng.choice(
        (
            f"{day}T{clock}",  # no zone
            f"{day}T{clock}.{at.microsecond:06d}123Z",  # nanoseconds
            f"{at.year}-02-30T{clock}Z",
            f"{day}T24:00:01Z",
            f"{day}T{clock}+25:00",
            f"{at.strftime('%d/%m/%Y')} {clock}",
            day,
            "yesterday",
            "",
            draft.occurred_at_us // 1_000,
        )
    )


def card_number(rng: Random) -> str:
    """A published test number of 13 to 16 digits."""
    return rng.choice(NUMBERS)


def _too_long(limit: int) -> str:
    return "a" * (limit + 1)


FIELD_KINDS: Final = (
    *(BadKind(f"MISSING_{field.upper()}", field, dropping(field)) for field in REQUIRED),
    BadKind("BAD_EVENT_ID", "event_id", setting("event_id", *_NOT_IDS, _too_long(64))),
    BadKind("BAD_TRANSACTION_ID", "transaction_id", setting("transaction_id", *_NOT_IDS, _too_long(64))),
    BadKind("BAD_EVENT_TYPE", "event_type", setting("event_type", "CAPTURE", "void", "", " capture", 1, ["refund"])),
    BadKind("BAD_SEQUENCE", "sequence", setting("sequence", -1, 1.5, 1.0, "1", 2**63, True, [])),
    BadKind("BAD_MERCHANT_ID", "merchant_id", setting("merchant_id", *_NOT_IDS, _too_long(32))),
    BadKind("BAD_AMOUNT", "amount", setting("amount", *_NOT_AMOUNTS)),
    BadKind("BAD_AMOUNT", "amount", computing("amount", _too_many_decimals)),
    BadKind(
        "BAD_CURRENCY",
        "currency",
        setting("currency", "eur", "EURO", "E", "", "XXX", "XTS", "XAU", "ZZZ", "DEM", "€", 978),
    ),
    BadKind("BAD_OCCURRED_AT", "occurred_at", computing("occurred_at", _odd_time)),
    BadKind("BAD_OCCURRED_AT", "occurred_at", computing("occurred_at", _in_future)),
    BadKind("BAD_OCCURRED_AT", "occurred_at", computing("occurred_at", _in_past)),
    BadKind("BAD_CARD_TOKEN", "card_token", setting("card_token", "", _too_long(64), 7, ["tok"])),
    BadKind("BAD_CHANNEL", "channel", setting("channel", "POS", "web", "", 2, {})),
    BadKind("BAD_COUNTRY", "country", setting("country", "de", "DEU", "ZZ", "", "D", 276)),
    BadKind("BAD_DESCRIPTION", "description", setting("description", "a b " * 251, 17, ["text"])),
    BadKind("PAN_IN_EVENT_ID", "event_id", computing("event_id", lambda d: card_number(d.rng))),
    BadKind("PAN_IN_TRANSACTION_ID", "transaction_id", computing("transaction_id", lambda d: card_number(d.rng))),
    BadKind("PAN_IN_MERCHANT_ID", "merchant_id", computing("merchant_id", lambda d: card_number(d.rng))),
    BadKind("PAN_IN_CARD_TOKEN", "card_token", computing("card_token", lambda d: spelled(d.rng, card_number(d.rng)))),
)
"""Every reason that belongs to a field, at least once, each with the same weight."""
