"""Each halt, reached, recovered from by the runbook's command, and what that lost: no more than the runbook says."""

import re

import pytest
from halt_worlds import WORLDS, goes_on, halted, landed, recover
from runbook_page import named, rows
from runner_rig import worked

from orchestration import recovering
from orchestration.recovering import NothingToRecover
from streaming.protocol.halts import HaltReason

TABLE = {next(iter(named(halt))): (go_on, loses) for halt, _, go_on, loses in rows("A partition is halted")}


def source(reason: HaltReason) -> str | None:
    """Where the runbook says to go on from; None where a restart is enough."""
    found = re.search(r"tidemark recover --partition N --from (\w+)", TABLE[reason.name][0])
    return found and found[1]


@pytest.mark.parametrize("reason", HaltReason, ids=lambda reason: reason.name)
def test_the_runbooks_command_lets_the_partition_go_on(reason):
    rig = worked()
    WORLDS[reason].happens(rig)
    said = halted(rig, reason)
    assert reason.value in said
    if (wanted := source(reason)) is not None:
        assert f"--from {wanted}`" in said
        recover(rig, wanted)
    goes_on(rig)
    times = landed(rig)
    everything = set(range(1, max(times) + 1))
    assert everything - set(times) == WORLDS[reason].lost
    assert set(times.values()) == {1}, "landed twice"


@pytest.mark.parametrize("reason", HaltReason, ids=lambda reason: reason.name)
def test_the_runbook_says_nothing_is_lost_only_where_nothing_is(reason):
    word = TABLE[reason.name][1].split(",")[0].split(":")[0]
    assert word == ("records" if WORLDS[reason].lost else "nothing")


LASTING = [reason for reason, world in WORLDS.items() if world.lost or reason is HaltReason.BEYOND_LOG]
"""Halts whose cause nothing but the command ends."""


@pytest.mark.parametrize("reason", LASTING, ids=lambda reason: reason.name)
def test_without_the_command_it_halts_again_and_lands_nothing(reason):
    rig = worked()
    WORLDS[reason].happens(rig)
    halted(rig, reason)
    before = landed(rig)
    assert reason.value in halted(rig, reason)
    assert landed(rig) == before


def test_a_replaced_table_can_be_filled_from_the_log_instead():
    rig = worked()
    WORLDS[HaltReason.TABLE_REPLACED].happens(rig)
    halted(rig, HaltReason.TABLE_REPLACED)
    recover(rig, "beginning")
    goes_on(rig)
    assert set(landed(rig)) == set(range(1, 9))


def test_a_log_that_was_cut_refuses_until_it_has_grown_past_what_landed():
    rig = worked()
    log = rig.cluster.logs[0]
    log._entries, log.end = log._entries[:3], 3  # an election of a leader that had less
    halted(rig, HaltReason.BEYOND_LOG)
    with pytest.raises(NothingToRecover, match=r"offset 5 is outside the log \[0, 3\)"):
        recover(rig, "table")
    rig.produce(0, 3)  # offsets 3 to 5
    recover(rig, "table")
    goes_on(rig)
    assert set(range(1, 12)) - set(landed(rig)) == {6, 7}


def test_the_offsets_that_are_lost_are_named_before_anybody_says_yes():
    rig = worked()
    WORLDS[HaltReason.BELOW_LOG].happens(rig)
    halted(rig, HaltReason.BELOW_LOG)
    assert any("offsets 5 to 6" in line and "LOST" in line for line in recover(rig, "beginning"))
    rig = worked()
    WORLDS[HaltReason.COUNT_MISMATCH].happens(rig)
    halted(rig, HaltReason.COUNT_MISMATCH)
    assert any(line.startswith("3 of the 9 offsets from 0 to 8 have no live row") for line in recover(rig, "table"))


def test_a_recovery_that_starts_at_the_commit_whatever_landed_would_double_rows(monkeypatch):
    """The mutant: without its look at the table, the command would land an unknown writer's records again."""
    rig = worked()
    WORLDS[HaltReason.UNKNOWN_STREAM].happens(rig)
    halted(rig, HaltReason.UNKNOWN_STREAM)
    monkeypatch.setattr(recovering, "_offset", lambda source, before, log, highest: 5)
    with pytest.raises(NothingToRecover, match="rows would be doubled"):
        recover(rig, "table")
