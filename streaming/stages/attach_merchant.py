"""attach_merchant: the merchant as it was when the payment occurred, by an as-of lookup on `[valid_from, valid_to)`.

A lookup cannot double a row as a join can: it yields one place in the dimension, or none, for each record.
"""

from bisect import bisect_right
from typing import Final

import polars as pl

from streaming import contract
from streaming.reference.tables import Reference

_ATTACHED: Final = {
    "merchant_name": "name",
    "merchant_category": "category",
    "merchant_country": "country",
    "merchant_risk_tier": "risk_tier",
    "merchant_version": "merchant_version",
}


def attach_merchant(validated: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Add `merchant_name`, `_category`, `_country`, `_risk_tier`, `_version` and `_status` (KNOWN or UNKNOWN).

    Quarantined rows get nulls, UNKNOWN ones null attributes. Same height and order.
    """
    accepted = validated["status"] == contract.STATUS_OK
    places = _places(validated, accepted, reference)
    found = reference.merchants.select("valid_to", *(pl.col(old).alias(new) for new, old in _ATTACHED.items()))
    found = found.select(pl.all().gather(places)).with_columns(
        pl.Series("_at", validated["occurred_at"]), pl.Series("_place", places), pl.Series("_accepted", accepted)
    )
    alive = pl.col("_place").is_not_null() & (pl.col("valid_to").is_null() | (pl.col("_at") < pl.col("valid_to")))
    status = pl.when(alive).then(pl.lit(contract.MERCHANT_KNOWN)).otherwise(pl.lit(contract.MERCHANT_UNKNOWN))
    attached = validated.hstack(
        found.select(
            *(pl.when(alive).then(pl.col(name)).alias(name) for name in _ATTACHED),
            pl.when("_accepted").then(status).alias("merchant_status"),
        )
    )
    assert attached.height == validated.height, "a merchant doubled or lost a row"
    return attached


def _places(validated: pl.DataFrame, accepted: pl.Series, reference: Reference) -> pl.Series:
    """For each accepted row the place in `reference.merchants` of the last version begun by occurred_at, or null."""
    versions = reference.versions
    places: list[int | None] = [None] * validated.height
    ids = validated["merchant_id"].to_list()
    times = validated["occurred_at"].to_physical().to_list()
    for row in accepted.arg_true().to_list():
        known = versions.get(ids[row])
        if known is not None:
            begun = bisect_right(known[1], times[row])
            if begun:
                places[row] = known[0] + begun - 1
    return pl.Series(places, dtype=pl.UInt32)
