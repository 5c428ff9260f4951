"""The production protocol in a hostile world: nothing lost, nothing doubled; each tempting shortcut is caught."""

from collections import Counter

import pytest
from hostile_worlds import LandsPrefixes, TrimsOften
from mutants import MUTANTS, Mutant
from simulation import run

SEEDS = range(30)


def test_storms_neither_lose_nor_double():
    happened: Counter[str] = Counter()
    for seed in SEEDS:
        outcome = run(seed)
        assert outcome.halted is None, f"seed {seed}: {outcome.halted}"
        assert (outcome.missing, outcome.doubled) == (0, 0), f"seed {seed}: {outcome}"
        happened += outcome.happened
    expected = {"crash", "zombie", "expired", "commit lost", "commit late", "append late", "already exists"}
    expected |= {"append applied, answer lost", "finalize late", "finalize again", "stream not found", "trim"}
    expected |= {"left in order", "open late", "rows rejected", "append over quota", "append denied"}
    expected |= {"position unanswered", "count unanswered", "highest unanswered", "commit rebalancing"}
    assert expected <= set(happened), f"the storm never had {expected - set(happened)}"


@pytest.mark.parametrize("world", [TrimsOften, LandsPrefixes])
def test_retention_close_behind_and_appends_that_land_in_part_change_nothing(world):
    for seed in range(10):
        outcome = run(seed, world_of=world)
        assert (outcome.missing, outcome.doubled, outcome.halted) == (0, 0, None), f"seed {seed}: {outcome}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_shortcut_dies(mutant: Mutant):
    assert any(mutant.dies_in(seed) for seed in range(40)), f"nothing notices: {mutant.name}"
