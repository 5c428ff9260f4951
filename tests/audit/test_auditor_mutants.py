"""The auditor is audited: one that is a little blind is found out, by a sabotage it lets pass or a good landing it does
not."""

import pytest
from audit_world import FixedGroup, translated
from auditor_mutants import GOOD, MUTANTS
from sabotages import SABOTAGES

import audit.run

pytestmark = pytest.mark.integration  # a database with a temporary folder, not pure


def judged_rightly(world, reader, told_by: str) -> bool:
    """Whether the auditor, as it is now, says of this landing what is true."""
    if told_by == GOOD:
        return audited(world, reader).passed
    (case,) = [case for case in SABOTAGES if case.name == told_by]
    with reader.sabotaged(*map(translated, case.changes)):
        report = audited(world, reader)
    return case.caught_by <= {check.name for check in report.checks if not check.passed}


def audited(world, reader):
    return audit.run.run([world.ledger], reader, FixedGroup(world.positions))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_blind_auditor_is_found_out(world, reader, name, monkeypatch):
    mutant = MUTANTS[name]
    assert judged_rightly(world, reader, mutant.told_by)
    monkeypatch.setattr(audit.run, mutant.entry, mutant.made())
    assert not judged_rightly(world, reader, mutant.told_by)
