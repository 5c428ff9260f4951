"""Look for known card numbers in any text, in any spelling: stricter than a scanner, since it knows what it seeks.

Escapes are read, digits of every script folded, and everything between two digits but letters and `*` is left out.
"""

import re
import unicodedata
from collections.abc import Iterable

_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")


def found(text: str, cards: Iterable[str]) -> list[str]:
    """Those of the card numbers whose digits are in the text one after the other."""
    spellings = {_digits(text), _digits(_read(text))}
    return [card for card in cards if any(card in spelling for spelling in spellings)]


def found_in_bytes(data: bytes, cards: Iterable[str]) -> list[str]:
    """The same in bytes of any kind; what is no UTF-8 is skipped, NUL bytes of wider encodings too."""
    return found(data.decode("utf-8", "ignore"), cards)


def _read(text: str) -> str:
    units = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
    units = re.sub(r"\\[nrtbf]", " ", units)
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _digits(text: str) -> str:
    if not text.isascii():
        text = "".join(map(_folded, unicodedata.normalize("NFKC", text)))
    return re.sub(r"[^0-9A-Za-z*]+", "", text)


def _folded(character: str) -> str:
    decimal = unicodedata.decimal(character, None)
    return character if decimal is None else str(decimal)
