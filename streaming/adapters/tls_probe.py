"""A TLS handshake of our own with a broker that the Kafka client cannot talk to: it says what the client does not."""

import socket
import ssl
import struct
from typing import Final

from streaming.settings import PREFIX, Settings

# OpenSSL's verification errors (x509_vfy.h)
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64

_PROTOCOL: Final = f"{PREFIX}KAFKA_SECURITY_PROTOCOL"
_BOOTSTRAP: Final = f"{PREFIX}KAFKA_BOOTSTRAP"
_CA: Final = f"{PREFIX}KAFKA_CA_FILE"
_TO_SASL: Final = f"set {_PROTOCOL} to SASL_SSL"
_WHICH_VERSIONS: Final = struct.pack(">ihhih", 10, 18, 0, 1, -1)
"""ApiVersions (key 18) version 0, correlation id 1, no client id; the answer repeats the correlation id."""


class TlsProbe:
    """Knocks once an address, with the settings' certificates; sends nothing after the handshake."""

    def __init__(self, settings: Settings, timeout_s: float) -> None:
        self._settings, self._timeout_s = settings, timeout_s

    def finding(self, host: str, port: int) -> str | None:
        """What is wrong with TLS at this address, in one line that names the setting; None if nothing is, or if
        nobody answers there at all."""
        wanted = self._settings.kafka_security_protocol != "PLAINTEXT"
        try:
            with socket.create_connection((host, port), self._timeout_s) as connection:
                return self._handshake(connection, host, port) if wanted else _if_tls(connection, host, port)
        except OSError:
            return None

    def _handshake(self, connection: socket.socket, host: str, port: int) -> str | None:
        try:
            with self._context().wrap_socket(connection, server_hostname=host):
                # Only asked when Kafka did not answer: a door that opens and stays silent wants a login.
                without_login = self._settings.kafka_security_protocol == "SSL"
                return f"{host}:{port} speaks TLS and may want a login: {_TO_SASL}" if without_login else None
        except ssl.SSLCertVerificationError as error:
            return _about_certificate(error.verify_code, host, port)
        except TimeoutError:
            return None
        except (ssl.SSLError, ConnectionError):
            return _if_plain(host, port, self._timeout_s)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._settings.kafka_ca_file or None)
        # Python 3.13 is stricter about how authorities are made than the Kafka client is.
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        certificate, key = self._settings.kafka_client_cert_file, self._settings.kafka_client_key_file
        if certificate and key:
            context.load_cert_chain(certificate, key, self._settings.kafka_client_key_password.reveal)
        return context


def _about_certificate(code: int, host: str, port: int) -> str:
    at = f"the certificate of {host}:{port}"
    if code == _EXPIRED:
        return f"{at} has expired: the broker needs a new one ({_CA} is not to blame)"
    if code == _NOT_YET_VALID:
        return f"{at} is not valid yet: is this machine's clock right?"
    if code in (_OTHER_HOST, _OTHER_ADDRESS):
        return f"{at} is for another host: use the name that it is for in {_BOOTSTRAP}"
    return f"{at} is signed by nobody we trust: {_CA} must hold the authority that signed it"


def _if_plain(host: str, port: int, timeout_s: float) -> str | None:
    """Whether Kafka answers there without TLS: any broker tells its versions to anybody."""
    with socket.create_connection((host, port), timeout_s) as connection:
        connection.sendall(_WHICH_VERSIONS)
        answered = connection.recv(8)[4:] == _WHICH_VERSIONS[8:12]
    said = f"{host}:{port} is a plain listener without TLS; look at {_PROTOCOL} and the port in {_BOOTSTRAP}"
    return said if answered else None


def _if_tls(connection: socket.socket, host: str, port: int) -> str | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # only to see whether it is TLS at all
    said = f"{host}:{port} wants TLS: set {_PROTOCOL} to SSL or SASL_SSL"
    try:
        with context.wrap_socket(connection, server_hostname=host):
            return said
    except ssl.SSLError as error:
        return said if "ALERT" in (error.reason or "") else None
