"""Check that no card number is stored: the auditor's own scan of every stored text that came from outside.

A card number, as docs/data-contract.md has it: 13 to 19 digits of an issuer's range with a valid Luhn digit (ISO/IEC
7812-1, the networks' published ranges), a whole run of digits or grouped as printed on cards.
"""

import re
import unicodedata
from collections.abc import Sequence

import duckdb

from audit.asking import ROW
from audit.model import OFFENDERS_SHOWN, Check

FREE_TEXT = ("description", "payload_scrubbed", "status_detail", "card_token", "merchant_name")
IDS = ("event_id", "transaction_id", "merchant_id")
"""Other text columns are codes of fixed lists or made by the pipeline itself."""

_BATCH = 10_000
# What no card number can do without: 13 digits with no letter between them, or a spelling the pattern cannot read.
_SUSPECT = (
    r"""(strlen({column}) <> length({column}) OR regexp_matches({column}, '(?:[0-9][^0-9A-Za-z]*){{13}}'){more})"""
)
_ESCAPED = " OR contains({column}, '\\u')"

_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720|9792)\d{12}"  # Mastercard, Troy
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]\d|095|[689]\d\d)(?:\d{10}|\d{12,15})"  # Diners Club
    r"|(?:35(?:2[89]|[3-8]\d)|220[0-4]|6[0245]\d\d|8[12]\d\d)\d{12,15}"  # JCB, Mir, Discover, UnionPay, RuPay
    r"|(?:50|5[6-9]|6[136-9])\d{11,17}"  # Maestro and those who share its ranges
)
_GAP = "[ ._/-]{1,3}"
_SHAPES = (
    r"\d{13,19}",
    *(_GAP.join([r"\d{4}"] * 3 + list(rest)) for rest in ([r"\d{1,4}"], [r"\d{4}", r"\d{1,3}"])),
    *(_GAP.join(groups) for groups in ([r"\d{4}", r"\d{6}", r"\d{4,5}"], [r"\d{8}", r"\d{8}"])),
    rf"\d(?:{_GAP}\d){{12,18}}",
)
_WRITTEN = [re.compile(rf"(?<!\d)(?=({shape})(?!\d))", re.ASCII) for shape in _SHAPES]
"""Each shape at every place where it may begin, overlapping ones too."""
_UUID = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z])")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_UNSEEN = frozenset({"Cf", "Mn", "Me", "Cc"})


def cards_check(db: duckdb.DuckDBPyConnection, ids_too: bool = True) -> Check:
    """Return `no_card_numbers`, asked of every landed row, live or superseding. Offenders name row and column.

    `ids_too` is false where the pipeline was told to let card numbers in ids pass (TIDEMARK_PAN_IN_IDS=allow).
    """
    columns = (*FREE_TEXT, *IDS) if ids_too else FREE_TEXT
    scanned, found = 0, []
    for column in columns:
        suspects, named = _scan(db, column)
        scanned += suspects
        found += named
    count = len(found)
    figures = {"columns": len(columns), "texts_looked_at_closely": scanned, "offenders": count}
    return Check("no_card_numbers", "is no card number stored?", count == 0, figures, sorted(found)[:OFFENDERS_SHOWN])


def _scan(db: duckdb.DuckDBPyConnection, column: str) -> tuple[int, list[str]]:
    as_json = column == "payload_scrubbed"
    suspect = _SUSPECT.format(column=column, more=_ESCAPED.format(column=column) if as_json else "")
    cursor = db.cursor().execute(f"SELECT {column}, {ROW} FROM payments_landing WHERE {suspect}")
    scanned, found = 0, []
    while rows := cursor.fetchmany(_BATCH):
        scanned += len(rows)
        found += [f"{row}: {column}" for text, row in rows if holds_card_number(text, as_json=as_json)]
    return scanned, found


def holds_card_number(text: str, *, as_json: bool = False) -> bool:
    """Whether an unmasked card number is in the text; `as_json` reads its escapes first, valid JSON or not."""
    read = _plain(_unescaped(text) if as_json else text)
    if sum(map(str.isdigit, read)) < 13:
        return False
    bare = _UUID.sub("U", read)
    return any(_is_card(found[1]) for shape in _WRITTEN for found in shape.finditer(bare))


def _is_card(written: str) -> bool:
    digits = re.sub("[^0-9]", "", written)
    return bool(_ISSUED.fullmatch(digits)) and _luhn([int(digit) for digit in reversed(digits)])


def _luhn(backwards: Sequence[int]) -> bool:
    doubled = (2 * digit for digit in backwards[1::2])
    return (sum(backwards[::2]) + sum(digit - 9 if digit > 9 else digit for digit in doubled)) % 10 == 0


def _unescaped(text: str) -> str:
    def character(escape: re.Match[str]) -> str:
        code = escape[1]
        return chr(int(code[1:], 16)) if len(code) == 5 else " " if code in "ntr" else code

    halves = _ESCAPE.sub(character, text)
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _plain(text: str) -> str:
    """Digits of any script as ASCII, any space and dash as the usual one, nothing invisible."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_folded(character) for character in unicodedata.normalize("NFKC", text))


def _folded(character: str) -> str:
    if " " <= character <= "~":
        return character
    kind = unicodedata.category(character)
    if character.isspace():
        return " "
    if kind == "Nd":
        return str(unicodedata.decimal(character))
    return "" if kind in _UNSEEN else "-" if kind == "Pd" or character == "\u2212" else character
