"""Identity of a merchant's version: a hash of its own id, start and attributes, nothing else.

A nightly change of other merchants therefore revises no row of this one.
"""

import json
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

import polars as pl

BEGINNING_OF_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Start of a merchant's first version where the source does not date it: a late merchant's rows can be corrected."""

ATTRIBUTES: Final = ("name", "category", "country", "risk_tier")


def merchant_version(merchant_id: str, valid_from: datetime, *attributes: str | None) -> str:
    """Return BLAKE2b-64, hexadecimal, of the compact JSON array [id, start, name, category, country, risk tier]."""
    start = valid_from.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    text = json.dumps([merchant_id, start, *attributes], separators=(",", ":"), ensure_ascii=False)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def with_versions(history: pl.DataFrame) -> pl.DataFrame:
    """Fill a missing `valid_from` with the beginning of time and add `merchant_version`.

    Raises ValueError if two versions of one merchant overlap: an as-of lookup must find at most one.
    """
    dated = history.with_columns(pl.col("valid_from").fill_null(BEGINNING_OF_TIME)).sort("merchant_id", "valid_from")
    _refuse_overlaps(dated)
    rows = dated.select("merchant_id", "valid_from", *ATTRIBUTES).iter_rows()
    return dated.with_columns(pl.Series("merchant_version", [merchant_version(*row) for row in rows], pl.String))


def _refuse_overlaps(dated: pl.DataFrame) -> None:
    following = pl.col("valid_from").shift(-1).over("merchant_id")
    end = pl.col("valid_to")
    wrong = dated.filter((end <= pl.col("valid_from")) | (following < end) | (following.is_not_null() & end.is_null()))
    if len(wrong):
        first = wrong["merchant_id"][0]
        raise ValueError(f"{len(wrong)} merchant versions overlap another or are empty, first of {first}")
