import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import currency_converter
import polars as pl
import pytest

from sandbox.world.currencies import CROSSED_WITH_USD, PER_EUR, WITHOUT_RATE, in_units, minor_digits
from sandbox.world.places import PLACES
from sandbox.world.rates import HISTORY_DAYS, SCHEMA, rates_history, rates_published
from sandbox.world.target_days import target_days

TODAY = date(2026, 11, 23)
ECB_END = date(2026, 10, 30)


@pytest.fixture(scope="module")
def history():
    return rates_history(7, TODAY)


def bundled(day):
    """The ECB's row of a day, straight from the file, as text."""
    with zipfile.ZipFile(currency_converter.CURRENCY_FILE) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    row = next(row for row in csv.DictReader(io.StringIO(text)) if row["Date"] == day.isoformat())
    return {c: rate for c, rate in row.items() if c and c != "Date" and rate != "N/A"}


def test_every_target_day_is_there_with_the_same_currencies(history):
    assert dict(history.schema) == SCHEMA
    assert history["rate_date"].unique().sort().to_list() == list(target_days(date(2026, 10, 9), TODAY))
    assert history.group_by("rate_date").len()["len"].n_unique() == 1
    assert history.select("rate_date", "currency").is_unique().all()
    assert "EUR" not in history["currency"]


def test_real_days_have_the_ecb_s_digits(history):
    real = history.filter(rate_date=ECB_END, source="ecb")
    published = bundled(ECB_END)
    assert {row["currency"]: row["rate"] for row in real.to_dicts()} == {c: Decimal(r) for c, r in published.items()}
    assert real.filter(currency="USD")["rate"].item() == Decimal("1.1172")


def test_only_real_days_of_real_currencies_are_marked_as_the_ecb_s(history):
    invented = pl.col("rate_date").gt(ECB_END) | pl.col("currency").is_in(list(CROSSED_WITH_USD))
    assert history.filter(invented)["source"].unique().to_list() == ["synthetic"]
    assert history.filter(~invented)["source"].unique().to_list() == ["ecb"]


def test_the_walk_keeps_the_digits_currencies_are_quoted_with(history):
    def digits(currency):
        rates = history.filter(currency=currency, source="synthetic")["rate"].to_list()
        return max(-rate.normalize().as_tuple().exponent for rate in rates)

    assert {c: digits(c) for c in ("USD", "GBP", "ISK", "JPY")} == {"USD": 4, "GBP": 5, "ISK": 1, "JPY": 2}


def test_the_walk_moves_a_little_each_day_and_stays_positive(history):
    moves = history.filter(pl.col("currency").is_in(["USD", "JPY", "CHF"])).select(
        (pl.col("rate").cast(pl.Float64) / pl.col("rate").cast(pl.Float64).shift(1)).over("currency").log().abs()
    )
    assert moves.max().item() < 0.03
    assert history["rate"].min() > 0
    assert history.filter(currency="USD")["rate"].n_unique() > 20


def test_the_same_seed_gives_the_same_rates_and_another_day_only_adds_to_them(history):
    assert rates_history(7, TODAY).equals(history)
    tomorrow = rates_history(7, date(2026, 11, 24))
    shared = pl.col("rate_date").is_between(date(2026, 10, 12), TODAY)
    assert tomorrow.filter(shared).equals(history.filter(shared))
    assert not rates_history(8, TODAY).equals(history)


def test_a_day_is_public_from_four_in_frankfurt_on():
    before = rates_published(7, datetime(2026, 11, 23, 14, 59, 59, tzinfo=UTC))
    after = rates_published(7, datetime(2026, 11, 23, 15, 0, tzinfo=UTC))
    assert before["rate_date"].max() == date(2026, 11, 20)
    assert after["rate_date"].max() == TODAY


@pytest.mark.parametrize("today", [date(2026, 4, 7), date(2027, 1, 4), date(2029, 1, 2), TODAY])
def test_history_covers_a_late_payment_and_five_target_days_before_it(today):
    days = rates_history(1, today)["rate_date"].unique().to_list()
    assert sum((today - day).days > 31 for day in days) >= 5, HISTORY_DAYS


def test_a_day_before_the_file_is_refused():
    with pytest.raises(ValueError, match="history begins"):
        rates_history(7, date(2023, 12, 1))


def test_every_currency_of_the_world_has_a_rate_but_the_one_that_must_not(history):
    used = {place.currency for place in PLACES} | {"EUR", "USD", "GBP"}
    assert used | {WITHOUT_RATE} == set(PER_EUR)
    assert used - set(history["currency"]) == {"EUR"}
    assert WITHOUT_RATE not in history["currency"]


def test_currencies_have_zero_two_and_three_minor_digits():
    by_digits = {digits: [c for c in PER_EUR if minor_digits(c) == digits] for digits in (0, 2, 3)}
    assert set(by_digits[0]) == {"JPY", "KRW", "ISK", "CLP", "VND"}
    assert set(by_digits[3]) == {"BHD", "KWD", "JOD", "TND"}
    assert sum(map(len, by_digits.values())) == len(PER_EUR) >= 30


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1230, "EUR", "12.30"), (5, "EUR", "0.05"), (0, "EUR", "0.00"), (980, "JPY", "980"), (5, "KWD", "0.005")],
)
def test_amounts_are_spelled_with_all_digits_of_the_minor_unit(minor, currency, text):
    assert in_units(minor, currency) == text


def test_sizes_are_near_the_rates(history):
    """A price drawn by PER_EUR must not be off by a factor: it would make nonsense of the amounts."""
    for currency, rate in history.filter(rate_date=TODAY).select("currency", "rate").iter_rows():
        assert 0.8 < float(rate) / PER_EUR[currency] < 1.25, currency


def test_a_code_without_a_minor_unit_is_refused():
    with pytest.raises(ValueError, match="minor unit"):
        minor_digits("XAU")
