"""attach_merchant: the merchant as it was when the payment occurred, by an as-of lookup on `[valid_from, valid_to)`.

A lookup cannot double a row as a join can: it yields one place in the dimension, or none, for each record.
"""

from datetime import datetime
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
    found = reference.merchants.select(pl.col(old).alias(new).gather(places) for new, old in _ATTACHED.items())
    known = pl.when(places.is_not_null()).then(pl.lit(contract.MERCHANT_KNOWN))
    status = pl.when(accepted).then(known.otherwise(pl.lit(contract.MERCHANT_UNKNOWN)))
    attached = validated.hstack(found.get_columns()).with_columns(status.alias("merchant_status"))
    assert attached.height == validated.height, "a merchant doubled or lost a row"
    return attached


def _places(validated: pl.DataFrame, accepted: pl.Series, reference: Reference) -> pl.Series:
    """For each accepted row the place in `reference.merchants` of the version valid at occurred_at, or null.

    Nearly always that is the merchant's newest one: looked up for all rows at once, and put right one by one where
    the payment is older than it.
    """
    newest = list(map(reference.newest.get, validated["merchant_id"].to_list()))
    places = pl.Series(newest, dtype=pl.UInt32).zip_with(accepted, _NOWHERE)
    at = validated["occurred_at"]
    older = (at < reference.merchants["valid_from"].gather(places)).arg_true().to_list()
    if older:
        places = places.scatter(older, [_earlier(reference, places[row], at[row]) for row in older])
    ended = at >= reference.merchants["valid_to"].gather(places)
    return places.zip_with(~ended.fill_null(False), _NOWHERE) if ended.any() else places


def _earlier(reference: Reference, newest: int, at: datetime) -> int | None:
    """The last version of the same merchant begun by `at`, None if there is none."""
    ids, begins = reference.merchants["merchant_id"], reference.merchants["valid_from"]
    row = newest - 1
    while row >= 0 and ids[row] == ids[newest]:
        if begins[row] <= at:
            return row
        row -= 1
    return None


_NOWHERE: Final = pl.Series([None], dtype=pl.UInt32)
