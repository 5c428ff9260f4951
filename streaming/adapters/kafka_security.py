"""The security settings as the Kafka client wants them, and its clients made with an error for people."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaException

from streaming.secrets import Hidden
from streaming.settings import PREFIX, Settings, SettingsError

Client = TypeVar("Client")

_PROPERTIES: Final = {
    "kafka_sasl_mechanism": "sasl.mechanism",
    "kafka_username": "sasl.username",
    "kafka_password": "sasl.password",
    "kafka_ca_file": "ssl.ca.location",
    "kafka_client_cert_file": "ssl.certificate.location",
    "kafka_client_key_file": "ssl.key.location",
    "kafka_client_key_password": "ssl.key.password",
}
_NOT_DECODED: Final = "PEM lib"
"""What OpenSSL says of a file that its PEM reader gives up on, an encrypted key with a wrong password above all."""
_SECRETS: Final = frozenset({"kafka_password", "kafka_client_key_password"})


def security_config(settings: Settings) -> dict[str, Any]:
    """Security properties of any Kafka client. Its repr shows no secret. Empty for a plain connection.

    Without a CA file the client looks for the system's authorities where Linux distributions keep them.
    """
    if settings.kafka_security_protocol == "PLAINTEXT":
        return {}
    config: dict[str, Any] = {"security.protocol": settings.kafka_security_protocol}
    if not settings.kafka_ca_file:
        config["ssl.ca.location"] = "probe"
    for name, key in _PROPERTIES.items():
        value = getattr(settings, name)
        if value:
            config[key] = Hidden(value.reveal()) if name in _SECRETS else value
    return config


def made(client: Callable[..., Client], config: Mapping[str, Any], **options: Any) -> Client:
    """Make a client. Raises SettingsError for certificates or keys that it cannot use."""
    try:
        return client(config, **options)
    except KafkaException as exception:
        raise SettingsError(_unusable(exception.args[0].str())) from None


def _unusable(text: str) -> str:
    """`... ssl.key.location failed: error:...:key values mismatch`: the property as our setting, and the end of it."""
    reason = text.rpartition(":")[2].strip()
    for name, key in _PROPERTIES.items():
        if key in text:
            opened = f"; does {PREFIX}KAFKA_CLIENT_KEY_PASSWORD open it?" if reason == _NOT_DECODED else ""
            return f"{PREFIX}{name.upper()} cannot be used: {reason}{opened}"
    return f"the Kafka client refuses its settings: {reason}"
