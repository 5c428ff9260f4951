"""What is read of a member that does not run."""

import pytest

from orchestration.supervision.facts import exit_path, gather, spawned_path

pytestmark = pytest.mark.integration  # files


@pytest.mark.parametrize(("spawned", "code"), [("8", None), ("7", 137), ("", 137)])
def test_the_end_of_a_former_process_is_not_that_of_the_one_just_started(tmp_path, spawned, code):
    """Its shell may note it late; read as the new one's end, it would start another beside it."""
    exit_path(tmp_path, "member-1").parent.mkdir()
    exit_path(tmp_path, "member-1").write_text("7 137\n")
    spawned_path(tmp_path, "member-1").write_text(spawned)
    (fact,) = gather(tmp_path, ["member-1"])
    assert (fact.exit_code, fact.exit_pid) == (code, None if code is None else 7)
