"""Each tempting shortcut in the calendar is seen by the test that is named for it."""

import pytest
from schedule_mutants import MUTANTS

from orchestration.schedules import calendar


@pytest.fixture(autouse=True)
def no_ticks_remembered():
    calendar._of_day.cache_clear()
    yield
    calendar._of_day.cache_clear()


@pytest.mark.parametrize("name", MUTANTS)
def test_the_mutant_dies(name, monkeypatch):
    planted, killer = MUTANTS[name]
    monkeypatch.setattr(*planted)
    with pytest.raises((AssertionError, ValueError)):  # a day without TARGET has no publication
        killer()


@pytest.mark.parametrize("name", MUTANTS)
def test_without_the_mutant_its_killer_passes(name):
    MUTANTS[name][1]()
