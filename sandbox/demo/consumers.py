"""Members of the consumer group as child processes: started, watched, killed, started again."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sandbox.demo.usage import Usage
from sandbox.platform.processes import spawn, stop
from streaming.member_process import ALLOCATOR, FATAL_CODES, MEMBER_COMMAND, last_words

BACKOFF_S: Final = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Wait before the n-th restart in a row; a member that ran for `STEADY_S` begins anew."""
STEADY_S: Final = 30.0
TURN_S: Final = 0.1
DRAIN_S: Final = 15.0
"""A member drains in under 10 s; then it is killed, which is safe."""
GONE_S: Final = 2.0
"""Without Kafka there is nothing to drain to."""


@dataclass(slots=True)
class Member:
    """One member of the group and the process that plays it now."""

    name: str
    log: Path
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    starts: int = 0
    failures: int = 0
    restart_at: float | None = None
    refused: str | None = None
    """Why it is not started again."""

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self.process.pid if self.process is not None else None


class Crew:
    """`count` members of one group. All methods belong to the main thread, which the kernel ties children to.

    `environment` is a whole process environment with the instance's TIDEMARK_* variables.
    """

    def __init__(
        self,
        state: Path,
        environment: Mapping[str, str],
        count: int,
        say: Callable[[str], None] = lambda _: None,
        *,
        command: Sequence[str] = MEMBER_COMMAND,
    ) -> None:
        self.say = say
        self._state, self._command = state, command
        self._environment = {**environment, **ALLOCATOR}
        self.members = [Member(f"member-{n}", state / "logs" / f"consumer-{n}.log") for n in range(1, count + 1)]
        self.usage = Usage()
        self.kills = 0
        self.next_start: dict[str, dict[str, str]] = {}
        """By member: variables of its next start alone."""

    def start(self) -> None:
        """Start every member that does not run."""
        for member in self.members:
            if member.process is None:
                self._start(member)

    def _start(self, member: Member) -> None:
        once = self.next_start.pop(member.name, {})
        environment = {**self._environment, **once, "TIDEMARK_MEMBER": member.name}
        member.process = spawn(self._command, member.log, environment)
        member.began, member.restart_at = time.monotonic(), None
        member.starts += 1

    def kill(self, name: str) -> int:
        """SIGKILL a member, as the machine's memory guard would. Returns the pid; `tend` starts it again."""
        member = self._member(name)
        if member.process is None:
            raise RuntimeError(f"{name} does not run")
        self.usage.sample(member.process.pid)
        os.kill(member.process.pid, signal.SIGKILL)
        self.kills += 1
        return member.process.pid

    def tend(self) -> None:
        """Look after everybody once: note who died, start again whoever is due. Call it a few times a second."""
        now = time.monotonic()
        beats = self.beats()
        for member in self.members:
            if member.process is not None:
                self.usage.sample(member.process.pid, ready=_is_ready(member, beats.get(member.name)))
                if member.process.poll() is not None:
                    self._buried(member, member.process.returncode, now)
            if member.process is None and member.restart_at is not None and now >= member.restart_at:
                self._start(member)
                self.say(f"{member.name} started again as pid {member.pid}")

    def _buried(self, member: Member, code: int, now: float) -> None:
        member.process = None
        if code in FATAL_CODES:
            member.refused = f"{member.name} ended with code {code} ({FATAL_CODES[code]}): {last_words(member.log)}"
            self.say(member.refused)
            return
        member.failures = 0 if now - member.began > STEADY_S else member.failures + 1
        wait = BACKOFF_S[min(max(0, member.failures - 1), len(BACKOFF_S) - 1)]
        member.restart_at = now + wait
        how = f"signal {-code}" if code < 0 else f"code {code}"
        self.say(f"{member.name} ended ({how}), {'starting it again' if not wait else f'again in {wait:g} s'}")

    def beats(self) -> dict[str, dict[str, Any]]:
        """Newest heartbeat of each member that has one, whichever process wrote it."""
        found = {}
        for member in self.members:
            try:
                found[member.name] = json.loads((self._state / "heartbeats" / f"{member.name}.json").read_text())
            except (OSError, ValueError):
                continue
        return found

    def ready(self) -> bool:
        """Whether every member runs and owns partitions that deliver."""
        beats = self.beats()
        return all(_is_ready(member, beats.get(member.name)) for member in self.members)

    def refusals(self) -> list[str]:
        """Members that are down for good, one line each."""
        return [member.refused for member in self.members if member.refused]

    def terminate(self, patience_s: float = DRAIN_S) -> list[str]:
        """SIGTERM everybody, wait for the drain, kill who does not end. Returns the names of those killed."""
        running = [member for member in self.members if member.process is not None]
        for member in running:
            if member.process is not None and member.process.poll() is None:
                member.process.terminate()
        deadline = time.monotonic() + patience_s
        killed = []
        for member in running:
            if member.process is None:
                continue
            self._await_end(member.process, deadline)
            killed += [member.name] if member.process.poll() is None else []
            stop(member.process, 0)
            member.process, member.restart_at = None, None
        return killed

    def _await_end(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        while time.monotonic() < deadline:
            self.usage.sample(process.pid)
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            return

    def _member(self, name: str) -> Member:
        return next(member for member in self.members if member.name == name)


def supervise(crew: Crew, stop: threading.Event, platform_runs: Callable[[], bool]) -> int:
    """Keep everybody running until `stop` is set or the platform is gone; then let them drain.

    Returns 0, or 3 if every member was down for good.
    """
    crew.start()
    patience_s = DRAIN_S
    try:
        while not stop.wait(TURN_S):
            crew.tend()
            if len(crew.refusals()) == len(crew.members):
                return 3
            if not platform_runs():
                crew.say("the platform is gone: stopping")
                patience_s = GONE_S
                break
    finally:
        crew.terminate(patience_s)
    return 0


def _is_ready(member: Member, beat: dict[str, Any] | None) -> bool:
    return (
        beat is not None
        and member.pid is not None
        and beat.get("pid") == member.pid
        and beat.get("state") == "running"
        and bool(beat.get("partitions"))
    )
