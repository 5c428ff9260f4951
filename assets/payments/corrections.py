"""Corrections: stored records enriched again, and which of them really change. Frames in, frames out."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from streaming.landing import LANDING
from streaming.reference.tables import Reference
from streaming.stages.attach_merchant import attach_merchant
from streaming.stages.convert_amount import convert_amount
from streaming.stages.plan import COLUMNS

MERCHANT: Final = ("merchant_name", "merchant_category", "merchant_country", "merchant_risk_tier", "merchant_status")
MONEY: Final = (
    "signed_amount",
    "reporting_currency",
    "reporting_amount",
    "signed_reporting_amount",
    "fx_rate_from",
    "fx_rate_to",
    "fx_rate_date",
    "fx_status",
    "rounding_rule",
)
VERSIONS: Final = ("merchant_version", "fx_revision")
"""Say where values came from. A row whose values stay is left alone: one currency's revision would otherwise append
every row of its day."""
ENRICHED: Final = (*MERCHANT, *MONEY, *VERSIONS)


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction of one day would write."""

    rows: pl.DataFrame
    """`COLUMNS`: the candidates that change, with today's values; revision and id are still the old rows'."""
    merchant: int
    """Rows whose merchant changes."""
    money: int
    """Rows whose rates or amounts change; a row may count in both."""


def correct_rows(newest: pl.DataFrame, reference: Reference, reporting_currency: str) -> Corrected:
    """Enrich the newest rows (`COLUMNS`, accepted ones only) again and keep those in which a value differs."""
    bare = newest.select(COLUMNS).drop(ENRICHED)
    enriched = convert_amount(attach_merchant(bare, reference), reference, reporting_currency)
    rows = enriched.select(pl.col(name).cast(LANDING[name]) for name in COLUMNS)
    merchant, money = _differs(newest, rows, MERCHANT), _differs(newest, rows, MONEY)
    return Corrected(rows.filter(merchant | money), int(merchant.sum()), int(money.sum()))


def _differs(old: pl.DataFrame, new: pl.DataFrame, names: tuple[str, ...]) -> pl.Series:
    """Per row, whether any of these columns does."""
    both = old.select(names).hstack(new.select(pl.col(name).alias(f"new_{name}") for name in names))
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"new_{name}")) for name in names)
    return both.select(differs.alias("differs"))["differs"]
