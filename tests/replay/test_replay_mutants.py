"""Every tempting shortcut is seen by the test that names it; without it, that test passes."""

import pytest
from replay_mutants import MUTANTS, alive

pytestmark = pytest.mark.integration  # a database in memory, not pure


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_dies(name):
    sees = MUTANTS[name][3]
    sees()
    with alive(name), pytest.raises(AssertionError):
        sees()
