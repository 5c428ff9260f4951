"""Every tempting shortcut is seen by the test that names it; without it, that test passes."""

import pytest
from reference_mutants import MUTANTS, alive


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_dies(name):
    sees = MUTANTS[name][1]
    sees()
    with alive(name), pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
        sees()
