"""Each tempting shortcut in a check gives a wrong answer in the state that is named for it."""

import pytest
from check_mutants import GOOD, MUTANTS, with_mutant
from checks_world import DEFECTS, DuckWarehouse

pytestmark = pytest.mark.integration  # a database in memory, not pure


@pytest.fixture(scope="module")
def warehouse():
    return DuckWarehouse()


@pytest.mark.parametrize("name", MUTANTS)
def test_the_mutant_errs(warehouse, name):
    state = next(one for one in (GOOD, *DEFECTS) if one.name == MUTANTS[name][2])
    try:
        warehouse.apply(state)
        assert warehouse.failing() == state.found_by
        assert warehouse.failing(with_mutant(name)) != state.found_by
    finally:
        warehouse.undo()
