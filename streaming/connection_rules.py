"""Which settings of a connection do not fit together, before anybody is asked: by the name of a variable."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from streaming.settings import Settings

_SASL: Final = ("kafka_sasl_mechanism", "kafka_username", "kafka_password")
_TLS: Final = ("kafka_ca_file", "kafka_client_cert_file", "kafka_client_key_file", "kafka_client_key_password")
_PEM: Final = {
    "kafka_ca_file": (b"-----BEGIN CERTIFICATE-----", "certificate"),
    "kafka_client_cert_file": (b"-----BEGIN CERTIFICATE-----", "certificate"),
    "kafka_client_key_file": (b"PRIVATE KEY-----", "private key"),
}
_ENDPOINTS: Final = ("bigquery_rest_endpoint", "bigquery_grpc_endpoint")


def misfit(settings: "Settings", prefix: str, read: Callable[[str], bytes]) -> str | None:
    """One line about the first thing that cannot work, or None. `prefix` is that of the variables; no value is shown
    but a path. `read` gives a file's bytes or raises OSError."""

    def variable(name: str) -> str:
        return f"{prefix}{name.upper()}"

    return (
        _kafka(settings, variable)
        or next((why for name in _PEM if (why := _pem(name, settings, variable, read))), None)
        or _bigquery(settings, variable)
    )


def _kafka(settings: "Settings", variable: Callable[[str], str]) -> str | None:
    protocol, chosen = settings.kafka_security_protocol, variable("kafka_security_protocol")
    if protocol == "PLAINTEXT" and (idle := _first(settings, (*_SASL, *_TLS))):
        return f"{variable(idle)} is set, but {chosen} is PLAINTEXT: set it to {'SASL_SSL' if idle in _SASL else 'SSL'}"
    if protocol == "SSL" and (idle := _first(settings, _SASL)):
        return f"{variable(idle)} is set, but {chosen} is SSL: set it to SASL_SSL"
    if protocol == "SASL_SSL":
        for name in _SASL:
            if not getattr(settings, name):
                also = f" (or {variable(name)}_FILE)" if name == "kafka_password" else ""
                return f"{variable(name)}{also} is not set: {chosen}=SASL_SSL needs {_listed(_SASL, variable)}"
    certificate, key = variable("kafka_client_cert_file"), variable("kafka_client_key_file")
    if bool(settings.kafka_client_cert_file) != bool(settings.kafka_client_key_file):
        is_set, is_not = (certificate, key) if settings.kafka_client_cert_file else (key, certificate)
        return f"{is_set} is set without {is_not}: a client certificate needs both"
    if settings.kafka_client_key_password and not settings.kafka_client_key_file:
        return f"{variable('kafka_client_key_password')} is set without {key}"
    return None


def _pem(name: str, settings: "Settings", variable: Callable[[str], str], read: Callable[[str], bytes]) -> str | None:
    path, (mark, kind) = getattr(settings, name), _PEM[name]
    if not path:
        return None
    try:
        content = read(path)
    except OSError as error:
        return f"{variable(name)}: cannot read {path}: {error.strerror or type(error).__name__}"
    return None if mark in content else f"{variable(name)}: {path} holds no {kind} in PEM form"


def _bigquery(settings: "Settings", variable: Callable[[str], str]) -> str | None:
    """An emulator is spoken to without credentials and without encryption: on this machine alone, and with both of
    its endpoints, or rows would go to one place and questions to another."""
    for name in _ENDPOINTS:
        endpoint = getattr(settings, name)
        host = urlsplit(endpoint if "//" in endpoint else f"//{endpoint}").hostname
        if endpoint and not _is_loopback(host or ""):
            return (
                f"{variable(name)} must be a loopback address: an emulator is spoken to without credentials and "
                "without encryption; leave it out for the real BigQuery"
            )
    is_set, is_not = _first(settings, _ENDPOINTS), _first_unset(settings, _ENDPOINTS)
    if is_set and is_not:
        return f"{variable(is_set)} is set without {variable(is_not)}: an emulator has both, the real BigQuery none"
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _first(settings: "Settings", names: tuple[str, ...]) -> str | None:
    return next((name for name in names if getattr(settings, name)), None)


def _first_unset(settings: "Settings", names: tuple[str, ...]) -> str | None:
    return next((name for name in names if not getattr(settings, name)), None)


def _listed(names: tuple[str, ...], variable: Callable[[str], str]) -> str:
    *others, last = map(variable, names)
    return f"{', '.join(others)} and {last}"
