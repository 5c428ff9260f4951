"""The clients that questions go through: made, replaced when they fall silent for good, and ended in order.

A client can lose every broker and never look for one again: after a stopped broker woke up, members' clients said "no
broker available" for the four minutes that were watched (librdkafka 2.16: an answer that names no broker removes those
it knows, and may also cancel the search for new ones). A new client finds the broker at once.

An admin client that is collected on a thread of its own aborts the process, and Python collects on whatever thread
happens to allocate, the one that carries an answer too. So none is left to the collector: the next one's maker ends it.
"""

import time
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from streaming.adapters.kafka_config import QUIET, ClientConfig, asking_config, connection_config
from streaming.adapters.kafka_security import made
from streaming.settings import Settings

_Client = TypeVar("_Client")

SILENT_S: Final = 20.0
"""Without an answer before the first replacement: a broker that is restarted takes a few seconds."""
MOST_S: Final = 320.0
"""While a broker stays away, replacements come ever more seldom: each keeps its threads until the process ends."""

_LEFT: Final[list[AdminClient]] = []
"""Admin clients that nobody uses any more, to be ended on a thread of ours."""


class Replaceable(Generic[_Client]):
    """A client, made anew when it has brought no answer for long. Any thread may use it."""

    def __init__(self, make: Callable[[], _Client], silent_s: float = SILENT_S) -> None:
        self._made: list[_Client] = []
        self._make = make
        self._silence = Silence(silent_s)
        end_what_is_left()
        self._made.append(make())

    @property
    def client(self) -> _Client:
        """The newest. Those before it stay alive: another thread may still wait for an answer of theirs."""
        return self._made[-1]

    def answered(self) -> None:
        """It brought an answer."""
        self._silence.answered()

    def failed(self) -> None:
        """It brought none. Replaces it once that has gone on for long."""
        if self._silence.failed(time.monotonic()):
            self._made.append(self._make())

    def __del__(self, left: list[AdminClient] = _LEFT) -> None:
        left.extend(client for client in self._made if isinstance(client, AdminClient))


def admin_client(
    settings: Settings, extra: ClientConfig, on_error: Callable[[Any], None], silent_s: float = SILENT_S
) -> Replaceable[AdminClient]:
    """Asks for facts of topics."""
    config = {**connection_config(settings, extra), "error_cb": on_error}
    return Replaceable(lambda: made(AdminClient, config, logger=QUIET), silent_s)


def asking_client(
    settings: Settings, extra: ClientConfig, on_error: Callable[[Any], None], silent_s: float = SILENT_S
) -> Replaceable[Consumer]:
    """Asks for offsets; it names the group and never joins."""
    config = {**asking_config(settings, extra), "error_cb": on_error}
    return Replaceable(lambda: made(Consumer, config, logger=QUIET), silent_s)


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
