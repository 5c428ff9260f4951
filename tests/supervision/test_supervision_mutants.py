"""The tests of the supervisor can fail: each tempting shortcut fails the scenario named beside it."""

import pytest
from supervision_mutants import MUTANTS, alive, in_some_course


@pytest.mark.parametrize("name", MUTANTS)
def test_each_shortcut_is_seen(name):
    scenario = MUTANTS[name][1]
    with alive(name), pytest.raises(Exception):  # noqa: B017  # whatever it dies of
        scenario()


def test_without_a_shortcut_the_same_courses_pass():
    in_some_course()
