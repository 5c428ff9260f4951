"""The shipped prices and figures, read once."""

import pytest

from assets.cost import drivers, prices


@pytest.fixture(scope="session")
def book():
    return prices.read()


@pytest.fixture(scope="session")
def figures():
    return drivers.read()
