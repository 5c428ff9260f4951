"""How long a member without partitions waits to be assigned some before it joins with a new client.

A client can lose every broker and never look for one again (`adapters/kafka_clients.py` says how): a member that has
lost everything, or never had anything, is then assigned nothing until it is restarted. What a restart does, a new
client under the same static id does too.
"""

from typing import Final

FIRST: Final = 15
"""Answers of the broker, about one a second. Members that are assigned again at all were so within 3 s (measured)."""
MOST: Final = 480
"""A member for which the group has no partition left asks ever more seldom: eight minutes apart at last."""
FIRST_EVER: Final = 60
"""Answers before a member that never had a partition joins anew: longer than a dead member's session (45 s), whose
partitions it may be waiting for."""
JOINS_UNSERVED: Final = 3
"""So often it does. A group with more members than partitions leaves some without: they are not to ask for ever."""


class Patience:
    """Counts the broker's answers, not seconds: while it is away there is nothing to wait for, nor anybody to join."""

    def __init__(self) -> None:
        self._waiting = True
        self._since: int | None = None
        self._limit = FIRST_EVER
        self._left: int | None = JOINS_UNSERVED
        """Times it may still end while nothing was ever assigned; None, without bound, once something was."""

    def lost(self) -> None:
        """Everything was given up against our will: from now on an assignment is due."""
        self._waiting, self._since = True, None

    def assigned(self) -> None:
        """It has come."""
        self._waiting, self._limit, self._left = False, FIRST, None

    def over(self, answers: int) -> int | None:
        """How many answers were waited in vain, where that is enough: the next wait is twice as long. `answers` counts
        all since the start."""
        if not self._waiting or self._left == 0:
            return None
        if self._since is None:
            self._since = answers
        waited = answers - self._since
        if waited < self._limit:
            return None
        self._limit = min(2 * self._limit, MOST)
        if self._left is not None:
            self._left -= 1
        return waited
