"""How long a member that lost its partitions waits to be assigned others before it joins with a new client.

A client can lose every broker and never look for one again (`adapters/kafka_clients.py` says how): a member that has
lost everything is then assigned nothing until it is restarted. What a restart does, a new client under the same static
id does too.
"""

from typing import Final

FIRST: Final = 15
"""Answers of the broker, about one a second. Members that are assigned again at all were so within 3 s (measured)."""
MOST: Final = 480
"""A member for which the group has no partition left asks ever more seldom: eight minutes apart at last."""


class Patience:
    """Counts the broker's answers, not seconds: while it is away there is nothing to wait for, nor anybody to join."""

    def __init__(self) -> None:
        self._waiting = False
        self._since: int | None = None
        self._limit = FIRST

    def lost(self) -> None:
        """Everything was given up against our will: from now on an assignment is due."""
        self._waiting, self._since = True, None

    def assigned(self) -> None:
        """It has come."""
        self._waiting, self._limit = False, FIRST

    def over(self, answers: int) -> int | None:
        """How many answers were waited in vain, where that is enough: the next wait is twice as long. `answers` counts
        all since the start."""
        if not self._waiting:
            return None
        if self._since is None:
            self._since = answers
        waited = answers - self._since
        if waited < self._limit:
            return None
        self._limit = min(2 * self._limit, MOST)
        return waited
