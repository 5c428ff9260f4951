"""What the CHECK is for: a service that breaks its promises is met with a halt, and both numbers, not with silence."""

import re
from collections.abc import Callable
from dataclasses import replace

import hostile_worlds as worlds
import pytest
from mutants import Mutant
from recovery_mutants import no_check
from simulated_worker import ChecksBehind
from simulation import Outcome, run
from worker_mutants import IgnoresTheLogsStart

from streaming.ports import Commit
from streaming.protocol import partition as owner
from streaming.protocol import recovery
from streaming.protocol.halts import HaltReason
from streaming.protocol.partition import Partition

UNCHECKED = {(owner, "check"): no_check}


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch):
    monkeypatch.setattr(recovery, "VISIBILITY_S", 3.0)  # the simulation has no clock: fewer turns of the same loop


def outcomes(mutant: Mutant, seeds: int) -> list[Outcome]:
    return [mutant.outcome(seed) for seed in range(seeds)]


def halted(outcome: Outcome) -> bool:
    return outcome.halted is not None


@pytest.mark.parametrize("world", [worlds.CountsTooMany, worlds.CountsTooFew, worlds.AppliesAfterFinalize])
def test_a_broken_promise_never_loses_a_record_in_silence(world):
    seen = outcomes(Mutant("checked", world=world), 20)
    assert not [o for o in seen if o.lost]
    assert any(map(halted, seen))
    for outcome in filter(halted, seen):
        halt = outcome.halted
        assert halt is not None
        assert halt.reason is HaltReason.COUNT_MISMATCH
        said = str(halt).partition("offset")[2]  # both numbers: the streams' and the table's, or the commit's
        one, other = map(int, re.findall(r"(?:count|holds) (\d+) rows, the (?:table|stream counts) (\d+)", said)[0])
        assert one != other


@pytest.mark.parametrize(
    ("world", "harm"),
    [
        (worlds.CountsTooMany, lambda o: o.lost),
        (worlds.CountsTooFew, lambda o: o.doubled),
        (worlds.AppliesAfterFinalize, lambda o: o.doubled),
    ],
)
def test_without_the_check_the_same_worlds_do_harm(world, harm: Callable[[Outcome], int]):
    assert any(harm(outcome) for outcome in outcomes(Mutant("unchecked", world=world, patches=UNCHECKED), 8))


def test_a_compacted_topic_defeats_even_the_check_so_start_up_refuses_it():
    """tests/runner/test_start_facts.py holds the refusal; this is its reason."""
    seen = outcomes(Mutant("compacted", world=worlds.Compacts), 8)
    assert any(o.lost and not o.halted for o in seen)


def test_rows_that_show_late_are_waited_for_where_a_stream_is_counted(monkeypatch):
    monkeypatch.undo()
    for seed in range(12):
        outcome = run(seed, world_of=worlds.ShowsLateAndKeepsStreams)
        assert (outcome.missing, outcome.doubled, outcome.halted) == (0, 0, None), f"seed {seed}: {outcome}"
    monkeypatch.setattr(recovery, "VISIBILITY_S", 0.0)
    assert any(map(halted, outcomes(Mutant("impatient", world=worlds.ShowsLateAndKeepsStreams), 12)))


def test_where_a_stream_is_gone_the_highest_row_must_show_at_once():
    """What the resumption from the table rests on (docs/delivery-guarantees.md): BigQuery says that rows of a
    COMMITTED stream can be read as soon as they are acknowledged. A service that shows them later has them twice."""
    assert any(outcome.doubled for outcome in outcomes(Mutant("late", world=worlds.ShowsLate), 20))


def test_records_that_retention_took_halt_the_partition_with_the_range():
    seen = outcomes(Mutant("outrun", world=worlds.DeletesUnlanded), 20)
    assert sum(map(halted, seen)) > 5
    for seed, outcome in enumerate(seen):
        assert (outcome.lost, outcome.doubled) == (0, 0)
        halt = outcome.halted
        assert (outcome.missing > 0) == (halt is not None), f"seed {seed}"
        if halt is not None:
            assert halt.reason is HaltReason.BELOW_LOG
            first, last = map(int, re.findall(r"offsets (\d+) to (\d+) are gone", str(halt))[0])
            assert outcome.first_missing is not None
            assert first <= min(last, outcome.first_missing)  # a range may hold nothing but a gap: nobody can know
    heedless = Mutant("heedless", worker=IgnoresTheLogsStart, world=worlds.DeletesUnlanded)
    assert any(outcome.lost for outcome in outcomes(heedless, 6))


class SeldomCountsTooMany(worlds.CountsTooMany):
    """Two broken promises at once, a wrong count and a stream gone within the check, are beyond a check behind."""

    rate = 0.1
    expiry_rate = trim_rate = 0.0


class CommitsUnchecked(Partition):
    """The old commit does not wait for the check: after a crash nobody counts from there again."""

    def commit_due(self, last: bool = False) -> Commit | None:
        self.checked = self.start
        return super().commit_due(last)


def test_a_check_behind_the_appends_finds_what_the_check_before_them_finds():
    behind = Mutant("behind", worker=ChecksBehind, world=SeldomCountsTooMany)
    assert not [o for o in outcomes(behind, 20) if o.lost and not o.halted]
    mutant = replace(behind, partition=CommitsUnchecked)
    assert [o for o in outcomes(mutant, 12) if o.lost and not o.halted]


def test_a_check_behind_the_appends_stops_nothing_where_promises_are_kept():
    for seed in range(10):
        outcome = run(seed, worker_of=ChecksBehind)
        assert (outcome.missing, outcome.doubled, outcome.halted) == (0, 0, None), f"seed {seed}: {outcome}"
