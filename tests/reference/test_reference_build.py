"""Reference data is checked before it is used, and the tables of codes against what others publish."""

import importlib.resources
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import iso4217
import polars as pl
import pytest

from streaming.landing import FX_RATES, MERCHANTS
from streaming.reference.countries import COUNTRIES
from streaming.reference.currencies import MINOR_UNITS, WITHDRAWN, decimals_on
from streaming.reference.tables import RATE_SCALE, Reference, ReferenceError

T0 = datetime(2026, 1, 1, tzinfo=UTC)
DAY = date(2026, 11, 20)


def version(merchant_id: str | None, begin: int | None, end: int | None, mark: str | None = "v") -> tuple[Any, ...]:
    start = None if begin is None else T0 + timedelta(days=begin)
    stop = None if end is None else T0 + timedelta(days=end)
    return (merchant_id, "Shop", "5411", "DE", "low", start, stop, T0, None, mark)


def rate(code: str, units: str, revision: int = 1, day: date = DAY) -> tuple[Any, ...]:
    return (day, code, Decimal(units), revision, T0, T0, "test")


def build(versions: list[tuple[Any, ...]], rates: list[tuple[Any, ...]]) -> Reference:
    return Reference.build(
        pl.DataFrame(versions, schema=MERCHANTS, orient="row"),
        pl.DataFrame(rates, schema=FX_RATES, orient="row"),
        "merchants-7",
        "fx-9",
    )


def test_a_good_pair_of_versions() -> None:
    known = build(
        [version("b", 0, None), version("a", 5, None), version("a", 0, 5)],
        [rate("USD", "1.0912"), rate("JPY", "163.45"), rate("USD", "1.1", 2, date(2026, 11, 19))],
    )
    assert (known.merchants_version, known.fx_version) == ("merchants-7", "fx-9")
    assert known.days == (date(2026, 11, 19), DAY)
    assert known.snapshots[DAY].rate("USD") == 1_091_200_000
    assert known.snapshots[DAY].rate("EUR") == RATE_SCALE
    assert known.snapshots[DAY].rate("GBP") is None
    assert known.snapshots[date(2026, 11, 19)].revision == 2
    assert known.newest == {"a": 1, "b": 2}


def test_empty_tables_are_allowed() -> None:
    assert build([], []).days == ()


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        ([version("a", 0, None), version("a", 0, None)], "begin together"),
        ([version("a", 0, 5), version("a", 0, 7)], "begin together"),
        ([version("a", 0, None), version("a", 3, None)], "overlap"),
        ([version("a", 3, None), version("a", 0, 4)], "overlap"),
        ([version("a", 5, 5)], "ends before"),
        ([version("a", 5, 4)], "ends before"),
        ([version(None, 0, None)], "null merchant_id"),
        ([version("a", None, None)], "null merchant_id"),
        ([version("a", 0, None, None)], "null merchant_id"),
    ],
)
def test_merchants_that_must_not_be_used(versions: list[tuple[Any, ...]], message: str) -> None:
    with pytest.raises(ReferenceError, match=message) as raised:
        build(versions, [])
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ([rate("USD", "0")], "not positive"),
        ([rate("USD", "-1")], "not positive"),
        ([rate("USD", "1000000000000000000")], "10.18 or more"),
        ([rate("EUR", "1")], "EUR is 1"),
        ([rate("USD", "1"), rate("USD", "2")], "twice on a day"),
        ([rate("USD", "1", 1), rate("GBP", "1", 2)], "mixed revisions"),
    ],
)
def test_rates_that_must_not_be_used(rates: list[tuple[Any, ...]], message: str) -> None:
    with pytest.raises(ReferenceError, match=message):
        build([], rates)


def test_columns_are_checked_before_anything_else() -> None:
    merchants = pl.DataFrame(schema=MERCHANTS)
    fx = pl.DataFrame(schema=FX_RATES)
    with pytest.raises(ReferenceError, match="column rate is missing"):
        Reference.build(merchants, fx.drop("rate"), "m", "f")
    with pytest.raises(ReferenceError, match="rate is Float64"):
        Reference.build(merchants, fx.with_columns(pl.col("rate").cast(pl.Float64)), "m", "f")


# --- codes -----------------------------------------------------------------------------------------------------


def test_countries_are_those_of_the_zone_database() -> None:
    table = (importlib.resources.files("tzdata") / "zoneinfo" / "iso3166.tab").read_text("utf-8")
    assert {line[:2] for line in table.splitlines() if line and not line.startswith("#")} == COUNTRIES
    assert len(COUNTRIES) == 249


@pytest.mark.parametrize(
    ("code", "decimals"),
    [("EUR", 2), ("JPY", 0), ("KRW", 0), ("CLP", 0), ("VND", 0), ("ISK", 0), ("XOF", 0), ("BHD", 3), ("IQD", 3),
     ("JOD", 3), ("KWD", 3), ("LYD", 3), ("OMR", 3), ("TND", 3), ("CLF", 4), ("UYW", 4)],
)  # fmt: skip
def test_minor_units(code: str, decimals: int) -> None:
    assert MINOR_UNITS[code] == decimals


@pytest.mark.parametrize("code", ["XXX", "XTS", "XAU", "XAG", "XDR", "XBA", "DEM", "eur"])
def test_codes_that_price_no_payment(code: str) -> None:
    assert code not in MINOR_UNITS


@pytest.mark.parametrize(
    ("code", "day", "decimals"),
    [("BGN", date(2025, 12, 31), 2), ("BGN", date(2026, 1, 1), None), ("HRK", date(2022, 12, 31), 2),
     ("HRK", date(2023, 1, 1), None), ("EUR", date(2026, 1, 1), 2), ("ZZZ", date(2026, 1, 1), None)],
)  # fmt: skip
def test_in_use_until_the_last_day(code: str, day: date, decimals: int | None) -> None:
    assert decimals_on(code, day) == decimals


def test_withdrawn_codes_are_gone_from_the_current_list() -> None:
    current = {currency.code for currency in iso4217.Currency}
    assert not current & set(WITHDRAWN)
