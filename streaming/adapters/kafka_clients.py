"""The two clients that questions go through: made, replaced when they fall silent for good, and ended in order.

A client can lose every broker and never look for one again: after a stopped broker woke up, members' clients said "no
broker available" for the four minutes that were watched (librdkafka 2.16: an answer that names no broker removes those
it knows, and may also cancel the search for new ones). A new client finds the broker at once.

An admin client that is collected on a thread of its own aborts the process, and Python collects on whatever thread
happens to allocate, the one that carries an answer too. So none is left to the collector: the next one's maker ends it.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from streaming.adapters.kafka_config import QUIET, ClientConfig, asking_config, connection_config
from streaming.adapters.kafka_security import made
from streaming.settings import Settings

SILENT_S: Final = 20.0
"""Without an answer before the first replacement: a broker that is restarted takes a few seconds."""
MOST_S: Final = 320.0
"""While a broker stays away, replacements come ever more seldom: each keeps its threads until the process ends."""

_LEFT: Final[list[AdminClient]] = []
"""Admin clients that nobody uses any more, to be ended on a thread of ours."""


class Clients:
    """`admin` and `asker`, made anew from the same settings. Any thread may use them; `on_error` hears of both."""

    def __init__(
        self, settings: Settings, extra: ClientConfig, on_error: Callable[[Any], None], silent_s: float = SILENT_S
    ) -> None:
        self._admins: list[AdminClient] = []
        self._settings, self._extra, self._on_error = settings, extra, on_error
        self._silence = Silence(silent_s)
        end_what_is_left()
        self._make()

    def _make(self) -> None:
        hooks: dict[str, Any] = {"error_cb": self._on_error}
        asking, connection = asking_config(self._settings, self._extra), connection_config(self._settings, self._extra)
        self.admin = made(AdminClient, {**connection, **hooks}, logger=QUIET)
        self._admins.append(self.admin)  # those replaced stay alive: another thread may wait for an answer
        self.asker = made(Consumer, {**asking, **hooks}, logger=QUIET)

    def answered(self) -> None:
        """A broker answered one of them."""
        self._silence.answered()

    def failed(self) -> None:
        """No broker did. Replaces both once that has gone on for long."""
        if self._silence.failed(time.monotonic()):
            self._make()

    def __del__(self, left: list[AdminClient] = _LEFT) -> None:
        left.extend(self._admins)


class Silence:
    """How long nobody has answered, in seconds of the caller's clock."""

    def __init__(self, limit_s: float = SILENT_S) -> None:
        self._first_limit = self._limit = limit_s
        self._since: float | None = None

    def answered(self) -> None:
        """It is over."""
        self._since, self._limit = None, self._first_limit

    def failed(self, now: float) -> bool:
        """A question failed. Whether that has gone on for too long; the next limit is twice as long."""
        if self._since is None:
            self._since = now
        if now - self._since < self._limit:
            return False
        self._since, self._limit = now, min(2 * self._limit, MOST_S)
        return True


def end_what_is_left() -> None:
    """End what was left behind. Takes milliseconds; whoever still waits for such a client hears that it is gone."""
    while _LEFT:
        _LEFT.pop().__exit__(None, None, None)
