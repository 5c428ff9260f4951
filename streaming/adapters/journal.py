"""The journal on stderr: one JSON object a line, never a payload, a secret or a row value."""

import json
import os
import select
import threading
from typing import Final

from streaming.ports import Clock

STDERR: Final = 2
LONGEST_WRITE_S: Final = 1.0
LONGEST_LINE: Final = select.PIPE_BUF
"""Bytes of one write: as many a pipe that polls as writable takes without blocking (pipe(7): 4,096 on Linux)."""
LONGEST_FACTS: Final = (1_024, 256, 64, 16)
"""Characters each fact keeps in a line that is too long, tried in turn."""


class JsonJournal:
    """`{"at", "level", "event", ...facts}`, one unbuffered write each. Safe to call from any thread.

    Neither a full disk nor a pipe that nobody reads holds the pipeline up: such lines are lost, counted in `lost`,
    and the first line that can be written again follows a `journal_gap` with their number. A line holds 4 kB: longer
    facts are cut, and say so.
    """

    def __init__(self, clock: Clock, descriptor: int = STDERR) -> None:
        self._clock, self._descriptor, self._lock = clock, descriptor, threading.Lock()
        self._counting = threading.Lock()
        self._room = select.poll()
        self._room.register(descriptor, select.POLLOUT)
        self._torn = False
        self.lost = 0
        """Lines in a row that could not be written; 0 while it works."""

    def say(self, event: str, **facts: object) -> None:
        """Write one event, or lose it."""
        if not self._lock.acquire(timeout=LONGEST_WRITE_S):  # a disk that hangs holds one thread, not all
            self._count(1)
            return
        try:
            before = b"\n" if self._torn else b""
            if lost := self.lost:
                before += self._line("journal_gap", {"level": "warning", "lost": lost})
            written = self._written(before + self._fitting(event, facts, LONGEST_LINE - len(before)))
            self._count(-lost if written else 1)
        finally:
            self._lock.release()

    def _count(self, lines: int) -> None:
        with self._counting:  # a thread that gave up waiting for the other lock counts too
            self.lost += lines

    def _fitting(self, event: str, facts: dict[str, object], room: int) -> bytes:
        """The line, its facts cut as far as it takes."""
        line = self._line(event, facts)
        for longest in LONGEST_FACTS:
            if len(line) <= room:
                return line
            line = self._line(event, {name: _cut(value, longest) for name, value in facts.items()})
        return line if len(line) <= room else self._line(event[:64], {"cut": f"{len(facts)} facts"})

    def _line(self, event: str, facts: dict[str, object]) -> bytes:
        content = {"at": self._clock.now().isoformat(), "level": "info", "event": event} | facts
        return json.dumps(content, default=str).encode() + b"\n"

    def _written(self, data: bytes) -> bool:
        """Whether all of it is. A disk that fills up takes a part: the next line begins on a line of its own."""
        try:
            if not self._room.poll(0):
                return False
            count = os.write(self._descriptor, data)
        except (OSError, ValueError):
            return False
        self._torn = count < len(data) and (self._torn or count > 0)
        return count == len(data)


def _cut(value: object, longest: int) -> object:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return value if len(text) <= longest else f"{text[:longest]}... (cut from {len(text)} characters)"


class MemoryJournal:
    """Keeps what was said, for tests."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []
        self.lost = 0

    def say(self, event: str, **facts: object) -> None:
        """Remember one event."""
        self.events.append((event, facts))
