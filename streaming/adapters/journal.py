"""The journal on stderr: one JSON object a line, never a payload, a secret or a row value."""

import json
import os
import select
import threading
from typing import Final

from streaming.ports import Clock

STDERR: Final = 2
LONGEST_WRITE_S: Final = 1.0


class JsonJournal:
    """`{"at", "level", "event", ...facts}`, one unbuffered write each. Safe to call from any thread.

    Neither a full disk nor a pipe that nobody reads holds the pipeline up: such lines are lost, counted in `lost`,
    and the first line that can be written again follows a `journal_gap` with their number.
    """

    def __init__(self, clock: Clock, descriptor: int = STDERR) -> None:
        self._clock, self._descriptor, self._lock = clock, descriptor, threading.Lock()
        self._room = select.poll()
        self._room.register(descriptor, select.POLLOUT)
        self._torn = False
        self.lost = 0
        """Lines in a row that could not be written; 0 while it works."""

    def say(self, event: str, **facts: object) -> None:
        """Write one event, or lose it."""
        if not self._lock.acquire(timeout=LONGEST_WRITE_S):  # a disk that hangs holds one thread, not all
            return
        try:
            line = self._line(event, facts)
            if self.lost:
                line = self._line("journal_gap", {"level": "warning", "lost": self.lost}) + line
            self.lost = 0 if self._written(line) else self.lost + 1
        finally:
            self._lock.release()

    def _line(self, event: str, facts: dict[str, object]) -> bytes:
        level = facts.pop("level", "info")
        content = {"at": self._clock.now().isoformat(), "level": level, "event": event, **facts}
        return json.dumps(content, default=str).encode() + b"\n"

    def _written(self, line: bytes) -> bool:
        """Whether all of it is. A disk that fills up takes a part: the next line begins on a line of its own."""
        data = b"\n" + line if self._torn else line
        try:
            if not self._room.poll(0):
                return False
            count = os.write(self._descriptor, data)
        except (OSError, ValueError):
            return False
        self._torn = count < len(data) and (self._torn or count > 0)
        return count == len(data)


class MemoryJournal:
    """Keeps what was said, for tests."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []
        self.lost = 0

    def say(self, event: str, **facts: object) -> None:
        """Remember one event."""
        self.events.append((event, facts))
