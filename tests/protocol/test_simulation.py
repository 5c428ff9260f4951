"""The production protocol in a hostile world: nothing lost, nothing doubled; each tempting shortcut is caught."""

from collections import Counter

import pytest
import simulated_world as sim

SEEDS = range(60)


def test_storms_neither_lose_nor_double():
    happened: Counter[str] = Counter()
    for seed in SEEDS:
        outcome = sim.run(seed)
        assert outcome.halted is None, f"seed {seed}: {outcome.halted}"
        assert (outcome.lost, outcome.doubled) == (0, 0), f"seed {seed}: {outcome}"
        happened += outcome.happened
    expected = {"crash", "zombie", "expired", "commit lost", "commit late", "append late", "already exists"}
    expected |= {"append applied, answer lost", "finalize late", "finalize again", "stream not found", "trim"}
    assert expected <= set(happened), f"the storm never had {expected - set(happened)}"
