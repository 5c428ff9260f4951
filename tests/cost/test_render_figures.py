from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost.render import figures


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        ("0", "$0"), ("0.001", "<$0.01"), ("-0.001", "-<$0.01"), ("0.0099", "<$0.01"), ("0.01", "$0.01"),
        ("9.996", "$10.00"),
        ("99.99", "$99.99"), ("99.995", "$100"), ("1234.5", "$1,234"), ("-45.9", "-$45.90"), ("-1e6", "-$1,000,000"),
    ],
)  # fmt: skip
def test_dollars_have_the_digits_they_are_worth(usd, text):
    assert figures.dollars(Decimal(usd)) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [("0", "0 %"), ("0.001", "<1 %"), ("0.125", "12 %"), ("1", "100 %"), ("5.761", "576 %"), ("57.6", "58x")],
)
def test_shares(part, text):
    assert figures.share(Decimal(part)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("0.01234567", "0.01235"),
        ("12.3456", "12.35"),
        ("999.96", "1,000"),
        ("12345.6", "12,346"),
        ("50", "50"),
    ],
)
def test_quantities(value, text):
    assert figures.quantity(Decimal(value)) == text


@given(st.decimals("0.0000001", "1e15", allow_nan=False, places=9), st.integers(1, 6))
def test_rounding_is_off_by_half_a_digit_at_most(value, digits):
    shown = figures.rounded(value, digits)
    assert abs(shown - value) <= abs(value) * Decimal(10) ** (1 - digits) / 2 or not value
    assert "E" not in f"{shown:f}"


@given(st.decimals("-1e12", "1e12", allow_nan=False, places=4))
def test_dollars_never_show_nothing_for_something(usd):
    assert (figures.dollars(usd) == "$0") == (usd == 0)
