"""Card numbers (PANs): find them in any text and mask them, first six and last four digits kept.

A PAN is 13 to 19 digits in an issuer's range with a valid Luhn digit, as a whole run of digits: part of a longer
run is not one. Digits count in any script and width; invisible characters between them do not; groups as printed
on cards (4-4-4-4, 4-6-5 and the like) may be separated by spaces, dashes, dots, underscores or slashes.
Left out: UATP (15 digits from 1), which ordinary numeric ids hit too often, and a UUID's groups.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

NO_DIGITS: Final = (
    "\x00-\x7f\u00c0-\u024f\u0370-\u052f\u2010-\u2027\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff"
)
"""ASCII, and ranges of other characters none of which is a digit in disguise: letters of Europe and East Asia, dashes
and quotes, emoji. A test looks at each."""
CANDIDATE: Final = rf"[^{NO_DIGITS}]|(?:[0-9][^0-9A-Za-z]*){{13}}"
"""Regular expression (Rust and Python) that every text with a PAN matches: the cheap test before `find`."""

_CANDIDATE: Final = re.compile(CANDIDATE)
_ISSUERS: Final = (
    # lowest and highest six-digit prefix, lengths. Source: ISO/IEC 7812-1 and the networks' published ranges
    (400000, 499999, {13, 16, 19}),  # Visa
    (510000, 559999, {16}),  # Mastercard
    (222100, 272099, {16}),  # Mastercard
    (220000, 220499, {16, 17, 18, 19}),  # Mir
    (340000, 349999, {15}),  # American Express
    (370000, 379999, {15}),  # American Express
    (300000, 305999, {14, 16, 17, 18, 19}),  # Diners Club
    (309500, 309599, {14, 16, 17, 18, 19}),  # Diners Club
    (360000, 369999, {14, 15, 16, 17, 18, 19}),  # Diners Club
    (380000, 399999, {14, 16, 17, 18, 19}),  # Diners Club
    (352800, 358999, {16, 17, 18, 19}),  # JCB
    (601100, 601199, {16, 17, 18, 19}),  # Discover
    (644000, 659999, {16, 17, 18, 19}),  # Discover, RuPay
    (620000, 629999, {16, 17, 18, 19}),  # UnionPay
    (810000, 829999, {16, 17, 18, 19}),  # UnionPay, RuPay
    (500000, 509999, {13, 14, 15, 16, 17, 18, 19}),  # Maestro, RuPay, Elo, Verve, Dankort
    (560000, 599999, {13, 14, 15, 16, 17, 18, 19}),  # Maestro
    (600000, 601099, {13, 14, 15, 16, 17, 18, 19}),  # Maestro, RuPay
    (601200, 619999, {13, 14, 15, 16, 17, 18, 19}),  # Maestro
    (630000, 643999, {13, 14, 15, 16, 17, 18, 19}),  # Maestro, InterPayment
    (660000, 699999, {13, 14, 15, 16, 17, 18, 19}),  # Maestro
    (979200, 979299, {16}),  # Troy
)
_SHAPES: Final = re.compile(r"1[0-9]|4 4 4 [1-4]|4 4 4 4 [1-3]|4 4 4 4|4 6 [45]|8 8|1(?: 1){12,18}")
"""Lengths of the groups of one card number, as written: one run, fours, American Express, halves, single digits."""
_UUID: Final = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z])")
_SEPARATORS: Final = frozenset(" -._/")
_MAX_SEPARATORS: Final = 3
_CHAIN: Final = re.compile(rf"[0-9](?:[ ._/-]{{0,{_MAX_SEPARATORS}}}[0-9]){{12}}")
"""Thirteen digits as near to each other as those of one card number, in printable ASCII."""
_INVISIBLE: Final = frozenset({"Cf", "Mn", "Me", "Cc"})
_FILLERS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_JSON_UNIT: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL
)
_ESCAPE: Final = re.compile(r"\\.", re.DOTALL)
_JSON_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def contains_pan(text: str) -> bool:
    """Whether the text holds a card number."""
    return not _is_clear(text) and next(_found(list(text)), None) is not None


def mask(text: str) -> str:
    """The text with the middle digits of every card number as `*`, of the same length. Idempotent."""
    return text if _is_clear(text) else _masked(list(text))


def mask_json(text: str) -> str:
    """`mask` for JSON as it was sent, valid or not: digits written as escapes are digits too."""
    if "\\" not in text:
        return mask(text)
    if "\\u" not in text and _is_clear(_ESCAPE.sub("", text)):  # without escapes digits are only nearer to each other
        return text
    return _masked(_JSON_UNIT.findall(text))


def _is_clear(text: str) -> bool:
    """Quickly sure that there is no card number; where it is not sure, the scan of every character decides."""
    if text.isascii() and text.isprintable():
        return not _CHAIN.search(text)
    return not _CANDIDATE.search(text)


def _masked(units: list[str]) -> str:
    while True:  # a mask shortens its neighbours' runs: look again until nothing is left; digits only get fewer
        hidden = {place for digits in _found(units) for place in digits[6:-4]}
        if not hidden:
            return "".join(units)
        for place in hidden:
            units[place] = "*"


def _found(units: list[str]) -> Iterator[list[int]]:
    """For each card number the places in `units` of its digits, one entry a digit."""
    digits, places, breaks = _runs(units)
    bounds = [*breaks, len(digits)]
    chain: list[tuple[int, int]] = []
    for start, end in pairwise(bounds):
        if end == start:  # what stands between is no separator
            yield from _in_chain(chain, digits, places)
            chain = []
        else:
            chain.append((start, end))
    yield from _in_chain(chain, digits, places)


def _in_chain(chain: list[tuple[int, int]], digits: str, places: list[int]) -> Iterator[list[int]]:
    """Card numbers among the groups of one chain, each made of whole neighbouring groups."""
    if not chain:
        return
    base, ends = chain[0][0], {end for _, end in chain}
    checks = _luhn_sums(digits[base : chain[-1][1]])
    for first, (start, _) in enumerate(chain):
        for length in _lengths(digits[start : start + 6]):
            end = start + length
            if end in ends and _luhn(checks, start - base, end - base) and _is_shape(chain, first, end):
                yield places[start:end]


def _is_shape(chain: list[tuple[int, int]], first: int, end: int) -> bool:
    """Whether the groups from `first` up to the digit `end` are as written on cards."""
    groups = []
    for low, high in chain[first:]:
        groups.append(str(high - low))
        if high >= end:
            break
    return _SHAPES.fullmatch(" ".join(groups)) is not None


@lru_cache(maxsize=65_536)
def _lengths(prefix: str) -> tuple[int, ...]:
    """How long card numbers with these first six digits are."""
    if len(prefix) < 6:
        return ()
    number = int(prefix)
    return tuple(sorted({n for low, high, lengths in _ISSUERS if low <= number <= high for n in lengths}))


def _luhn_sums(digits: str) -> tuple[list[int], list[int]]:
    """Running sums over the digits with every digit at an even place doubled, and at an odd one: by them any stretch
    is checked in one step, where a long row of digits would otherwise be added up anew at each of its places."""
    sums: tuple[list[int], list[int]] = ([0], [0])
    for place, digit in enumerate(map(int, digits)):
        doubled = 2 * digit - 9 * (digit > 4)
        sums[place % 2].append(sums[place % 2][-1] + doubled)
        sums[1 - place % 2].append(sums[1 - place % 2][-1] + digit)
    return sums


def _luhn(sums: tuple[list[int], list[int]], start: int, end: int) -> bool:
    """ISO/IEC 7812-1, annex B: counted from the last digit, every second one is doubled."""
    doubled = sums[end % 2]  # the last digit stands at end - 1, the one before it is doubled
    return (doubled[end] - doubled[start]) % 10 == 0


def _runs(units: list[str]) -> tuple[str, list[int], list[int]]:
    """All digits in order, their places, and where a new group begins (twice the same number: a new chain)."""
    digits: list[str] = []
    places: list[int] = []
    breaks: list[int] = [0]
    gap = 0  # separators since the last digit
    broken = False  # anything else since the last digit
    joined = _inside_uuids(units)
    for place, unit in enumerate(units):
        for character in _plain(unit):
            if "0" <= character <= "9":
                if digits and (gap or broken):
                    breaks.append(len(digits))
                    if broken or gap > _MAX_SEPARATORS:
                        breaks.append(len(digits))
                gap, broken = 0, False
                digits.append(character)
                places.append(place)
            elif character in _SEPARATORS and place not in joined:
                gap += 1
            else:
                broken = True
    return "".join(digits), places, breaks


def _inside_uuids(units: list[str]) -> frozenset[int]:
    if any(len(unit) > 1 for unit in units):
        return frozenset()
    return frozenset(place for match in _UUID.finditer("".join(units)) for place in range(*match.span()))


def _plain(unit: str) -> str:
    """A character as a scanner must see it: ASCII digits, plain separators, nothing invisible."""
    if len(unit) == 1 and " " <= unit <= "~":
        return unit
    if unit[0] == "\\" and len(unit) > 1:
        unit = _unescaped(unit)
    return "".join(map(_folded, unicodedata.normalize("NFKC", unit)))


def _folded(character: str) -> str:
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category in _INVISIBLE or character in _FILLERS:
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    return "-" if category == "Pd" or character == "\u2212" else character


def _unescaped(unit: str) -> str:
    if unit[1] != "u" or len(unit) < 6:
        return _JSON_ESCAPES.get(unit[1], unit[1])
    codes = [int(code, 16) for code in unit.split("\\u")[1:]]
    if len(codes) == 2:
        return chr(0x10000 + ((codes[0] - 0xD800) << 10) + codes[1] - 0xDC00)
    return chr(codes[0])
