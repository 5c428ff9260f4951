"""Why a broker will not have us, in one line that names the setting to look at.

librdkafka says it in passing, to a callback that is served only when somebody polls, and a question just times out.
It does not tell a wrong authority from an expired certificate: `tls_probe` does, by a handshake of its own.
"""

import re
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from streaming.adapters.tls_probe import TlsProbe
from streaming.settings import PREFIX, Settings

# librdkafka's codes, and the protocol's (kafka.apache.org/protocol#protocol_error_codes)
_AUTHENTICATION: Final = -169
_SSL: Final = -181
_TRANSPORT: Final = -195
_LOGIN_CODES: Final = frozenset({_AUTHENTICATION, 33, 34, 58})
"""Also UNSUPPORTED_SASL_MECHANISM, ILLEGAL_SASL_STATE and SASL_AUTHENTICATION_FAILED."""
_FORBIDDEN_CODES: Final = frozenset({29, 30, 31})
"""TOPIC_, GROUP_ and CLUSTER_AUTHORIZATION_FAILED."""

_PROTOCOL: Final = f"{PREFIX}KAFKA_SECURITY_PROTOCOL"
_LOGIN: Final = (
    f"the login is refused; look at {PREFIX}KAFKA_USERNAME, {PREFIX}KAFKA_PASSWORD and {PREFIX}KAFKA_SASL_MECHANISM"
)
_MECHANISM: Final = f"the broker does not offer this way to log in; look at {PREFIX}KAFKA_SASL_MECHANISM"
_CERTIFICATE: Final = (
    "the broker's certificate cannot be trusted: unknown authority, expired, or for another host; look at "
    f"{PREFIX}KAFKA_CA_FILE and {PREFIX}KAFKA_BOOTSTRAP"
)
_NO_TLS: Final = f"no TLS is spoken there; look at {_PROTOCOL} and the port in {PREFIX}KAFKA_BOOTSTRAP"
_CLIENT: Final = (
    "the broker wants a client certificate that it trusts; look at "
    f"{PREFIX}KAFKA_CLIENT_CERT_FILE and {PREFIX}KAFKA_CLIENT_KEY_FILE"
)
_FORBIDDEN: Final = (
    f"{PREFIX}KAFKA_USERNAME's user lacks a right; it needs Read, Describe and DescribeConfigs on the topic "
    "and Read on the group"
)

_HANDSHAKE_WORDS: Final = (
    ("certificate verify failed", _CERTIFICATE),
    ("PLAINTEXT broker listener", _NO_TLS),
    ("wrong version number", _NO_TLS),
    ("certificate required", _CLIENT),
    ("alert", _CLIENT),  # an alert is the broker's; what it says of our handshake can only be about our certificate
)
_ADDRESS: Final = re.compile(r"^\w+://([^\s/]+):(\d+)/")


def hint(code: int, text: str) -> str | None:
    """What a client's error means for the settings, or None if it is no refusal. Shows nothing of `text`."""
    if code in _LOGIN_CODES:
        return _MECHANISM if code == 33 or "mechanism handshake failed" in text or "supported mech" in text else _LOGIN
    if code in _FORBIDDEN_CODES:
        return _FORBIDDEN
    if code in (_SSL, _TRANSPORT):
        return next((said for word, said in _HANDSHAKE_WORDS if word in text), None)
    return None


def address_of(text: str) -> tuple[str, int] | None:
    """The broker an error is about: `sasl_ssl://host:port/...`."""
    found = _ADDRESS.match(text)
    return (found[1].strip("[]"), int(found[2])) if found else None


class Refusals:
    """Remembers the last refusal among a client's errors. Safe from any thread."""

    def __init__(self, settings: Settings, pass_on: Callable[[Any], None]) -> None:
        self._settings = settings
        self._pass_on = pass_on
        self._lock = threading.Lock()
        self._last: tuple[str, tuple[str, int] | None] | None = None

    def heard(self, error: Any) -> None:
        """An error of the client: its `error_cb`."""
        if (said := hint(error.code(), error.str())) is not None:
            with self._lock:
                self._last = (said, address_of(error.str()))
        self._pass_on(error)

    def forget(self) -> None:
        """The broker answered: what was heard before is over."""
        with self._lock:
            self._last = None

    def any(self) -> bool:
        """Whether a refusal was heard since the last answer."""
        return self._last is not None

    def why(self, timeout_s: float, *, look: bool) -> str | None:
        """What refuses us and what to look at; None if nothing does. May take `timeout_s` for a handshake.

        `look`: knock at the addresses in the settings even if no refusal was heard.
        """
        with self._lock:
            last = self._last
        said, where = last if last is not None else (None, None)
        if said in (_LOGIN, _MECHANISM, _FORBIDDEN, _CLIENT):
            return said
        if said is None and not look:
            return None
        doors = [where] if where else _doors(self._settings.kafka_bootstrap)
        probe = TlsProbe(self._settings, timeout_s / len(doors))
        found = next((found for host, port in doors if (found := probe.finding(host, port))), None)
        # The client guesses a plain listener whenever a connection ends early: that alone is no refusal.
        return found or (said if said == _CERTIFICATE else None)


def _doors(servers: str) -> Sequence[tuple[str, int]]:
    """Of a list of servers two are enough to see."""
    pairs = [server.rpartition(":") for server in servers.split(",")[:2]]
    return [(host.strip("[]"), int(port)) for host, _, port in pairs]
