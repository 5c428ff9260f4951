"""Every halt is one line that says what, why, and the command that lets the partition go on."""

import pytest

from streaming.protocol.halts import RESUME_FROM, Halt, HaltReason


@pytest.mark.parametrize("reason", HaltReason)
def test_a_halt_says_what_to_type(reason):
    text = str(Halt(5, reason, "7 and 8"))
    assert text.startswith(f"partition 5 halted: {reason.value}: 7 and 8; ")
    assert "\n" not in text
    if RESUME_FROM[reason] is None:
        assert "restart the consumer" in text
    else:
        assert f"`tidemark recover --partition 5 --from {RESUME_FROM[reason]}`" in text


def test_every_reason_has_its_way_on():
    assert set(RESUME_FROM) == set(HaltReason)
    assert set(RESUME_FROM.values()) <= {"beginning", "commit", "table", None}
