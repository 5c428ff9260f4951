"""Two processes under one static id: one of them ends with one line; a process that slept too long does not."""

import pytest
from test_service import Process

from streaming.adapters.memory_broker import MemoryBroker
from streaming.member_process import EXIT_LEASE_HELD, FATAL_CODES
from streaming.ports import Polled, Records
from streaming.runner.rivals import LIMIT, WITHIN_S, Rivals
from streaming.service import StartRefused, serve

FENCED = "Static consumer fenced by other consumer with same group.instance.id"


class Hands:
    """A clock that is moved by hand."""

    def __init__(self):
        self.at = 100.0

    def monotonic(self):
        return self.at


def after(*waits):
    """What is found after being put out once and again after each wait, seconds."""
    clock = Hands()
    rivals = Rivals(clock)
    rivals.put_out("first")
    for wait in waits:
        clock.at += wait
        rivals.put_out(FENCED)
    return rivals.found()


def test_nobody_is_a_rival_at_first():
    assert Rivals(Hands()).found() is None


@pytest.mark.parametrize(
    ("waits", "found"),
    [
        ([], None),
        ([0.7] * (LIMIT - 2), None),
        ([0.7] * (LIMIT - 1), FENCED),
        ([WITHIN_S / (LIMIT - 1)] * (LIMIT - 1), FENCED),
        ([WITHIN_S / (LIMIT - 1) + 0.1] * 50, None),
        ([300.0] + [0.7] * (LIMIT - 2), None),
        ([300.0] + [0.7] * (LIMIT - 1), FENCED),
    ],
)
def test_only_often_and_soon_is_a_rival(waits, found):
    assert after(*waits) == found


class PutOut(MemoryBroker):
    """Says that it is dead at each of its first polls of a life."""

    def __init__(self, *arguments, lives):
        super().__init__(*arguments)
        self.lives = lives

    def poll(self, max_records, timeout_s):
        if self.lives > 0:
            self.lives -= 1
            return Polled(Records((), (), (), ()), (), (), FENCED)
        return super().poll(max_records, timeout_s)


@pytest.mark.integration
def test_a_member_that_is_put_out_again_and_again_ends_with_one_line(tmp_path):
    process = Process(tmp_path)
    process.world = replaced(process, lives=50)
    with pytest.raises(StartRefused, match="another process plays member-0") as ended:
        serve(process.world, process.settings, process.stop)
    assert ended.value.code == EXIT_LEASE_HELD
    assert EXIT_LEASE_HELD not in FATAL_CODES, "whoever starts members may try again"
    assert "TIDEMARK_MEMBER" in str(ended.value)
    assert "\n" not in str(ended.value)


@pytest.mark.integration
def test_a_member_that_is_put_out_twice_goes_on(tmp_path):
    process = Process(tmp_path)
    process.world = replaced(process, lives=LIMIT - 1)
    process.produce()
    assert serve(process.world, process.settings, process.stop) == 0
    assert process.warehouse.landed >= 300


def replaced(process, lives):
    from dataclasses import replace

    return replace(process.world, broker=PutOut(process.cluster, "member-0", lives=lives))
