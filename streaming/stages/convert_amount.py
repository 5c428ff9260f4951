"""convert_amount: settled effect and reporting currency, exact to the minor unit, no float anywhere.

`amount x fx_rate_to / fx_rate_from`: multiply first, divide once, round once half-even. Integers in units of 10^-9
(NUMERIC's own) in 128 bits; a row whose product would not fit is done with Python's integers instead.
"""

from dataclasses import dataclass
from datetime import date
from math import gcd
from typing import Final

import polars as pl

from streaming import contract
from streaming.landing import NUMERIC
from streaming.reference import calendar
from streaming.reference.currencies import MINOR_UNITS
from streaming.reference.tables import RATE_SCALE, Reference

MAX_PROVISIONAL_TARGET_DAYS: Final = 5
"""A snapshot may stand in for one that is not there yet for this many TARGET days."""
_SAFE: Final = 2**126
"""Products below this leave room in 128 bits for doubling a remainder."""
_NUMERIC_LIMIT: Final = 10**38
"""NUMERIC holds 29 digits before the point and 9 after it."""
_KEY: Final = ("currency", "_day", "_published")


@dataclass(frozen=True, slots=True)
class Quote:
    """How to convert one currency on one day: result in minor units = amount x 10^9 x `times` / `over`."""

    status: str
    rate_from: int | None = None
    rate_to: int | None = None
    rate_date: date | None = None
    revision: int | None = None
    times: int | None = None
    over: int | None = None


def convert_amount(attached: pl.DataFrame, reference: Reference, reporting_currency: str) -> pl.DataFrame:
    """Add `signed_amount`, the `reporting_*` and `fx_*` columns and `rounding_rule`; null in quarantined rows.

    Same height and order. A payment in the reporting currency uses no rate: FINAL, both rates 1, no date, no
    revision. A result beyond NUMERIC is UNSUPPORTED.
    """
    rows = attached.select("currency", "occurred_at", "event_type", "amount", ok=_accepted())
    keyed = _keyed(rows)
    quotes = _quotes(keyed, reference, reporting_currency)
    priced = keyed.join(quotes, on=_KEY, how="left", validate="m:1", maintain_order="left", nulls_equal=True)
    assert priced.height == attached.height, "a rate doubled or lost a row"
    unit = MINOR_UNITS[reporting_currency]
    nano = _converted(priced, 10 ** (9 - unit))
    return attached.hstack(_columns(priced.with_columns(nano), reporting_currency))


def _accepted() -> pl.Expr:
    return pl.col("status") == contract.STATUS_OK


def _keyed(rows: pl.DataFrame) -> pl.DataFrame:
    """Add what selects a quote: the UTC date and whether that day's 16:00 in Frankfurt has passed."""
    rows = rows.with_columns(_day=pl.when("ok").then(pl.col("occurred_at").dt.date()))
    days = rows["_day"].drop_nulls().unique().to_list()
    published = [calendar.publication(day) for day in days]
    instants = pl.DataFrame({"_day": days, "_at": published}, schema={"_day": pl.Date, "_at": pl.Datetime("us", "UTC")})
    joined = rows.join(instants, on="_day", how="left", validate="m:1", maintain_order="left")
    return joined.with_columns(_published=(pl.col("occurred_at") >= pl.col("_at")).fill_null(False)).drop("_at")


def _quotes(keyed: pl.DataFrame, reference: Reference, reporting_currency: str) -> pl.DataFrame:
    """One row per distinct key of the window."""
    keys = keyed.filter("ok").select(_KEY).unique().rows()
    quotes = []
    for currency, day, published in keys:
        on = day if published else calendar.previous_target_day(day)
        quotes.append((currency, day, published, *_row(quote(reference, currency, reporting_currency, on))))
    return pl.DataFrame(
        quotes,
        orient="row",
        schema={
            **{"currency": pl.String, "_day": pl.Date, "_published": pl.Boolean},
            **{"fx_status": pl.String, "_from": pl.Int128, "_to": pl.Int128, "fx_rate_date": pl.Date},
            **{"fx_revision": pl.Int64, "_times": pl.Int128, "_over": pl.Int128, "_limit": pl.Int128},
        },
    )


def _row(found: Quote) -> tuple[object, ...]:
    limit = None if found.times is None else _SAFE // found.times
    return (
        *(found.status, found.rate_from, found.rate_to, found.rate_date),
        *(found.revision, found.times, found.over, limit),
    )


def quote(reference: Reference, currency: str, reporting_currency: str, on: date) -> Quote:
    """The rates for payments whose applicable date is `on` (a TARGET day)."""
    minor = 10 ** MINOR_UNITS[reporting_currency]
    if currency == reporting_currency:
        return Quote(contract.FX_FINAL, RATE_SCALE, RATE_SCALE, times=1, over=RATE_SCALE // minor)
    used = on if on in reference.snapshots else _stand_in(reference, on)
    snapshot = None if used is None else reference.snapshots[used]
    rate_from = None if snapshot is None else snapshot.rate(currency)
    rate_to = None if snapshot is None else snapshot.rate(reporting_currency)
    if snapshot is None or rate_from is None or rate_to is None:
        return Quote(contract.FX_UNSUPPORTED)
    status = contract.FX_FINAL if used == on else contract.FX_PROVISIONAL
    times, over = rate_to * minor, rate_from * RATE_SCALE
    shared = gcd(times, over)
    return Quote(status, rate_from, rate_to, used, snapshot.revision, times // shared, over // shared)


def _stand_in(reference: Reference, on: date) -> date | None:
    """The newest snapshot before `on`, unless it is too old."""
    earlier = max((day for day in reference.days if day < on), default=None)
    if earlier is None:
        return None
    age = calendar.target_days_between(earlier, on, MAX_PROVISIONAL_TARGET_DAYS)
    return earlier if age <= MAX_PROVISIONAL_TARGET_DAYS else None


def _converted(priced: pl.DataFrame, unit: int) -> pl.Series:
    """`_nano`: the reporting amount x 10^9, null where there is no rate or the result is beyond NUMERIC."""
    amount = pl.col("amount").to_physical()
    fits = amount <= pl.col("_limit")
    product = pl.when(fits).then(amount).otherwise(0) * pl.col("_times")
    quotient, doubled = product // pl.col("_over"), (product % pl.col("_over")) * 2
    up = (doubled > pl.col("_over")) | ((doubled == pl.col("_over")) & (quotient % 2 == 1))
    minor = quotient + up.cast(pl.Int128)
    nano = priced.select(
        pl.when(fits & (minor < _NUMERIC_LIMIT // unit)).then(minor * unit).alias("_nano"),
        big=(~fits) | (minor >= _NUMERIC_LIMIT // unit),
    )
    beyond = nano["big"].fill_null(False).arg_true().to_list()
    if not beyond:
        return nano["_nano"]
    exact = priced[beyond].select(amount, "_times", "_over").rows()
    values = nano["_nano"].to_list()
    for row, (value, times, over) in zip(beyond, exact, strict=True):
        result = half_even(value * times, over) * unit
        values[row] = result if result < _NUMERIC_LIMIT else None
    return pl.Series("_nano", values, dtype=pl.Int128)


def half_even(numerator: int, denominator: int) -> int:
    """Nearest integer to the quotient of two non-negative integers, ties to the even one."""
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1))


def _columns(priced: pl.DataFrame, reporting_currency: str) -> pl.DataFrame:
    sign = pl.col("event_type").replace_strict(contract.SETTLED_EFFECT, default=None, return_dtype=pl.Int128)
    amount, priced_at_all = pl.col("amount").to_physical(), pl.col("_nano").is_not_null()
    status = pl.when(priced_at_all).then("fx_status").otherwise(pl.lit(contract.FX_UNSUPPORTED))
    ok = pl.when("ok")
    return priced.select(
        ok.then(_numeric(amount * sign)).alias("signed_amount"),
        ok.then(pl.lit(reporting_currency)).alias("reporting_currency"),
        _numeric(pl.col("_nano")).alias("reporting_amount"),
        _numeric(pl.col("_nano") * sign).alias("signed_reporting_amount"),
        pl.when(priced_at_all).then(_numeric(pl.col("_from"))).alias("fx_rate_from"),
        pl.when(priced_at_all).then(_numeric(pl.col("_to"))).alias("fx_rate_to"),
        pl.when(priced_at_all).then("fx_rate_date").alias("fx_rate_date"),
        pl.when(priced_at_all).then("fx_revision").alias("fx_revision"),
        ok.then(status).alias("fx_status"),
        pl.when(priced_at_all).then(pl.lit(contract.ROUNDING_RULE)).alias("rounding_rule"),
    )


def _numeric(nano: pl.Expr) -> pl.Expr:
    """Integers in units of 10^-9 are NUMERIC's own representation."""
    return nano.reinterpret(dtype=NUMERIC)
