"""What the Kafka client says of a refusal, in words that name the setting. The texts are those of librdkafka 2.16."""

from dataclasses import dataclass

import pytest

from streaming.adapters.kafka_config import Complaints, asking_config, connection_config, consumer_config
from streaming.adapters.kafka_refusals import Refusals, address_of, hint
from streaming.adapters.kafka_security import security_config
from streaming.secrets import Secret
from streaming.settings import Settings

AT = "sasl_ssl://broker.example:9093/bootstrap: "
LOGIN = AT + "SASL authentication error: Authentication failed during authentication due to invalid credentials"
MECHANISM = AT + "SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported"
VERIFY = AT + "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could"
PLAIN = (
    AT + "SSL handshake failed: Disconnected: SSL connection closed by peer: connecting to a PLAINTEXT broker listener?"
)
NO_CERTIFICATE = AT + "Receive failed: error:0A00045C:SSL routines::tlsv13 alert certificate required: SSL alert number"
UNKNOWN_CA = AT + "Receive failed: error:0A000418:SSL routines::tlsv1 alert unknown ca: SSL alert number 48"


@dataclass
class Said:
    """An error as the client hands it over."""

    number: int
    text: str

    def code(self):
        return self.number

    def str(self):
        return self.text


@pytest.mark.parametrize(
    ("code", "text", "settings"),
    [
        (-169, LOGIN, ["KAFKA_USERNAME", "KAFKA_PASSWORD"]),
        (58, "", ["KAFKA_PASSWORD"]),
        (-169, MECHANISM, ["KAFKA_SASL_MECHANISM"]),
        (33, "", ["KAFKA_SASL_MECHANISM"]),
        (-181, VERIFY, ["KAFKA_CA_FILE", "KAFKA_BOOTSTRAP"]),
        (-195, VERIFY, ["KAFKA_CA_FILE"]),
        (-195, PLAIN, ["KAFKA_SECURITY_PROTOCOL"]),
        (-195, NO_CERTIFICATE, ["KAFKA_CLIENT_CERT_FILE"]),
        (-195, UNKNOWN_CA, ["KAFKA_CLIENT_CERT_FILE"]),
        (29, "Broker: Topic authorization failed", ["KAFKA_USERNAME"]),
    ],
)
def test_a_refusal_names_its_settings(code, text, settings):
    said = hint(code, text)
    assert said is not None
    assert all(f"TIDEMARK_{name}" in said for name in settings)
    assert "\n" not in said


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (-195, AT + "Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)"),
        (-187, "1/1 brokers are down"),
        (-193, "Failed to resolve 'broker.example:9093'"),
        (-185, "Local: Timed out"),
        (5, "LEADER_NOT_AVAILABLE"),
    ],
)
def test_an_outage_is_no_refusal(code, text):
    assert hint(code, text) is None


def test_a_refusal_is_remembered_until_an_answer():
    passed = []
    refusals = Refusals(Settings(kafka_bootstrap="127.0.0.1:1"), passed.append)
    assert refusals.why(1, look=False) is None
    refusals.heard(Said(-169, LOGIN))
    refusals.heard(Said(-187, "1/1 brokers are down"))
    assert "the login is refused" in refusals.why(1, look=False)
    assert len(passed) == 2
    refusals.forget()
    assert not refusals.any()
    assert refusals.why(1, look=False) is None


def test_an_error_says_which_broker():
    assert address_of(VERIFY) == ("broker.example", 9093)
    assert address_of("ssl://[::1]:9093/7: x") == ("::1", 9093)
    assert address_of("1/1 brokers are down") is None


def test_a_complaint_carries_the_setting():
    lines = []
    Complaints(lines.append).say(-169, f"kafka: _AUTHENTICATION: {LOGIN}")
    assert lines[0].endswith(
        "look at TIDEMARK_KAFKA_USERNAME, TIDEMARK_KAFKA_PASSWORD and TIDEMARK_KAFKA_SASL_MECHANISM"
    )


SECURE = Settings(
    kafka_bootstrap="broker.example:9093",
    kafka_security_protocol="SASL_SSL",
    kafka_sasl_mechanism="SCRAM-SHA-512",
    kafka_username="reader",
    kafka_password=Secret("canary-1"),
    kafka_client_key_file="/key.pem",
    kafka_client_key_password=Secret("canary-2"),
)


def test_every_client_is_configured_securely_and_shows_no_secret():
    for config in (connection_config(SECURE, {}), asking_config(SECURE, {}), consumer_config(SECURE, {})):
        assert (config["security.protocol"], config["sasl.mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
        assert (str(config["sasl.password"]), str(config["ssl.key.password"])) == ("canary-1", "canary-2")
        assert config["ssl.ca.location"] == "probe"
        assert "canary" not in repr(config)


def test_a_plain_connection_has_no_security_properties():
    assert security_config(Settings(kafka_password=Secret("canary"))) == {}
