"""The journal on stderr: one JSON object a line, never a payload, a secret or a row value."""

import json
import sys
import threading
from typing import TextIO

from streaming.ports import Clock


class JsonJournal:
    """`{"at", "level", "event", ...facts}`, flushed at once. Safe to call from any thread."""

    def __init__(self, clock: Clock, stream: TextIO | None = None) -> None:
        self._clock, self._stream, self._lock = clock, stream or sys.stderr, threading.Lock()

    def say(self, event: str, **facts: object) -> None:
        """Write one event. A full disk or a closed pipe does not stop the pipeline."""
        level = facts.pop("level", "info")
        line = json.dumps({"at": self._clock.now().isoformat(), "level": level, "event": event, **facts}, default=str)
        try:
            with self._lock:
                self._stream.write(line + "\n")
                self._stream.flush()
        except (OSError, ValueError):
            pass


class MemoryJournal:
    """Keeps what was said, for tests."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []

    def say(self, event: str, **facts: object) -> None:
        """Remember one event."""
        self.events.append((event, facts))
