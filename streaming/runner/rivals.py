"""Another process under our static id, on a machine whose leases we do not see: each join of one puts the other out.

Nothing is lost or doubled, but both would go on for ever, opening a stream for every partition each time (measured:
1.4 times a second; CreateWriteStream allows 10,000 an hour). So the first that is put out too often ends: the one that
was there before, since Kafka lets the newer client win.
"""

from collections import deque
from typing import Final

from streaming.ports import Clock

LIMIT: Final = 3
"""A process that slept too long is put out once, or twice while it rejoins; never three times so soon."""
WITHIN_S: Final = 30.0


class Rivals:
    """How often our client was put out lately."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: deque[float] = deque(maxlen=LIMIT)
        self._why = ""

    def put_out(self, why: str) -> None:
        """Our client is dead, as the group says."""
        self._times.append(self._clock.monotonic())
        self._why = why

    def found(self) -> str | None:
        """What the group said, if only a rival explains how often it did."""
        too_often = len(self._times) == LIMIT and self._times[-1] - self._times[0] <= WITHIN_S
        return self._why if too_often else None
