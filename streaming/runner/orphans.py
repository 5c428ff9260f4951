"""Partitions that the group has given to nobody: found by asking, mended by leaving the group and joining it anew.

In a cooperative rebalance partitions are given up first and dealt in a second one, which the member that gave them up
asks for. If it dies between the two and is back at once, the broker hands its static id what it had kept and sees no
reason to rebalance: what was given up stays with nobody until some session ends (measured; Kafka 4.1, librdkafka
2.16).

A member that is slow to give partitions up looks the same to the others: so one waits for longer than that may take,
and twice as long each time it did not help.
"""

from concurrent.futures import Future
from typing import Final

from streaming.ports import BrokerError
from streaming.runner.world import World

LOOK_S: Final = 5.0
"""Between looks at the group, some milliseconds each."""
LIMIT_S: Final = 10.0
REVOKED_S: Final = 5.0
"""Beside the drain: what the last commit and the end of streams may take while partitions are given up."""
LONGEST_S: Final = 600.0
QUIET_S: Final = 300.0
"""Without orphans for so long, the next ones are another story."""


class Orphans:
    """Asked by the polling thread each turn; the question waits in the pool. `patience_s`: how long a partition that
    is being given up in order may be nobody's."""

    def __init__(self, world: World, patience_s: float) -> None:
        self._world = world
        self._look: Future[list[int]] | None = None
        self._asked_at = 0.0
        self._next = world.clock.monotonic() + LOOK_S
        self._since: dict[int, float] = {}
        """Since which look each partition is nobody's without a break."""
        self._shortest_s = self._patience_s = patience_s
        self._quiet_since = world.clock.monotonic()

    def found(self) -> list[int]:
        """Partitions that were nobody's for longer than they may be, told once. No answer says nothing."""
        now = self._world.clock.monotonic()
        if self._look is not None and self._look.done():
            look, self._look = self._look, None
            return self._judged(look, now)
        if self._look is None and now >= self._next:
            self._next, self._asked_at = now + LOOK_S, now
            self._look = self._world.pool.submit(self._world.broker.unowned, LIMIT_S)
        return []

    def _judged(self, look: "Future[list[int]]", now: float) -> list[int]:
        error = look.exception()
        if error is not None and not isinstance(error, BrokerError):
            self._world.journal.say("orphans_not_asked", level="error", why=f"{type(error).__name__}: {error}")
        if error is not None or now - self._asked_at > LIMIT_S:  # of another time: this process may have stood still
            self._since = {}
            return []
        self._since = {number: self._since.get(number, self._asked_at) for number in look.result()}
        if self._since:
            self._quiet_since = now
        elif now - self._quiet_since >= QUIET_S:
            self._patience_s = self._shortest_s
        again = sorted(number for number, since in self._since.items() if now - since >= self._patience_s)
        if again:
            self._since = {}
            self._patience_s = min(2 * self._patience_s, LONGEST_S)
        return again
