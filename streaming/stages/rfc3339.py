"""RFC 3339 times as Polars expressions: strict, vectorised, exact to the microsecond.

Accepted: `YYYY-MM-DD`, `T`, `hh:mm:ss`, at most six decimals, `Z` or `+hh:mm`/`-hh:mm`; `t` and `z` in lower case as
the RFC's section 5.6 allows. Refused: no zone, a space for the `T`, the year 0, a second 60 (no clock of a broker
can be compared with one), more than six decimals (they would have to be cut).
"""

from typing import Final

import polars as pl

_YEAR: Final = r"(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
_DATE: Final = rf"{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
SHAPE: Final = rf"\A{_DATE}[Tt]{_CLOCK}:[0-5][0-9](?:\.[0-9]{{1,6}})?(?:[Zz]|[+-]{_CLOCK})\z"

_TO_SECOND: Final = 19
"""Characters up to the whole second."""
_OFFSET: Final = 6
"""Characters of `+hh:mm`."""


def to_utc(text: pl.Expr) -> pl.Expr:
    """Datetime in microseconds, UTC; null for text that is not such a time (30 February included)."""
    shaped = pl.when(text.str.contains(SHAPE)).then(text)
    whole = shaped.str.slice(0, _TO_SECOND).str.to_uppercase()
    instant = whole.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    fraction = shaped.str.extract(r"\.([0-9]+)").str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
    return (instant + pl.duration(microseconds=fraction - _offset(shaped))).dt.replace_time_zone("UTC")


def _offset(shaped: pl.Expr) -> pl.Expr:
    """Microseconds to take off for the zone."""
    zone = shaped.str.slice(-_OFFSET)
    hours = zone.str.slice(1, 2).cast(pl.Int64, strict=False)
    minutes = zone.str.slice(4, 2).cast(pl.Int64, strict=False)
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    zoned = zone.str.contains(r"^[+-]")
    return pl.when(zoned).then(sign * (hours * 60 + minutes) * 60_000_000).otherwise(0)
