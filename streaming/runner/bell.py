"""The bell: what wakes the polling thread while it rests."""

import threading
from typing import Protocol


class Bell(Protocol):
    """The polling thread rests; a call that finishes in the pool rings."""

    def ring(self) -> None:
        """End the rest at hand, or the next one. From any thread."""

    def rest(self, seconds: float) -> None:
        """Do nothing for so long, or until it rings. The polling thread's alone."""


class ThreadBell:
    """The bell of a running member."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        """End the rest at hand, or the next one."""
        self._rung.set()

    def rest(self, seconds: float) -> None:
        """Rest. What rings before the work that follows has begun is seen by that work."""
        if seconds > 0:
            self._rung.wait(seconds)
        self._rung.clear()


class Restless:
    """Never rests: where a test moves the clock by hand. Keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.rings = 0

    def ring(self) -> None:
        """Count."""
        self.rings += 1

    def rest(self, seconds: float) -> None:
        """Remember."""
        self.asked.append(seconds)
