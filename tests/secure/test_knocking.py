"""How often a client knocks at a door that stays shut, and what a look at a strange door finds. Sockets of our own."""

import socket
import threading
from contextlib import contextmanager

import pytest
from certificates import Authority

from streaming.adapters.clock import SystemClock
from streaming.adapters.kafka import KafkaBroker
from streaming.adapters.tls_probe import TlsProbe
from streaming.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

WATCHED_S = 4.0
CLIENTS = 3
"""Of a member: one consumes, two ask. None of them rests while it has no broker."""
PATIENT, HAMMERING = 2.5, 8.0
"""Knocks of one client a second: two and the first one; the client's own default makes twenty."""
_monotonic = SystemClock().monotonic


class Door:
    """Takes connections and closes each at once, or keeps them waiting."""

    def __init__(self, server, *, silent):
        self.knocks, self._server, self._silent, self._kept = 0, server, silent, []
        self.at = f"127.0.0.1:{server.getsockname()[1]}"
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self):
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.knocks += 1
            if self._silent:
                self._kept.append(connection)
            else:
                connection.close()


@contextmanager
def door(*, silent=False):
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Door(server, silent=silent)


@pytest.fixture
def secure(tmp_path):
    authority = Authority(tmp_path, "authority")
    return {
        "TIDEMARK_KAFKA_SECURITY_PROTOCOL": "SSL",
        "TIDEMARK_KAFKA_CA_FILE": str(authority.file),
    }


class Deaf:
    """Rebalances that never come."""

    def assigned(self, partitions): ...
    def revoked(self, partitions): ...
    def lost(self, partitions): ...


def knocks(secure, **client_config):
    """Connections that a subscribed consumer, which polls, opens in WATCHED_S."""
    with door() as shut:
        settings = Settings.from_environment(secure | {"TIDEMARK_KAFKA_BOOTSTRAP": shut.at})
        broker = KafkaBroker(settings, client_config=client_config)
        broker.join(Deaf())
        began, before = _monotonic(), shut.knocks
        while _monotonic() - began < WATCHED_S:
            broker.poll(100, 0.2)
        counted = shut.knocks - before
        broker.leave()
        return counted


def test_a_refused_client_knocks_twice_a_second(secure):
    assert 1 <= knocks(secure) <= WATCHED_S * CLIENTS * PATIENT


def test_the_clients_own_default_would_hammer(secure):
    assert knocks(secure, **{"reconnect.backoff.ms": 100}) > WATCHED_S * HAMMERING


def test_a_silent_door_is_no_finding(secure):
    """A broker that was stopped takes connections and says nothing: that is an outage, not a wrong setting."""
    with door(silent=True) as silent:
        host, _, port = silent.at.partition(":")
        for given in (secure, {}):
            settings = Settings.from_environment(given | {"TIDEMARK_KAFKA_BOOTSTRAP": silent.at})
            assert TlsProbe(settings, 0.5).finding(host, int(port)) is None


def test_a_door_that_is_slammed_is_no_finding(secure):
    """A load balancer without a broker behind it does this: no proof of a plain listener."""
    with door() as slammed:
        host, _, port = slammed.at.partition(":")
        settings = Settings.from_environment(secure | {"TIDEMARK_KAFKA_BOOTSTRAP": slammed.at})
        assert TlsProbe(settings, 2).finding(host, int(port)) is None


def test_nobody_there_is_no_finding(secure):
    settings = Settings.from_environment(secure | {"TIDEMARK_KAFKA_BOOTSTRAP": "127.0.0.1:1"})
    assert TlsProbe(settings, 2).finding("127.0.0.1", 1) is None
