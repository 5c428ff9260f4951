"""Members under attack: who died of what, when its successor was at work again, and what was interrupted."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.chaos.evidence import events, fired, interruption
from sandbox.demo.consumers import Crew, Member
from streaming.failpoints import Failpoint
from streaming.member_process import last_words

LOOK_S: Final = 0.03
LIMIT_S: Final = 180.0
"""For anything that takes seconds on a quiet machine."""


class Failed(Exception):
    """The loop cannot go on. One line."""


@dataclass
class Kill:
    """A process that shall die, and what became of it."""

    point: str
    how: str
    member: str
    pid: int
    armed: Failpoint | None = None
    log_start: int = 0
    """Bytes of the member's log that are older than the process."""
    at: float | None = None
    """Monotonic time at which it was found dead."""
    died: str = ""
    """The same as the members' logs write times, and so are the times of what they said."""
    state: str | None = None
    held: frozenset[int] = frozenset()
    """Partitions that it had by its last heartbeat."""
    over: str | None = None
    """When its successor was at work, and all that it had was delivered by somebody."""
    recovered_s: float | None = None
    """None also where a further kill came before its successor was at work."""
    cut_short: bool = False
    code: int | None = None
    """How the process ended: minus the signal, or its exit code."""

    def row(self, logs: Mapping[str, bytes]) -> dict[str, Any]:
        """What is kept of it. `logs`: of all members, since another may have taken its partitions."""
        own = events(logs[self.member][self.log_start :].decode(errors="replace"))
        died_at = str(self.armed) if self.armed and fired(own, str(self.armed)) else None
        said = [event for log in logs.values() for event in events(log.decode(errors="replace"))]
        later = [event for event in said if self.died <= str(event["at"]) <= (self.over or "9")]
        evidence = interruption(died_at, self.state, self.held, later)
        row = {"point": self.point, "how": self.how, "member": self.member, "interrupted": bool(evidence)}
        row["code"] = self.code
        return row | {"evidence": evidence, "recovered_s": self.recovered_s, "killed_again": self.cut_short}


class Watch:
    """Tends a crew and keeps the book of its kills."""

    def __init__(self, crew: Crew) -> None:
        self.crew = crew
        self.kills: list[Kill] = []
        self.unexpected: list[str] = []
        self.dismissed: set[int] = set()
        """Processes that were told to end."""
        self._seen: set[int] = set()
        self._logs: dict[str, Path] = {}
        """Also of members that have left."""

    def tend(self) -> None:
        """Look once: who died, who is at work again; the dead are started again at once. Raises Failed."""
        for member in self.crew.members:
            self._logs[member.name] = member.log
            member.failures = 0  # these deaths are ordered: no reason to wait before the next start
        running = [(member, member.process) for member in self.crew.members if member.process is not None]
        self._bury(running)
        self.crew.tend()
        self._bury(running)  # who died since: the crew has buried it
        if refusals := self.crew.refusals():
            raise Failed(refusals[0])
        self._note_recovered()
        time.sleep(LOOK_S)

    def until(self, met: Callable[[], object], what: str, limit_s: float = LIMIT_S) -> None:
        """Tend until it is so. Raises Failed."""
        if not self.within(met, limit_s):
            raise Failed(f"not within {limit_s:g} s: {what}; members: {self._states()}")

    def within(self, met: Callable[[], object], limit_s: float) -> bool:
        """Tend until it is so or the time is over. Returns whether it is."""
        deadline = time.monotonic() + limit_s
        while not met():
            if time.monotonic() > deadline:
                return False
            self.tend()
        return True

    def pause(self, seconds: float) -> None:
        """Tend for so long."""
        deadline = time.monotonic() + seconds
        self.within(lambda: time.monotonic() >= deadline, seconds + 1)

    def member(self, name: str) -> Member:
        """By name."""
        return next(member for member in self.crew.members if member.name == name)

    def expect(self, name: str, point: str, how: str, armed: Failpoint | None = None) -> Kill:
        """Note that the member's process shall die, before it can."""
        member = self.member(name)
        if member.pid is None:
            raise Failed(f"{name} does not run")
        kill = Kill(point, how, name, member.pid, armed, log_start=_size(member.log))
        self.kills.append(kill)
        return kill

    def kill(self, name: str, point: str = "any moment", how: str = "sigkill") -> Kill:
        """SIGKILL the member now."""
        self.until(lambda: self.member(name).pid is not None, f"{name} runs")
        kill = self.expect(name, point, how)
        os.kill(kill.pid, signal.SIGKILL)
        self.until(lambda: kill.at is not None, f"{name} is dead")
        return kill

    def dismiss(self, name: str) -> int:
        """SIGTERM: it may end by itself. Returns its pid."""
        pid = self.member(name).pid
        if pid is None:
            raise Failed(f"{name} does not run")
        self.dismissed.add(pid)
        os.kill(pid, signal.SIGTERM)
        return pid

    def at_work(self, name: str) -> bool:
        """Whether the member's present process delivers."""
        if name not in {member.name for member in self.crew.members}:  # it left for good
            return False
        beat, pid = self.crew.beats().get(name, {}), self.member(name).pid
        alive = pid is not None and pid not in self._seen  # a process found dead is in its crew for a moment more
        return alive and beat.get("pid") == pid and beat["state"] == "running" and bool(beat["partitions"])

    def own(self, names: list[str], partitions: int) -> bool:
        """Whether these members deliver all partitions between them."""
        return len(self._delivered(names)) == partitions

    def _delivered(self, names: list[str]) -> set[int]:
        beats = self.crew.beats()
        return {number for name in names if self.at_work(name) for number in beats[name]["partitions"]}

    def rows(self) -> list[dict[str, Any]]:
        """The kills that happened."""
        logs = {name: log.read_bytes() for name, log in self._logs.items()}
        return [kill.row(logs) for kill in self.kills if kill.at is not None]

    def cut_short(self, name: str) -> None:
        """What comes next keeps the member from its work: earlier kills of it have no recovery time."""
        for kill in self.kills:
            if kill.member == name and kill.at is not None and kill.recovered_s is None:
                kill.cut_short = True

    def _bury(self, running: Sequence[tuple[Member, subprocess.Popen[bytes]]]) -> None:
        for member, process in running:
            if process.pid not in self._seen and process.poll() is not None:
                self._seen.add(process.pid)
                self._died(member, process.pid, process.returncode)

    def _died(self, member: Member, pid: int, code: int) -> None:
        kill = next((kill for kill in self.kills if kill.pid == pid), None)
        ordered = kill is not None and (code == -signal.SIGKILL or kill.how == "no more memory")
        if not ordered and (pid not in self.dismissed or code != 0):
            self.unexpected.append(f"{member.name} ended with code {code}: {last_words(member.log)}"[:300])
        if kill is None or (pid in self.dismissed and code == 0):
            return
        self.cut_short(member.name)
        beat = self.crew.beats().get(member.name, {})
        kill.at, kill.died, kill.code = time.monotonic(), _now(), code
        own = beat.get("pid") == pid
        kill.state = beat.get("state") if own else "starting"
        kill.held = frozenset(beat["partitions"]) if own else frozenset()

    def _note_recovered(self) -> None:
        names = [member.name for member in self.crew.members]
        for kill in self.kills:
            if kill.at is None or kill.over is not None or not self.at_work(kill.member):
                continue
            if kill.held <= self._delivered(names):
                kill.over = _now()
                if not kill.cut_short:
                    kill.recovered_s = round(time.monotonic() - kill.at, 2)

    def _states(self) -> dict[str, Any]:
        return {name: (beat.get("state"), beat.get("partitions")) for name, beat in self.crew.beats().items()}


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0
