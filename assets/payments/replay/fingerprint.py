"""Hashes of rows that do not depend on the order in which they come or on how they are cut into windows.

The sum of each row's BLAKE2b-128 modulo 2^128: a row more, less, doubled or different changes it. It is evidence
against accidents, not against an attacker.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import polars as pl

from assets.payments.superseding import COORDINATES

_BYTES: Final = 16
_MODULUS: Final = 2 ** (8 * _BYTES)
INPUT: Final = (*COORDINATES, "payload_mac")
"""What a record is told by, whichever source it is read from: its place, and the MAC of its bytes."""


class Fingerprint:
    """Counts rows and hashes these columns of them."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = tuple(columns)
        self._sum = 0
        self.rows = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows that have the columns."""
        for line in lines(rows.select(self._columns)).to_list():
            digest = blake2b(line.encode(), digest_size=_BYTES).digest()
            self._sum = (self._sum + int.from_bytes(digest, "big")) % _MODULUS
        self.rows += rows.height

    def hexdigest(self) -> str:
        """32 hexadecimal digits; zeros without any row."""
        return f"{self._sum:0{2 * _BYTES}x}"


def lines(rows: pl.DataFrame) -> pl.Series:
    """Each row as one text that no other row has: every value with its length before it, `-` for null."""
    if not rows.width or not rows.height:
        return pl.Series("line", [], dtype=pl.String)
    parts = [_part(name, dtype) for name, dtype in rows.schema.items()]
    return rows.select(pl.concat_str(parts, separator=",").alias("line"))["line"]


def _part(name: str, dtype: pl.DataType) -> pl.Expr:
    """Times by their microseconds: how Polars spells a time is its own affair."""
    value = pl.col(name).dt.epoch("us") if isinstance(dtype, pl.Datetime) else pl.col(name)
    text = value.cast(pl.String)
    return pl.format("{}:{}", text.str.len_bytes(), text).fill_null("-")
