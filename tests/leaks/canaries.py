"""What must be seen nowhere: a secret for every setting that is one, a card number in every field of a record, and the
hashes by which a card number could be guessed."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from card_search import found
from secret_search import disguises

from sandbox.world.published_cards import NUMBERS
from streaming.contract import FIELDS
from streaming.secrets import Secret
from streaming.settings import PREFIX, Settings

SECRETS = {
    "kafka_password": "canary-of-the-kafka-password",
    "kafka_client_key_password": "canary-of-the-key-password",
    "mac_key": "canary-of-the-mac-key-32-bytes-it",
}
"""By setting. A secret that is new has none and fails a test."""
FREE_TEXT = frozenset(
    {"kafka_username", "kafka_ca_file", "kafka_client_cert_file", "kafka_client_key_file", "state_dir"}
    | {"merchant_snapshots", "fx_feed"}
)
"""Settings that take any text and are shown: names and places, no secrets. One that is new has to be decided on."""
CARD = NUMBERS[0]
HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s", "sha3_256")
AMOUNTS = frozenset({"amount", "sequence"})
"""Numbers, not scanned by contract: sixteen digits in them are a large number."""


def secret_settings() -> set[str]:
    """Names of the settings that are secrets, as the code has them."""
    return {spec.name for spec in fields(Settings) if isinstance(spec.default, Secret)}


def variable(name: str) -> str:
    return PREFIX + name.upper()


def secrets_in(text: str | bytes, secrets: Iterable[str] = tuple(SECRETS.values())) -> list[str]:
    """Those of the secrets that are in it, plain, in base64, in hexadecimal or as in an address."""
    content = text.encode() if isinstance(text, str) else text
    return [secret for secret in secrets if any(needle in content for needle in disguises(secret))]


def cards_in(text: str, cards: Iterable[str] = NUMBERS) -> list[str]:
    """Those of the card numbers that are in it in any spelling, or as a hash that is not keyed."""
    cards = tuple(cards)
    return found(text, cards) + [card for card in cards if any(guess in text.lower() for guess in hashes(card))]


@cache
def hashes(text: str) -> frozenset[str]:
    """Plain hashes, which anybody can try every card number against."""
    plain = {hashlib.new(name, text.encode()).hexdigest() for name in HASHES}
    return frozenset(plain | {hashlib.blake2b(text.encode(), digest_size=16).hexdigest()})


def event(**changes: Any) -> dict[str, Any]:
    """A good payment of the consumer's rig."""
    good = {
        "schema_version": 1,
        "event_id": "event-1",
        "transaction_id": "transaction-1",
        "event_type": "capture",
        "sequence": 0,
        "merchant_id": "m-1",
        "amount": "12.30",
        "currency": "USD",
        "occurred_at": "2026-01-07T11:59:59.5Z",
        "card_token": "token-1",
        "channel": "pos",
        "country": "DE",
        "description": "two coffees",
    }
    return good | changes


def records(good: Mapping[str, Any], card: str = CARD) -> dict[str, bytes]:
    """A record for each place that a card number may be in, by the place's name: good ones but for that."""
    grouped = " ".join(card[at : at + 4] for at in range(0, len(card), 4))
    spelled = {"plain": card, "grouped": grouped, "in text": f"card {card} thanks", "number": int(card)}
    made = {
        f"{field}, {spelling}": json.dumps({**good, field: value}).encode()
        for field in FIELDS
        if field not in AMOUNTS
        for spelling, value in spelled.items()
    }
    text = json.dumps(good)
    return made | {
        "unknown field": json.dumps({**good, "pan": card}).encode(),
        "unknown key": json.dumps({**good, card: "x"}).encode(),
        "nested": json.dumps({**good, "card": {"number": [card]}}).encode(),
        "escaped": json.dumps({**good, "country": "@"})
        .replace("@", "".join(f"\\u{ord(c):04x}" for c in card))
        .encode(),
        "twice": text.replace("{", f'{{"card_token": "{card}", ', 1).encode(),
        "no json": f"{card};12.30;USD".encode(),
        "cut short": json.dumps({**good, "card_token": card}).encode()[:-1],
        "no utf-8": json.dumps({**good, "card_token": card}).encode() + b"\xff",
        "oversized": json.dumps({**good, "description": card + "x" * 70_000}).encode(),
        "too large to keep": (f"{card} " * 5_000).encode(),
        "an amount in words": json.dumps({**good, "amount": f"{card} EUR"}).encode(),
        "a sequence in words": json.dumps({**good, "sequence": card}).encode(),
    }
