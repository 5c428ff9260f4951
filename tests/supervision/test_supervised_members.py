"""The supervisor with real processes: killed, stopped, hanging, failing, and started by somebody else."""

# ruff: noqa: TID251 - real processes live by the real clock

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from orchestration.supervision import spawn
from orchestration.supervision.desired import Desired, write_desired
from orchestration.supervision.facts import gather
from orchestration.supervision.model import Cursor, Limits
from orchestration.supervision.tick import Outcome, Stream, tick
from streaming.adapters.lease import holder, lease_path

pytestmark = pytest.mark.fault

STUB = Path(__file__).with_name("stub_member.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
SHORT = Limits(
    silent_s=1.5,
    first_beat_s=10.0,
    last_chance_s=0.5,
    drain_s=10.0,
    stuck_s=1.5,
    growing_s=1.0,
    start_s=10.0,
    steady_s=1.0,
    backoff_s=0.4,
    lapse_s=10.0,
    loop_s=5.0,
)


class Supervisor:
    def __init__(self, state: Path) -> None:
        self.state, self.cursor, self.outcomes = state, Cursor(), list[Outcome]()
        self.stream = Stream(state, lambda: ENVIRONMENT, (sys.executable, str(STUB), str(state)))

    def want(self, running: bool, members: int = 1) -> None:
        write_desired(self.state, Desired(running, members, datetime.now(UTC), "a test"))

    def tick(self) -> Outcome:
        outcome = tick(self.stream, self.cursor, datetime.now(UTC), lambda: 0.5, SHORT)
        self.cursor = Cursor.from_json(outcome.cursor.to_json())
        self.outcomes.append(outcome)
        return outcome

    def until(self, met, within: float = 20.0):
        """Tick until the answer is true, and return it."""
        deadline = time.monotonic() + within
        while not (answer := met(self.tick())):
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)
        return answer

    def pid(self, member: str = "member-1") -> int | None:
        """The process that holds the lease and has heartbeat."""
        (fact,) = [fact for fact in gather(self.state, [member]) if fact.member == member]
        return fact.pid if fact.lease_held and fact.beat_pid == fact.pid else None

    def said(self) -> list[str]:
        return [line for outcome in self.outcomes for line in (*outcome.lines, *outcome.alarms)]

    def other(self, pid: int) -> int | None:
        return new if (new := self.pid()) and new != pid else None


@pytest.fixture
def supervisor(tmp_path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path)
    yield supervisor
    for path in (tmp_path / "leases").glob("*.lock"):
        held = holder(tmp_path, path.stem)
        if held and held.pid:
            os.kill(held.pid, signal.SIGKILL)


def test_a_killed_member_is_started_again_detached_from_whoever_started_it(supervisor):
    supervisor.want(True, members=2)
    pid = supervisor.until(lambda _: supervisor.pid())
    supervisor.until(lambda _: supervisor.pid("member-2"))
    assert psutil.Process(pid).parent().pid != os.getpid()
    assert os.getsid(pid) != os.getsid(0)
    assert not [child for child in psutil.Process().children(recursive=True) if child.pid == pid]
    other = supervisor.pid("member-2")
    os.kill(pid, signal.SIGKILL)
    supervisor.until(lambda _: supervisor.other(pid))
    assert supervisor.pid("member-2") == other
    assert "member-1: started; ended with signal 9" in supervisor.said()
    metrics = supervisor.until(lambda outcome: outcome.metrics if outcome.metrics.running == 2 else None)
    assert metrics.members == {"member-1": "running", "member-2": "running"}


def test_a_stopped_process_is_killed_and_started_again(supervisor):
    supervisor.want(True)
    pid = supervisor.until(lambda _: supervisor.pid())
    os.kill(pid, signal.SIGSTOP)
    supervisor.until(lambda _: supervisor.other(pid))
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    said = " ".join(supervisor.said())
    assert f"SIGTERM to process {pid}; no heartbeat" in said
    assert f"SIGKILL to process {pid}; no heartbeat" in said


def test_a_member_that_heartbeats_but_does_nothing_is_ended_and_started_again(supervisor):
    supervisor.want(True)
    pid = supervisor.until(lambda _: supervisor.pid())
    (supervisor.state / "hang").touch()
    supervisor.until(lambda outcome: any("no progress" in alarm for alarm in outcome.alarms))
    (supervisor.state / "hang").unlink()
    supervisor.until(lambda _: supervisor.other(pid))
    assert "member-1: started; ended with code 0: " in " ".join(supervisor.said())


def test_a_crash_loop_backs_off_and_shows_the_last_words(supervisor):
    supervisor.want(True)
    (supervisor.state / "code").write_text("1")
    outcome = supervisor.until(lambda outcome: outcome if outcome.alarms else None)
    assert outcome.report
    assert outcome.alarms[0].startswith("member-1 ended 3 times in a row, last with code 1: the stub was told to fail")
    (supervisor.state / "code").unlink()
    supervisor.until(lambda _: supervisor.pid())
    ended = supervisor.until(lambda outcome: None if outcome.alarms else outcome)
    assert ended.report


def test_a_refusal_is_shown_and_tried_again_when_somebody_wants_it(supervisor):
    supervisor.want(True)
    (supervisor.state / "code").write_text("2")
    outcome = supervisor.until(lambda outcome: outcome if outcome.alarms else None)
    assert "code 2 (a setting is wrong): the stub was told to fail; next start in" in outcome.alarms[0]
    (supervisor.state / "code").unlink()
    supervisor.want(True)
    supervisor.until(lambda _: supervisor.pid())


def test_stop_drains_and_nothing_is_started_again(supervisor):
    supervisor.want(True)
    pid = supervisor.until(lambda _: supervisor.pid())
    supervisor.want(False)
    supervisor.until(lambda _: holder(supervisor.state, "member-1") is None)
    before = len(supervisor.outcomes)
    supervisor.until(lambda _: len(supervisor.outcomes) > before + 5)
    assert holder(supervisor.state, "member-1") is None
    assert f"member-1: SIGTERM to process {pid}; it is not wanted" in supervisor.said()
    assert not any("SIGKILL" in line for line in supervisor.said())


SPAWNER = """
import os, pathlib, sys
from orchestration.supervision.spawn import start
state = pathlib.Path(sys.argv[1])
start(state, "member-1", dict(os.environ), (sys.executable, sys.argv[2], str(state)))
print("started", flush=True)
sys.stdin.read()
"""


def test_a_member_survives_the_death_of_the_whole_group_that_started_it(supervisor):
    command = [sys.executable, "-c", SPAWNER, str(supervisor.state), str(STUB)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    dagster = subprocess.Popen(command, env=ENVIRONMENT, start_new_session=True, **pipes)
    assert dagster.stdout.readline() == b"started\n"
    pid = supervisor.until(lambda _: supervisor.pid())
    os.killpg(dagster.pid, signal.SIGKILL)
    dagster.communicate()
    beat = gather(supervisor.state, ["member-1"])[0].beat.at
    supervisor.until(lambda _: gather(supervisor.state, ["member-1"])[0].beat.at > beat)
    assert supervisor.pid() == pid
    supervisor.want(True)
    supervisor.until(lambda outcome: outcome.metrics.running == 1)
    assert (supervisor.pid(), supervisor.said()) == (pid, [])


def test_members_of_somebody_else_are_judged_and_left_alone(supervisor, tmp_path):
    supervisor.stream = Stream(tmp_path, dict, ("/bin/false",), observe_only=True, expected=1)
    supervisor.want(False)
    command = [sys.executable, str(STUB), str(tmp_path)]
    with subprocess.Popen(command, env=ENVIRONMENT | {"TIDEMARK_MEMBER": "pod-a"}) as pod:
        try:
            outcome = supervisor.until(lambda outcome: outcome if outcome.metrics.running else None)
            assert outcome.metrics.members == {"pod-a": "running"}
            os.kill(pod.pid, signal.SIGSTOP)
            outcome = supervisor.until(lambda outcome: outcome if outcome.alarms else None)
            assert outcome.alarms[0].startswith("pod-a: no heartbeat for")
            assert (outcome.metrics.running, outcome.lines) == (0, ())
            assert pod.poll() is None
            os.kill(pod.pid, signal.SIGCONT)
            supervisor.until(lambda outcome: outcome.metrics.running and not outcome.alarms)
        finally:
            pod.kill()


def test_a_member_that_a_person_runs_is_left_alone_and_one_that_was_started_here_is_not(supervisor, tmp_path):
    supervisor.want(True, members=2)
    supervisor.until(lambda _: supervisor.pid("member-2"))
    command = [sys.executable, str(STUB), str(tmp_path)]
    with subprocess.Popen(command, env=ENVIRONMENT | {"TIDEMARK_MEMBER": "member-3"}) as own:
        try:
            supervisor.until(lambda outcome: outcome.metrics.members.get("member-3") == "running")
            supervisor.want(True, members=1)
            supervisor.until(lambda _: holder(tmp_path, "member-2") is None)
            supervisor.want(False)
            supervisor.until(lambda _: holder(tmp_path, "member-1") is None)
            assert own.poll() is None
            assert not any(line.startswith("member-3") for line in supervisor.said())
        finally:
            own.kill()


def test_members_that_are_being_started_are_no_alarm_and_no_live_stream(supervisor):
    supervisor.want(True, members=2)
    supervisor.stream = Stream(supervisor.state, lambda: ENVIRONMENT, ("/bin/sleep", "5"))
    for said in (["member-1: started; it is wanted", "member-2: started; it is wanted"], []):
        outcome = supervisor.tick()
        assert outcome.metrics.members == {"member-1": "starting", "member-2": "starting"}
        assert (list(outcome.lines), outcome.alarms, outcome.report) == (said, (), False)


def test_what_cannot_be_started_is_said_and_tried_again(supervisor):
    supervisor.want(True)
    able = supervisor.stream
    supervisor.stream = Stream(supervisor.state, lambda: ENVIRONMENT, ("/no/such/program",))
    supervisor.until(lambda outcome: any("code 127" in alarm for alarm in outcome.alarms))
    (supervisor.state / "logs").rename(supervisor.state / "away")
    (supervisor.state / "logs").touch()
    supervisor.until(lambda outcome: any("cannot start: " in alarm for alarm in outcome.alarms))
    (supervisor.state / "logs").unlink()
    supervisor.stream = able
    supervisor.until(lambda _: supervisor.pid())


def test_only_the_holder_of_the_lease_is_signalled(supervisor):
    supervisor.want(True)
    pid = supervisor.until(lambda _: supervisor.pid())
    with subprocess.Popen(["/bin/sleep", "60"]) as bystander:
        assert not spawn.send(supervisor.state, "member-1", bystander.pid, signal.SIGKILL)
        lease_path(supervisor.state, "member-1").write_text(f"{bystander.pid}\n")  # as if its id had been used again
        assert not spawn.send(supervisor.state, "member-1", bystander.pid, signal.SIGKILL)
        assert bystander.poll() is None
        bystander.kill()
    lease_path(supervisor.state, "member-1").write_text(f"{pid}\n")
    assert spawn.send(supervisor.state, "member-1", pid, signal.SIGKILL)
    supervisor.until(lambda _: supervisor.other(pid))
    assert not spawn.send(supervisor.state, "member-1", pid, signal.SIGKILL)


def test_a_signature_alone_would_kill_a_bystander(supervisor, monkeypatch):
    """The mutant of the test above: a pid that was used again, believed."""
    supervisor.want(True)
    pid = supervisor.until(lambda _: supervisor.pid())
    monkeypatch.setattr(spawn, "_has_open", lambda *_: True)
    with subprocess.Popen(["/bin/sleep", "60"]) as bystander:
        lease_path(supervisor.state, "member-1").write_text(f"{bystander.pid}\n")
        assert spawn.send(supervisor.state, "member-1", bystander.pid, signal.SIGKILL)
        assert bystander.wait(10) == -signal.SIGKILL
    lease_path(supervisor.state, "member-1").write_text(f"{pid}\n")
