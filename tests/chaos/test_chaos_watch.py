"""The book of deaths: whose was ordered, whose was not, and that a failpoint arms one start alone."""

import json
import os
import signal
import sys

import pytest

from benchmarks.chaos.watching import Failed, Watch
from sandbox.demo.consumers import Crew

pytestmark = pytest.mark.integration  # real processes

PROGRAM = "import os, time; print(os.environ.get('TIDEMARK_FAILPOINT', 'unarmed'), flush=True); time.sleep(600)"
"""A process that says how it is armed and lives on."""


@pytest.fixture
def watch(tmp_path):
    crew = Crew(tmp_path, {}, 1, command=(sys.executable, "-c", PROGRAM))
    crew.start()
    yield Watch(crew)
    crew.terminate(0.5)


def said(watch):
    return watch.member("member-1").log.read_text().split()


def test_a_failpoint_arms_the_next_start_alone(watch):
    watch.until(lambda: said(watch) == ["unarmed"], "it runs", 30)
    watch.crew.next_start["member-1"] = {"TIDEMARK_FAILPOINT": "skip:kill:1"}
    for count, last in ((2, "skip:kill:1"), (3, "unarmed")):
        kill = watch.kill("member-1")
        assert kill.at is not None
        watch.until(lambda count=count: len(said(watch)) == count, "it runs again", 30)
        assert said(watch)[-1] == last
    assert [kill.cut_short for kill in watch.kills] == [True, False], "killed again before it was at work"
    assert watch.unexpected == []


def test_a_death_that_was_not_ordered_is_noted(watch):
    process = watch.member("member-1").process
    os.kill(process.pid, signal.SIGKILL)
    watch.until(lambda: watch.unexpected, "it is found", 30)
    assert watch.unexpected[0].startswith("member-1 ended with code -9")


def test_a_process_that_was_told_to_end_may(watch):
    pid = watch.dismiss("member-1")
    watch.until(lambda: watch.member("member-1").pid not in (None, pid), "another runs", 30)
    assert len(watch.unexpected) == 1, "by the signal's default action, which is not a drain"


def test_what_does_not_come_is_said_with_its_limit(watch):
    with pytest.raises(Failed, match=r"not within 0.1 s: rain"):
        watch.until(lambda: False, "rain", 0.1)


def test_a_member_is_back_when_all_that_it_held_is_delivered_by_somebody(tmp_path):
    """A successor that delivers less than it had, while the rest is nobody's, is not."""
    crew = Crew(tmp_path, {}, 2, command=(sys.executable, "-c", PROGRAM))
    crew.start()
    watch = Watch(crew)
    (tmp_path / "heartbeats").mkdir()

    def beat(name, partitions, state="running"):
        facts = {"pid": watch.member(name).pid, "state": state, "partitions": partitions}
        (tmp_path / "heartbeats" / f"{name}.json").write_text(json.dumps(facts))

    try:
        beat("member-1", [0, 1, 2])
        beat("member-2", [3, 4, 5])
        kill = watch.kill("member-1")
        assert kill.held == {0, 1, 2}
        watch.until(lambda: watch.member("member-1").pid not in (None, kill.pid), "it runs again", 30)
        for state, mine, others in (
            ("recovering", [0, 1, 2], [3, 4, 5]),
            ("running", [], [3, 4, 5]),
            ("running", [0], [3, 4, 5]),
            ("running", [0], [2, 3, 4, 5]),
        ):
            beat("member-1", mine, state)
            beat("member-2", others)
            watch.tend()
            assert kill.recovered_s is None, (state, mine, others)
        beat("member-2", [1, 2, 3, 4, 5])
        watch.tend()
        assert kill.recovered_s is not None
    finally:
        crew.terminate(0.5)
