"""convert_amount: settled effect and reporting currency, exact to the minor unit, no float anywhere.

`amount x fx_rate_to / fx_rate_from`: multiply first, divide once, round once half-even. Integers in units of 10^-9
(NUMERIC's own) in 128 bits; a row whose product would not fit is done with Python's integers instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
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
_DAY_US: Final = 86_400_000_000
_CODES: Final = pl.Enum(list(MINOR_UNITS))
"""Currencies by number: a quote is found by its place in a table, not by a join."""
_QUOTES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    **{"fx_status": pl.String, "fx_rate_from": NUMERIC, "fx_rate_to": NUMERIC, "fx_rate_date": pl.Date},
    **{"fx_revision": pl.Int64, "_times": pl.Int128, "_over": pl.Int128, "_limit": pl.Int128},
}
_KEPT_TABLES: Final = 256
"""Tables of quotes kept, 15 kB a day: one for each day that a record may be late, and one for each set of days that
the last windows had."""


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
    places, table = _places(attached, reference, reporting_currency)
    quotes = table.select(pl.all().gather(places))
    priced = quotes.with_columns(attached["event_type"], attached["amount"], ok=places.is_not_null())
    unit = MINOR_UNITS[reporting_currency]
    nano = _converted(priced, 10 ** (9 - unit))
    return attached.hstack(_columns(priced.with_columns(nano), reporting_currency).get_columns())


def _places(attached: pl.DataFrame, reference: Reference, reporting_currency: str) -> tuple[pl.Series, pl.DataFrame]:
    """For each accepted row its quote's place in a table of quotes, null for the others; and that table.

    The table has, for each UTC date of the window in order, all currencies before that day's 16:00 in Frankfurt and
    all currencies after it.
    """
    micros = attached["occurred_at"].to_physical().zip_with(attached["status"] == contract.STATUS_OK, _NO_TIME)
    days = micros // _DAY_US
    distinct = days.drop_nulls().unique().sort()
    if distinct.is_empty():
        distinct = _ANY_DAY
    dates = tuple(distinct.cast(pl.Int32).cast(pl.Date).to_list())
    day = distinct.search_sorted(days) if len(dates) != 1 else days - distinct[0]
    published = (micros >= _publications(dates).gather(day)).fill_null(False)
    codes = attached["currency"].cast(_CODES, strict=False).to_physical().cast(pl.Int64)
    places = ((day.cast(pl.Int64) * 2 + published.cast(pl.Int64)) * len(MINOR_UNITS) + codes).zip_with(
        days.is_not_null(), _NO_TIME
    )
    return places.alias("place"), _table(dates, reference, reporting_currency)


_ANY_DAY: Final = pl.Series([0], dtype=pl.Int64)
"""Stands in where no row is accepted: nothing is looked up in its table."""
_NO_TIME: Final = pl.Series([None], dtype=pl.Int64)


def _publications(dates: tuple[date, ...]) -> pl.Series:
    """When each day's rates are published, microseconds since 1970; null if TARGET is closed on it."""
    published = [calendar.publication(day) for day in dates]
    return pl.Series(published, dtype=pl.Datetime("us", "UTC")).to_physical()


def _table(dates: tuple[date, ...], reference: Reference, reporting_currency: str) -> pl.DataFrame:
    """Quotes (`_QUOTES`) by day, by whether it is published, by currency; remembered with the reference."""

    def of_day(on: date) -> pl.DataFrame:
        made = partial(_day_table, on, reference, reporting_currency)
        return _remembered(reference, (reporting_currency, on), made)

    applicable = [day for date_ in dates for day in (calendar.previous_target_day(date_), date_)]
    return _remembered(reference, (reporting_currency, dates), lambda: pl.concat(map(of_day, applicable)))


def _remembered(reference: Reference, key: object, made: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """The table under this key, made if it is not there; the oldest ones make room."""
    table = reference.remembered.get(key)
    if table is None:
        while len(reference.remembered) >= _KEPT_TABLES:
            reference.remembered.pop(next(iter(reference.remembered)), None)
        table = reference.remembered[key] = made()
    return table


def _day_table(on: date, reference: Reference, reporting_currency: str) -> pl.DataFrame:
    """Quotes of all currencies for payments whose applicable date is `on`; of a day without rates nobody asks."""
    rows = [_row(quote(reference, currency, reporting_currency, on)) for currency in MINOR_UNITS]
    raw = _QUOTES | {"fx_rate_from": pl.Int128, "fx_rate_to": pl.Int128}
    table = pl.DataFrame(rows, orient="row", schema=raw)
    return table.with_columns(_numeric(pl.col("fx_rate_from")), _numeric(pl.col("fx_rate_to")))


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
    amount, over = pl.col("amount").to_physical(), pl.col("_over")
    divided = priced.select(amount, "_times", over, fits=amount <= pl.col("_limit")).with_columns(
        product=pl.when("fits").then(amount).otherwise(0) * pl.col("_times")
    )
    divided = divided.with_columns(quotient=pl.col("product") // over)
    doubled = (pl.col("product") - pl.col("quotient") * over) * 2
    up = (doubled > over) | ((doubled == over) & (pl.col("quotient") % 2 == 1))
    minor = pl.col("quotient") + up.cast(pl.Int128)
    fits = pl.col("fits") & (minor < _NUMERIC_LIMIT // unit)
    nano = divided.select(pl.when(fits).then(minor * unit).alias("_nano"), big=~fits)
    beyond = nano["big"].fill_null(False).arg_true().to_list()
    if not beyond:
        return nano["_nano"]
    exact = divided[beyond].select("amount", "_times", "_over").rows()
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
    priced_at_all = pl.col("_nano").is_not_null()
    ok = pl.when("ok")
    only_priced = ("fx_rate_from", "fx_rate_to", "fx_rate_date", "fx_revision")
    kept = [name if priced["_nano"].null_count() == 0 else pl.when(priced_at_all).then(name) for name in only_priced]
    return priced.select(
        ok.then(_signed(pl.col("amount").to_physical())).alias("signed_amount"),
        ok.then(pl.lit(reporting_currency)).alias("reporting_currency"),
        _numeric(pl.col("_nano")).alias("reporting_amount"),
        _signed(pl.col("_nano")).alias("signed_reporting_amount"),
        *kept,
        pl.when(priced_at_all).then("fx_status").otherwise(ok.then(pl.lit(contract.FX_UNSUPPORTED))).alias("fx_status"),
        pl.when(priced_at_all).then(pl.lit(contract.ROUNDING_RULE)).alias("rounding_rule"),
    )


def _signed(nano: pl.Expr) -> pl.Expr:
    """Times the effect on settled money."""
    effects = {effect: [name for name, of in contract.SETTLED_EFFECT.items() if of == effect] for effect in (1, -1)}
    kind = pl.col("event_type")
    added, taken = kind.is_in(effects[1]), kind.is_in(effects[-1])
    return _numeric(pl.when(added).then(nano).when(taken).then(nano * -1).when(nano.is_not_null()).then(0))


def _numeric(nano: pl.Expr) -> pl.Expr:
    """Integers in units of 10^-9 are NUMERIC's own representation."""
    return nano.reinterpret(dtype=NUMERIC)
