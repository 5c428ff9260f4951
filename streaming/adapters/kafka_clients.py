"""The clients that questions go through: made, replaced when they fall silent for good, and ended in order.

A client can lose every broker and never look for one again: after a stopped broker woke up, members' clients said "no
broker available" for the four minutes that were watched (librdkafka 2.16: an answer that names no broker removes those
it knows, and may also cancel the search for new ones). A new client finds the broker at once.

An admin client that is collected on a thread of its own aborts the process, and Python collects on whatever thread
happens to allocate, the one that carries an answer too. So none that may still be answered is left to the collector:
the next one's maker ends it.
"""

import atexit
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar
from weakref import WeakSet

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from streaming.adapters.kafka_config import QUIET, ClientConfig, asking_config, connection_config
from streaming.adapters.kafka_security import made
from streaming.settings import Settings, SettingsError

_Client = TypeVar("_Client")

SILENT_S: Final = 20.0
"""From the first question without an answer to the replacement: a broker that is restarted takes a few seconds, and no
question of ours is waited for longer than 11."""

_LEFT: Final[list[AdminClient]] = []
"""Admin clients that nobody uses any more, to be ended on a thread of ours."""
_LIVING: Final["WeakSet[Replaceable[Any]]"] = WeakSet()
"""To be ended with the process: one that the interpreter's end finds still waiting for an answer may crash it."""


class Replaceable(Generic[_Client]):
    """A client, made anew when it has brought no answer for long. Any thread may use it.

    `end` ends one that was replaced, twice as late as it was given up: nobody waits for an answer of its any more.
    """

    def __init__(
        self, make: Callable[[], _Client], end: Callable[[_Client], object], silent_s: float = SILENT_S
    ) -> None:
        self._made: list[_Client] = []
        self._make, self._end = make, end
        self._silence = Silence(silent_s)
        self._lock = threading.Lock()
        end_what_is_left()
        self._made.append(make())
        _LIVING.add(self)

    @property
    def client(self) -> _Client:
        """The newest."""
        return self._made[-1]

    def answered(self) -> None:
        """It brought an answer, be it a refusal."""
        self._silence.answered()

    def failed(self) -> None:
        """It brought none. Replaces it once that has gone on for long, unless none can be made now: a certificate is
        just being exchanged, say; then the old one goes on, and is given up later."""
        with self._lock:
            if self._silence.failed(time.monotonic()):
                with suppress(SettingsError):
                    self._made.append(self._make())
                while len(self._made) > 2:
                    self._end(self._made.pop(0))

    def __del__(self, left: list[AdminClient] = _LEFT) -> None:
        left.extend(client for client in self._made if isinstance(client, AdminClient))

    def end(self) -> None:
        """End all its clients. Nobody may ask it any more."""
        while self._made:
            self._end(self._made.pop())


def admin_client(
    settings: Settings, extra: ClientConfig, on_error: Callable[[Any], None], silent_s: float = SILENT_S
) -> Replaceable[AdminClient]:
    """Asks for facts of topics."""
    config = {**connection_config(settings, extra), "error_cb": on_error}
    return Replaceable(lambda: made(AdminClient, config, logger=QUIET), _end_admin, silent_s)


def asking_client(
    settings: Settings, extra: ClientConfig, on_error: Callable[[Any], None], silent_s: float = SILENT_S
) -> Replaceable[Consumer]:
    """Asks for offsets; it names the group and never joins."""
    config = {**asking_config(settings, extra), "error_cb": on_error}
    return Replaceable(lambda: made(Consumer, config, logger=QUIET), Consumer.close, silent_s)


class Silence:
    """How long nobody has answered, in seconds of the caller's clock."""

    def __init__(self, limit_s: float = SILENT_S) -> None:
        self._limit = limit_s
        self._since: float | None = None

    def answered(self) -> None:
        """It is over."""
        self._since = None

    def failed(self, now: float) -> bool:
        """A question failed. Whether that has gone on for too long, which is said once a limit."""
        if self._since is None:
            self._since = now
        if now - self._since < self._limit:
            return False
        self._since = now
        return True


def end_what_is_left() -> None:
    """End what was left behind. Takes milliseconds; whoever still waits for such a client hears that it is gone."""
    with suppress(IndexError):  # another thread may take the last one
        while _LEFT:
            _end_admin(_LEFT.pop())


@atexit.register
def _end_all() -> None:
    for clients in list(_LIVING):
        clients.end()
    end_what_is_left()


def _end_admin(client: AdminClient) -> None:
    client.__exit__(None, None, None)
