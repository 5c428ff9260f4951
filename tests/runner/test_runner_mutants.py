"""The tests of the consumer can fail: each tempting shortcut in the runner fails the test named beside it."""

import pytest
from runner_mutants import MUTANTS, alive


@pytest.mark.parametrize("name", MUTANTS)
def test_each_shortcut_is_seen(name):
    scenario = MUTANTS[name][1]
    with alive(name), pytest.raises(Exception):  # noqa: B017  # whatever it dies of
        scenario()
