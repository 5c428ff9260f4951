"""The auditor's own arithmetic, held against cases worked by hand and against slow exact fractions."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import iso4217
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.calendar import applies_from, easter_sunday, is_target_day, target_days
from audit.group import position_check, sufficiency
from audit.money import MINOR_DIGITS, USUAL_DIGITS, convert, half_even
from audit.ports import Position
from audit.quotes import UNSUPPORTED, quote, snapshots

D = Decimal


@given(st.integers(0, 10**40), st.integers(1, 10**20))
def test_half_even_is_the_rounding_of_exact_fractions(numerator, denominator):
    assert half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@pytest.mark.parametrize(
    ("amount", "source", "target", "currency", "expected"),
    [
        ("100", "1.0812", "170.12", "JPY", "15734"),  # 15734.369...: multiply, divide once, round once
        ("0.005", "1", "1", "EUR", "0.00"),  # a tie goes to the even neighbour
        ("0.015", "1", "1", "EUR", "0.02"),
        ("0.025", "1", "1", "EUR", "0.02"),
        ("1", "3", "1", "EUR", "0.33"),
        ("1", "1", "0.42", "KWD", "0.420"),
        ("999999999999999999.9999", "0.000000001", "1", "EUR", "999999999999999999999900000.00"),
    ],
)
def test_conversion_by_hand(amount, source, target, currency, expected):
    result = convert(D(amount), D(source), D(target), currency)
    assert str(result) == expected


def test_dividing_first_would_be_caught():
    amount, source, target = D("33.33"), D("1.0007"), D("163.11")
    mutant = (amount / source).quantize(D("0.01")) * target
    assert convert(amount, source, target, "EUR") != mutant.quantize(D("0.01"))


def test_minor_units_agree_with_the_published_list():
    published = {c.code: c.exponent for c in iso4217.Currency if c.exponent is not None}
    assert {code: MINOR_DIGITS.get(code, USUAL_DIGITS) for code in published} == published


@pytest.mark.parametrize("sunday", ["2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2038-04-25"])
def test_easter(sunday):
    assert easter_sunday(date.fromisoformat(sunday).year) == date.fromisoformat(sunday)


def test_target_days_around_easter_and_christmas():
    april = [d.day for d in target_days(date(2026, 4, 1), date(2026, 4, 8))]
    assert april == [1, 2, 7, 8]
    assert [is_target_day(date(2026, 12, day)) for day in (24, 25, 26, 28, 31)] == [True, False, False, True, True]
    assert not is_target_day(date(2026, 5, 1))


def test_rates_apply_from_four_o_clock_in_frankfurt():
    assert applies_from(date(2026, 7, 1)) == datetime(2026, 7, 1, 14, tzinfo=UTC)
    assert applies_from(date(2026, 12, 1)) == datetime(2026, 12, 1, 15, tzinfo=UTC)


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAYS = target_days(date(2026, 11, 2), date(2026, 11, 30))
FRIDAY, THURSDAY = date(2026, 11, 20), date(2026, 11, 19)
ROWS = [
    (FRIDAY, "USD", D("1.08"), 1, NOON),
    (FRIDAY, "JPY", D("170"), 1, NOON),
    (FRIDAY, "USD", D("1.09"), 2, NOON + timedelta(days=1)),
    (THURSDAY, "USD", D("1.07"), 1, NOON),
]


def test_a_version_knows_the_newest_whole_revision_recorded_by_then():
    early, late = snapshots(ROWS, NOON), snapshots(ROWS, NOON + timedelta(days=1))
    assert early[FRIDAY].rates == {"USD": D("1.08"), "JPY": D("170")}
    assert (late[FRIDAY].revision, late[FRIDAY].rates) == (2, {"USD": D("1.09")})


def test_final_provisional_unsupported():
    known = snapshots(ROWS, NOON)
    final = quote(known, DAYS, FRIDAY, "USD", "EUR")
    assert (final.status, final.rate_date, final.rate_from, final.rate_to) == ("FINAL", FRIDAY, D("1.08"), 1)
    week_later = quote(known, DAYS, date(2026, 11, 27), "USD", "EUR")
    assert (week_later.status, week_later.rate_date) == ("PROVISIONAL", FRIDAY)
    assert quote(known, DAYS, date(2026, 11, 30), "USD", "EUR") == UNSUPPORTED  # six TARGET days
    assert quote(known, DAYS, THURSDAY, "JPY", "EUR") == UNSUPPORTED  # no older snapshot stands in for a hole
    assert quote(known, DAYS, FRIDAY, "KES", "EUR") == UNSUPPORTED
    assert quote({}, DAYS, FRIDAY, "USD", "EUR") == UNSUPPORTED


def test_the_reporting_currency_itself_needs_no_snapshot():
    own = quote({}, DAYS, FRIDAY, "EUR", "EUR")
    assert (own.status, own.rate_date, own.revision, own.rate_from, own.rate_to) == ("FINAL", None, None, 1, 1)


@pytest.mark.parametrize(
    ("position", "passes"),
    [
        (Position(0, 0, 10, 10), True),
        (Position(0, 0, 10, 9), False),
        (Position(0, 0, 10, None), False),
        (Position(0, 10, 10, None), True),
    ],
    ids=["at the end", "one short", "never committed", "empty"],
)
def test_the_group_must_have_reached_the_end_of_every_partition(position, passes):
    assert position_check([position, Position(1, 0, 5, 5)]).passed == passes


def test_no_partition_at_all_is_no_proof():
    assert not position_check([]).passed


@pytest.mark.parametrize("lacking", ["runs", "acked", "rows", "positions"])
def test_too_little_of_anything_fails(lacking):
    enough = {"runs": 1, "acked": 100, "rows": 100, "positions": 6}
    assert sufficiency(enough, 100).passed
    check = sufficiency(enough | {lacking: 0}, 100)
    assert not check.passed
    assert len(check.offenders) == 1
