"""Money against exact fractions, and the conversions that are almost right."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage_samples import POLICY, land, land_one, payload, rates, reference

from streaming import contract
from streaming.landing import NUMERIC
from streaming.reference import calendar
from streaming.reference.currencies import MINOR_UNITS
from streaming.stages import convert_amount as stage
from streaming.walk import Policy

FRIDAY = date(2026, 11, 20)
PAIRS = ("EUR", "USD", "JPY", "BHD", "CLF")
RATE = st.decimals(Decimal("0.000000001"), Decimal("9999999"), places=9, allow_nan=False)


def nearest_even(value: Fraction, decimals: int) -> Decimal:
    """Oracle: Python rounds a Fraction half to even, exactly."""
    return Decimal(f"{round(value * 10**decimals)}e-{decimals}")


def convert(amounts: list[Decimal], currency: str, to: str, known: Any) -> list[Decimal | None]:
    """The stage alone, over rows that passed validation."""
    rows = pl.DataFrame(
        {
            "currency": [currency] * len(amounts),
            "occurred_at": [datetime(2026, 11, 23, 10, tzinfo=UTC)] * len(amounts),
            "event_type": ["capture"] * len(amounts),
            "amount": amounts,
            "status": ["OK"] * len(amounts),
        },
        schema_overrides={"amount": NUMERIC, "occurred_at": pl.Datetime("us", "UTC")},
    )
    return stage.convert_amount(rows, known, to)["reporting_amount"].to_list()


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(PAIRS), st.sampled_from(PAIRS), RATE, RATE, st.lists(st.integers(0, 10**20), min_size=1, max_size=4)
)
def test_conversion_is_exact_to_the_minor_unit(
    currency: str, to: str, rate_from: Decimal, rate_to: Decimal, minor: list[int]
) -> None:
    units = {"EUR": Decimal(1), currency: rate_from, to: rate_to} | {"EUR": Decimal(1)}
    listed = {code: str(rate) for code, rate in units.items() if code != "EUR"}
    known = reference(rates(FRIDAY, **listed) if listed else rates(FRIDAY, GBP="1"))
    places = MINOR_UNITS[currency]
    amounts = [Decimal(f"{min(m, 10 ** (18 + places) - 1)}e-{places}") for m in minor]
    for amount, got in zip(amounts, convert(amounts, currency, to, known), strict=True):
        exact = Fraction(amount) * Fraction(units[to]) / Fraction(units[currency])
        expected = nearest_even(exact, MINOR_UNITS[to])
        assert got == (expected if expected < 10**29 else None)


# --- mutants: each is a way somebody has converted money ---------------------------------------------------

CASES = (
    # amount, units per EUR of the payment's and of the reporting currency, exact answer
    ("100.00", "1.0912", "163.45", 0, "14979"),
    ("0.05", "2", "1", 2, "0.02"),  # 0.025: to the even cent below
    ("0.15", "2", "1", 2, "0.08"),  # 0.075: to the even cent above
    ("0.03", "2", "1", 2, "0.02"),
    ("1.00", "3", "3", 2, "1.00"),  # not 0.99
    ("1000000000000.00", "0.333333333", "0.999999999", 2, "3000000000000.00"),
    ("999999999999999999.99", "1", "1.000000001", 2, "1000000000999999999.99"),
    ("2.00", "1.333333333", "1.333333333", 2, "2.00"),
    ("0.10", "1", "0.149999", 2, "0.01"),  # 0.0149999: rounding to three decimals first makes it a tie
    ("0.30", "1", "0.349999999", 1, "0.1"),
    ("70000000000.01", "1.1", "1", 2, "63636363636.37"),
)


def by_integers(amount: Decimal, rate_from: Decimal, rate_to: Decimal, decimals: int) -> Decimal:
    scale = 10**9
    numerator = int(amount * scale) * int(rate_to * scale) * 10**decimals
    return Decimal(f"{stage.half_even(numerator, int(rate_from * scale) * scale)}e-{decimals}")


def in_floats(amount: Decimal, rate_from: Decimal, rate_to: Decimal, decimals: int) -> Decimal:
    return Decimal(str(round(float(amount) * float(rate_to) / float(rate_from), decimals)))


def divide_first(amount: Decimal, rate_from: Decimal, rate_to: Decimal, decimals: int) -> Decimal:
    through_euro = (amount / rate_from).quantize(Decimal("0.01"))
    return (through_euro * rate_to).quantize(Decimal(1).scaleb(-decimals))


def inverse_rate(amount: Decimal, rate_from: Decimal, rate_to: Decimal, decimals: int) -> Decimal:
    inverse = (1 / rate_from).quantize(Decimal("0.000000001"))
    return (amount * inverse * rate_to).quantize(Decimal(1).scaleb(-decimals))


def half_up(amount: Decimal, rate_from: Decimal, rate_to: Decimal, decimals: int) -> Decimal:
    return (amount * rate_to / rate_from).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def twice_rounded(amount: Decimal, rate_from: Decimal, rate_to: Decimal, decimals: int) -> Decimal:
    coarse = (amount * rate_to / rate_from).quantize(Decimal(1).scaleb(-decimals - 1))
    return coarse.quantize(Decimal(1).scaleb(-decimals))


def truncated(amount: Decimal, rate_from: Decimal, rate_to: Decimal, decimals: int) -> Decimal:
    exact = Fraction(amount) * Fraction(rate_to) / Fraction(rate_from)
    return Decimal(int(exact * 10**decimals)).scaleb(-decimals)


def upside_down(amount: Decimal, rate_from: Decimal, rate_to: Decimal, decimals: int) -> Decimal:
    return (amount * rate_from / rate_to).quantize(Decimal(1).scaleb(-decimals))


def agrees(conversion: Callable[[Decimal, Decimal, Decimal, int], Decimal]) -> bool:
    return all(
        conversion(Decimal(amount), Decimal(source), Decimal(target), decimals) == Decimal(answer)
        for amount, source, target, decimals, answer in CASES
    )


def test_the_cases_themselves_are_exact() -> None:
    assert agrees(lambda a, f, t, d: nearest_even(Fraction(a) * Fraction(t) / Fraction(f), d))
    assert agrees(by_integers)


@pytest.mark.parametrize(
    "mutant", [in_floats, divide_first, inverse_rate, half_up, twice_rounded, truncated, upside_down]
)
def test_conversions_that_are_almost_right_are_caught(mutant: Any) -> None:
    assert not agrees(mutant)


# --- which rate ------------------------------------------------------------------------------------------


def fx(known: Any = None, policy: Policy = POLICY, **changes: Any) -> tuple[Any, ...]:
    enriched = (
        land(payload(**changes), policy=policy)
        if known is None
        else land(payload(**changes), policy=policy, known=known)
    )
    row = enriched.rows.row(0, named=True)
    assert row["status"] == "OK"
    names = (
        "fx_status",
        "reporting_amount",
        "fx_rate_from",
        "fx_rate_to",
        "fx_rate_date",
        "fx_revision",
        "rounding_rule",
    )
    return tuple(row[name] for name in names)


def test_final_from_the_snapshot_of_the_applicable_day() -> None:
    rule = contract.ROUNDING_RULE
    assert fx(amount="12.30") == ("FINAL", Decimal("11.27"), Decimal("1.0912"), Decimal(1), FRIDAY, 1, rule)


def test_the_reporting_currency_needs_no_rate() -> None:
    expected = ("FINAL", Decimal("12.30"), Decimal(1), Decimal(1), None, None, contract.ROUNDING_RULE)
    assert fx(currency="EUR") == expected
    nothing = reference(rates(date(2020, 1, 2), USD="1"))
    assert fx(known=nothing, currency="EUR") == expected
    dollars = Policy(mac_key=POLICY.mac_key, reporting_currency="USD")
    assert fx(policy=dollars, known=nothing)[1] == Decimal("12.30")


def test_euro_leg_into_another_reporting_currency() -> None:
    dollars = Policy(mac_key=POLICY.mac_key, reporting_currency="USD")
    got = fx(policy=dollars, currency="EUR", amount="100.00")
    assert got[:4] == ("FINAL", Decimal("109.12"), Decimal(1), Decimal("1.0912"))


YEAR = pl.concat([rates(date(2025, 12, 1) + timedelta(days=n), USD="1.1") for n in range(400)])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 360), st.sampled_from([-1, 0, 1])), min_size=1, max_size=8))
def test_the_stage_takes_the_calendar_s_day_to_the_microsecond(days: list[tuple[int, int]]) -> None:
    """Around 16:00 in Frankfurt on any day of 2026: weekends, Easter, both changes of the clocks."""
    start = datetime(2026, 1, 1, 16, tzinfo=ZoneInfo("Europe/Berlin"))
    times = [(start + timedelta(days=n)).astimezone(UTC) + timedelta(microseconds=k) for n, k in days]
    known = reference(YEAR)
    rows = pl.DataFrame(
        {"currency": "USD", "occurred_at": times, "event_type": "capture", "amount": Decimal(1), "status": "OK"},
        schema_overrides={"amount": NUMERIC, "occurred_at": pl.Datetime("us", "UTC")},
    )
    got = stage.convert_amount(rows, known, "EUR")["fx_rate_date"].to_list()
    assert got == [calendar.applicable_date(at) for at in times]


@pytest.mark.parametrize(
    ("snapshot", "status"),
    [
        (date(2026, 11, 20), "FINAL"),
        (date(2026, 11, 19), "PROVISIONAL"),
        (date(2026, 11, 13), "PROVISIONAL"),  # five TARGET days before Friday the 20th
        (date(2026, 11, 12), "UNSUPPORTED"),
        (date(2026, 11, 23), "UNSUPPORTED"),  # published at 16:00, after this payment
    ],
)
def test_status_by_the_age_of_the_newest_snapshot(snapshot: date, status: str) -> None:
    got = fx(known=reference(rates(snapshot, USD="1.1")))
    assert got[0] == status
    assert (got[4] == snapshot) == (status != "UNSUPPORTED")


def test_a_currency_that_the_snapshot_of_the_day_lacks_is_unsupported_whatever_older_ones_say() -> None:
    known = reference(pl.concat([rates(date(2026, 11, 19), GBP="0.84", USD="1.1"), rates(FRIDAY, GBP="0.84")]))
    assert fx(known=known) == ("UNSUPPORTED", None, None, None, None, None, None)


@pytest.mark.parametrize(
    ("event_type", "effect"),
    [("capture", 1), ("refund", -1), ("chargeback", -1), ("authorization", 0), ("reversal", 0)],
)
def test_sign_of_the_settled_effect(event_type: str, effect: int) -> None:
    row = land_one(event_type=event_type)
    assert row["amount"] == Decimal("12.30")
    assert row["signed_amount"] == Decimal("12.30") * effect
    assert row["signed_reporting_amount"] == Decimal("11.27") * effect


def test_largest_amount_at_an_absurd_rate_is_unsupported_and_no_exception() -> None:
    dollars = Policy(mac_key=POLICY.mac_key, reporting_currency="USD")
    known = reference(rates(FRIDAY, GBP="0.000000001", USD="9999999"))
    got = fx(policy=dollars, known=known, currency="GBP", amount="9" * 18)
    assert got == ("UNSUPPORTED", None, None, None, None, None, None)
    assert fx(policy=dollars, known=known, currency="GBP", amount="1.00")[1] == Decimal("9999999000000000.00")
    known = reference(rates(FRIDAY, GBP="0.000001", USD="1000000"))  # the product fits, the result is no NUMERIC
    assert fx(policy=dollars, known=known, currency="GBP", amount="9" * 18)[0] == "UNSUPPORTED"


def test_the_largest_rates_that_are_accepted_do_not_overflow() -> None:
    dollars = Policy(mac_key=POLICY.mac_key, reporting_currency="CLF")
    known = reference(rates(FRIDAY, CLF="999999999999999999.999999999", GBP="999999999999999999.999999999", USD="1"))
    assert fx(policy=dollars, known=known, currency="GBP", amount="9" * 18)[1] == Decimal("9" * 18)
    assert fx(policy=dollars, known=known, currency="USD", amount="9" * 18)[0] == "UNSUPPORTED"
    assert fx(policy=dollars, known=known, currency="USD", amount="0.00")[1] == 0


def test_rows_of_many_currencies_in_one_window_get_their_own_rates() -> None:
    currencies = ["USD", "EUR", "JPY", "AED", "USD", "BHD", "EUR"]
    rows = land(*(payload(currency=code, amount="1000") for code in currencies), b"").rows
    expected = ["916.42", "1000", "6.12", None, "916.42", "2431.91", "1000", None]
    assert rows["reporting_amount"].to_list() == [None if text is None else Decimal(text) for text in expected]
    assert rows["fx_status"].to_list() == ["FINAL", "FINAL", "FINAL", "UNSUPPORTED", "FINAL", "FINAL", "FINAL", None]
