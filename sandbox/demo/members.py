"""Members of the consumer group that the control plane's supervisor runs: watched, and one of them killed."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sandbox.demo.control import ControlPlane
from sandbox.demo.usage import Usage
from streaming.adapters.lease import holder

LOOK_EVERY_S: Final = 0.1
"""CPU figures of a process that dies are as old as the last look at it."""


class Members:
    """`member-1` to `member-<count>` on one state folder. Nothing here starts or restarts anybody."""

    def __init__(self, state: Path, count: int, plane: ControlPlane, say: Callable[[str], None]) -> None:
        self.say = say
        self.names = [f"member-{number}" for number in range(1, count + 1)]
        self.usage = Usage()
        self._state, self._plane = state, plane
        self._pids: dict[str, int] = {}
        self._known: dict[str, int] = {}
        """The newest process of each, living or dead."""
        self._refusals: list[str] = []
        self._next_look = 0.0

    def tend(self) -> None:
        """Look at everybody: who runs, what it used. Call it often; it looks ten times a second."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_EVERY_S
        held = {name: holder(self._state, name) for name in self.names}
        self._pids = {name: found.pid for name, found in held.items() if found is not None and found.pid is not None}
        beats = self.beats()
        for name, pid in self._pids.items():
            if self._known.get(name) != pid:
                again = " again" if name in self._known else ""
                self._known[name] = pid
                self.say(f"{name} was started{again} by the supervisor, as pid {pid}")
            self.usage.sample(pid, ready=_delivers(beats.get(name, {}), pid))
        missing = [name for name in self.names if name not in self._pids]
        self._refusals = [why for name in missing if (why := self._plane.refused(name))]

    def pid(self, name: str) -> int | None:
        """Who held the member's lease at the last look."""
        return self._pids.get(name)

    def beats(self) -> dict[str, dict[str, Any]]:
        """Newest heartbeat of each member that has one, whichever process wrote it."""
        found = {}
        for name in self.names:
            try:
                found[name] = json.loads((self._state / "heartbeats" / f"{name}.json").read_text())
            except (OSError, ValueError):
                continue
        return found

    def ready(self) -> bool:
        """Whether every member runs and owns partitions that deliver."""
        beats = self.beats()
        return all(_delivers(beats.get(name, {}), self.pid(name)) for name in self.names)

    def refusals(self) -> list[str]:
        """Members that are down for good, one line each."""
        return self._refusals

    def kill(self, name: str) -> int:
        """SIGKILL a member, as the machine's memory guard would. Returns its pid. Raises ProcessLookupError."""
        pid = self._pids[name]
        self.usage.sample(pid)
        os.kill(pid, signal.SIGKILL)
        return pid


def _delivers(beat: dict[str, Any], pid: int | None) -> bool:
    """Whether the heartbeat is of this process and says that it delivers."""
    return pid is not None and beat.get("pid") == pid and beat.get("state") == "running" and bool(beat["partitions"])
