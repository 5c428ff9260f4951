"""Hypothesis chooses the faults and their order; the protocol keeps every claim, and shortcuts break one.

The rarer ones take hundreds of examples: `mutants.py` counts them, and tests/protocol/test_simulation.py kills all.
"""

import pytest
from delivery_machine import Delivery, examples_until_noticed
from hypothesis import settings
from mutants import MUTANTS

TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)

SOON = (
    *("commit before the ack", "append before publishing", "publish after the skip", "skip twice"),
    *("ignore NOT_FOUND", "epochs from a counter", "count without finalizing", "commit in two parts"),
)


@pytest.mark.parametrize("name", SOON)
def test_a_shortcut_breaks_a_claim(name):
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    assert examples_until_noticed(mutant, 60), f"nothing notices: {name}"
