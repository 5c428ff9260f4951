"""Look for known card numbers in any text, in any spelling: stricter than a scanner, since it knows what it seeks.

Escapes are read, digits of every script folded, and everything between two digits but letters and `*` is left out.
"""

import re
import unicodedata
from collections.abc import Iterable


class _Folding(dict[int, str]):
    """For `str.translate`: digits of every script, superscripts and circled ones too, become ASCII's."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        digit = unicodedata.digit(character, None)
        self[code] = character if digit is None else str(digit)
        return self[code]


_ASCII = _Folding()
_BETWEEN = re.compile(r"[^0-9A-Za-z*]+")
_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")


def found(text: str, cards: Iterable[str]) -> list[str]:
    """Those of the card numbers whose digits are in the text one after the other."""
    spellings = {_digits(text), _digits(_read(text))}
    return [card for card in cards if any(card in spelling for spelling in spellings)]


def found_in_bytes(data: bytes, cards: Iterable[str]) -> list[str]:
    """The same in a file. In one that is no text, numbers stand beside each other by chance: there only whole numbers
    and groups as printed on cards count, in any script."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "ignore")
    else:
        if "\0" not in text:
            return found(text, cards)
    text = text.translate(_ASCII)
    return [card for card in cards if re.search(_grouped(card), text)]


def _grouped(card: str) -> str:
    ends = (4, 10) if len(card) == 15 else (4, 8, 12)
    groups = [card[start:end] for start, end in zip((0, *ends), (*ends, None), strict=True)]
    return f"{card}|" + "[^0-9A-Za-z*]{1,3}".join(groups)


def _read(text: str) -> str:
    units = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
    units = re.sub(r"\\[nrtbf]", " ", units)
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _digits(text: str) -> str:
    return _BETWEEN.sub("", text if text.isascii() else text.translate(_ASCII))
