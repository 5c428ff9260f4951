"""Looks for secrets and card numbers in any bytes, in all the disguises in which somebody may have written them."""

import base64
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from canaries import hashes
from card_search import found_in_bytes
from secret_search import disguises as plain_disguises

_EMPTY = re.compile(rb"\0{4,}")
"""Kafka's indexes begin as ten megabytes of nothing. No disguise has more than one of these in a row."""


def disguises(text: str) -> dict[str, bytes]:
    """By name: as it is, and what libraries, addresses and people make of it. Base64 also amid other bytes: wherever
    in a group of three it begins, its middle is one of three spellings."""
    raw = text.encode()
    named = {f"as shown {n}": needle for n, needle in enumerate(sorted(plain_disguises(text)))}
    named |= {f"base64 from {at}": _amid(raw, at) for at in range(3)}
    escaped = "".join(f"%{byte:02X}" for byte in raw)
    named |= {"percent": escaped.encode(), "percent, small": escaped.lower().encode()}
    named |= {"quoted": quote(text, safe="").encode(), "upper hex": raw.hex().upper().encode()}
    return named | {
        "reversed": raw[::-1],
        "units": "".join(f"\\u{byte:04x}" for byte in raw).encode(),
        "wide": text.encode("utf-16-le"),
    }


def _amid(raw: bytes, at: int) -> bytes:
    """Base64 of it, `at` bytes after others, without the characters that the others have a part in."""
    begun = -(-at * 8 // 6)
    return base64.b64encode(b"\0" * at + raw)[begun:].rstrip(b"=")[: len(raw) * 8 // 6 - 1]


class Everywhere:
    """What is sought, and where it was found."""

    def __init__(self, secrets: Iterable[str], cards: Iterable[str]) -> None:
        self.cards, self.found, self.seen = tuple(cards), list[str](), 0
        sought = [*secrets, *self.cards]
        self._needles = {f"{text[:9]}..., {how}": needle for text in sought for how, needle in disguises(text).items()}
        self._hashes = {f"{card[:9]}..., hash": guess.encode() for card in self.cards for guess in hashes(card)}

    def hits(self, content: bytes) -> list[str]:
        """What of it is in these bytes; a card number also in any grouping and script, and as a hash without a key."""
        content = _EMPTY.sub(b"\0\0\0", content)
        named = [name for name, needle in (self._needles | self._hashes).items() if needle in content]
        return named + [f"{card[:9]}..." for card in found_in_bytes(content, self.cards)]

    def look(self, texts: Mapping[str, bytes | str]) -> None:
        """Look into these, by their names."""
        for name, text in texts.items():
            self.seen += 1
            self.found += [f"{name}: {hit}" for hit in self.hits(text.encode() if isinstance(text, str) else text)]
