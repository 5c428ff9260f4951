"""Units of bills: powers of two and of ten are not the same thing."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.cost import units
from assets.cost.prices import read


def test_a_gib_is_seven_percent_more_than_a_gb():
    assert Decimal("1.073741824") == units.GIB / units.GB
    assert Decimal("1.099511627776") == units.TIB / units.TB


@pytest.mark.parametrize(
    ("unit", "size"),
    [("MiB", 2**20), ("GiB", 2**30), ("TiB", 2**40), ("MB", 10**6), ("GB", 10**9), ("TB", 10**12)],
)
def test_bytes_become_units(unit, size):
    assert units.in_unit(Decimal(3 * size), unit) == 3
    assert units.in_unit(Decimal(3 * size), f"{unit}-month") == 3


def test_a_unit_that_is_not_one_of_data_is_refused():
    with pytest.raises(KeyError):
        units.in_unit(Decimal(1), "DCU-hour")


@given(st.integers(0, 10**18))
def test_the_larger_unit_gives_the_smaller_number(size):
    quantity = Decimal(size)
    assert units.in_unit(quantity, "GiB") <= units.in_unit(quantity, "GB")
    assert units.in_unit(quantity, "GiB") * units.GIB == pytest.approx(quantity)


def test_a_month_is_a_twelfth_of_365_days():
    assert units.HOURS_A_MONTH * 12 == 365 * 24
    assert units.DAYS_A_MONTH * 12 == 365
    assert units.SECONDS_A_MONTH == 2_628_000


def test_every_price_of_data_names_a_unit_that_is_known():
    """`GB` where GiB is meant would pass unseen: at least no third spelling is in the book."""
    spoken = {price.unit.partition("-")[0] for price in read().prices}
    data = {unit for unit in spoken if unit.lower() in {"b", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib"}}
    assert data <= set(units.BYTES_OF)
