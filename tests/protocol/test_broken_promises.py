"""What the CHECK is for: a service that breaks its promises is met with a halt, and both numbers, not with silence."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
import simulated_world as sim
from mutants import Mutant, no_check

from streaming.ports import Commit
from streaming.protocol import partition as owner
from streaming.protocol import recovery
from streaming.protocol.halts import HaltReason
from streaming.protocol.partition import Partition

UNCHECKED = {(owner, "check"): no_check}


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch):
    monkeypatch.setattr(recovery, "VISIBILITY_S", 3.0)  # the simulation has no clock: fewer turns of the same loop


def outcomes(mutant: Mutant, seeds: int) -> list[sim.Outcome]:
    return [mutant.outcome(seed) for seed in range(seeds)]


def halted(outcome: sim.Outcome) -> bool:
    return outcome.halted is not None


@pytest.mark.parametrize("world", [sim.CountsTooMany, sim.CountsTooFew, sim.AppliesAfterFinalize])
def test_a_broken_promise_never_loses_a_record_in_silence(world):
    seen = outcomes(Mutant("checked", world=world), 20)
    assert not [o for o in seen if o.lost]
    assert any(map(halted, seen))
    for outcome in filter(halted, seen):
        halt = outcome.halted
        assert halt is not None
        assert halt.reason is HaltReason.COUNT_MISMATCH
        counted, found = map(int, re.findall(r"count (\d+) rows, the table (\d+)", str(halt))[0])
        assert counted != found


@pytest.mark.parametrize(
    ("world", "harm"),
    [
        (sim.CountsTooMany, lambda o: o.lost),
        (sim.CountsTooFew, lambda o: o.doubled),
        (sim.AppliesAfterFinalize, lambda o: o.doubled),
    ],
)
def test_without_the_check_the_same_worlds_do_harm(world, harm: Callable[[sim.Outcome], int]):
    assert any(harm(outcome) for outcome in outcomes(Mutant("unchecked", world=world, patches=UNCHECKED), 8))


def test_a_compacted_topic_defeats_even_the_check_so_start_up_refuses_it():
    """tests/runner/test_start_facts.py holds the refusal; this is its reason."""
    seen = outcomes(Mutant("compacted", world=sim.Compacts), 8)
    assert any(o.lost and not o.halted for o in seen)


class SeldomCountsTooMany(sim.CountsTooMany):
    """Two broken promises at once, a wrong count and a stream gone within the check, are beyond a check behind."""

    rate = 0.1
    expiry_rate = trim_rate = 0.0


class CommitsUnchecked(Partition):
    """The old commit does not wait for the check: after a crash nobody counts from there again."""

    def commit_due(self, last: bool = False) -> Commit | None:
        self.checked = self.start
        return super().commit_due(last)


def test_a_check_behind_the_appends_finds_what_the_check_before_them_finds():
    behind = Mutant("behind", worker=sim.ChecksBehind, world=SeldomCountsTooMany)
    assert not [o for o in outcomes(behind, 20) if o.lost and not o.halted]
    mutant = replace(behind, partition=CommitsUnchecked)
    assert [o for o in outcomes(mutant, 12) if o.lost and not o.halted]


def test_a_check_behind_the_appends_stops_nothing_where_promises_are_kept():
    for seed in range(10):
        outcome = sim.run(seed, worker_of=sim.ChecksBehind)
        assert (outcome.missing, outcome.doubled, outcome.halted) == (0, 0, None), f"seed {seed}: {outcome}"
