"""Whatever turns red or halts has its entry: what it means, where to look, how to mend it."""

import pytest
from runbook_page import named, rows, section

from assets.checks.catalogue import CHECKS as BY_SQL
from orchestration.schedules.calendar import RULES
from orchestration.schedules.definitions import ASSETS, job_name
from orchestration.supervision.judging import CHECKS as OF_THE_STREAM
from streaming.member_process import EXIT_LEASE_HELD, EXIT_REFUSED, EXIT_UNAVAILABLE, EXIT_USAGE
from streaming.protocol.halts import RESUME_FROM, HaltReason

pytestmark = pytest.mark.integration  # Dagster itself, which takes a second to import

RED, HALTED = "Dagster shows red", "A partition is halted"
APART = {"three_way_ledger", "projection_within_band"}
"""Checks that are neither by SQL nor of the stream's figures."""
JOBS = {job_name(asset) for asset in ASSETS} | {rule.job for rule in RULES if rule.job not in ASSETS}


@pytest.mark.parametrize("name", sorted({*OF_THE_STREAM, *(check.name for check in BY_SQL), *JOBS, *APART}))
def test_every_check_and_every_job_that_runs_by_itself_has_an_entry(name):
    entries = [row for row in rows(RED) if name in named(row[0])]
    assert entries
    for _, means, look, mend in entries:
        assert min(map(len, (means, look, mend))) > 3


def test_no_entry_is_about_a_check_or_a_job_that_does_not_exist():
    known = {*OF_THE_STREAM, *(check.name for check in BY_SQL), *JOBS, *APART, "payments", "lease_not_taken"}
    assert {name for row in rows(RED) for name in named(row[0])} <= known


def test_every_halt_has_its_row_and_its_command_is_the_one_that_the_halt_names():
    commands = {next(iter(named(halt))): go_on for halt, _, go_on, _ in rows(HALTED)}
    assert set(commands) == {reason.name for reason in HaltReason}
    for reason, source in RESUME_FROM.items():
        told = commands[reason.name]
        assert (f"tidemark recover --partition N --from {source}" in told) == (source is not None)
        assert source is not None or "tidemark stream start" in told


def test_every_exit_code_has_its_row():
    told = {int(code) for code, *_ in rows("Exit codes of the consumer")}
    assert told >= {0, EXIT_USAGE, EXIT_REFUSED, EXIT_LEASE_HELD, EXIT_UNAVAILABLE}


def test_the_halted_groups_commands_are_in_their_order():
    told = section(HALTED)
    order = [told.index(words) for words in ("tidemark stream stop", "--from table --yes", "tidemark stream start")]
    assert order == sorted(order)
