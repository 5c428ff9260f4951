"""Every setting, with a canary in it: no repr, message, copy or configuration shows a secret or a refused value."""

import dataclasses
import json
import pickle
import re
import traceback
from dataclasses import fields

import pytest
from canaries import FREE_TEXT, SECRETS, secret_settings, secrets_in, variable

from streaming.adapters.kafka_security import security_config
from streaming.secrets import Secret
from streaming.settings import Settings, SettingsError
from streaming.walk import Policy

SECURE = {
    "TIDEMARK_KAFKA_BOOTSTRAP": "broker:9093",
    "TIDEMARK_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "TIDEMARK_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "TIDEMARK_KAFKA_USERNAME": "reader",
    "TIDEMARK_KAFKA_CLIENT_CERT_FILE": "cert.pem",
    "TIDEMARK_KAFKA_CLIENT_KEY_FILE": "key.pem",
}
PEM = b"-----BEGIN CERTIFICATE----- -----BEGIN PRIVATE KEY-----"
REFUSED = "user:canary-of-a-refused-value@nowhere\x00"
SECRET_NAME = re.compile(r"password|secret|token|credential|(?:^|_)key$|mac_key")


def settings() -> Settings:
    given = SECURE | {variable(name): secret for name, secret in SECRETS.items()}
    return Settings.from_environment(given, lambda path: PEM)


def test_every_secret_has_a_canary_and_every_canary_is_a_secret():
    assert secret_settings() == set(SECRETS)


def test_a_setting_named_like_a_secret_is_one():
    assert {spec.name for spec in fields(Settings) if SECRET_NAME.search(spec.name)} == secret_settings()


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        lambda s: f"{s}",
        lambda s: f"{s!r:.5000}",
        lambda s: "%s" % (s,),  # noqa: UP031 - another way to show it
        lambda s: repr(dataclasses.asdict(s)),
        lambda s: repr(dataclasses.astuple(s)),
        lambda s: json.dumps(dataclasses.asdict(s), default=str),
        lambda s: repr([getattr(s, spec.name) for spec in fields(s)]),
        lambda s: repr(security_config(s)),
        lambda s: repr(Policy.of(s)),
        lambda s: repr(dataclasses.replace(s, member="x")),
        lambda s: repr(Settings.listed()),
    ],
)
def test_no_way_to_show_settings_shows_a_secret(show):
    shown = show(settings())
    assert len(shown) > 20
    assert secrets_in(shown) == []


def test_a_plain_secret_would_be_found_in_any_of_them():
    for secret in SECRETS.values():
        assert secrets_in(repr({"password": secret})) == [secret]
    assert secrets_in(pickle.dumps(settings())), "only those who ask for the bytes themselves get them"


@pytest.mark.parametrize("spec", fields(Settings), ids=lambda spec: spec.name)
def test_a_refused_value_is_not_in_the_message(spec):
    said = refusal({variable(spec.name): REFUSED})
    if spec.name in FREE_TEXT or isinstance(spec.default, Secret):
        said = refusal({variable(spec.name): REFUSED.rstrip("\x00")})  # taken as it is, or refused for another reason
        assert "canary" not in said
    else:
        assert variable(spec.name) in said, "whatever is no such thing is refused, or decided on in FREE_TEXT"
        assert "canary" not in said


def refusal(environment) -> str:
    """What is said of these variables; nothing where they are taken."""
    try:
        Settings.from_environment(environment, lambda _: PEM)
    except SettingsError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_message_about_a_secret_does_not_show_it(name):
    """Each alone, from the environment and from a file, too long, twice, and where it does not fit."""
    of, secret = variable(name), SECRETS[name]
    worlds = [
        ({of: secret, f"{of}_FILE": "s"}, lambda _: secret.encode()),
        ({f"{of}_FILE": "s"}, lambda _: (secret * 1_000).encode()),
        ({f"{of}_FILE": "s"}, lambda _: secret.encode() + b"\xff"),
        ({of: secret, "TIDEMARK_KAFKA_SECURITY_PROTOCOL": "SSL", "TIDEMARK_MEMBERS": "none"}, lambda _: PEM),
        ({of: secret, "TIDEMARK_UNKNOWN": secret}, lambda _: PEM),
    ]
    for environment, read in worlds:
        with pytest.raises(SettingsError) as caught:
            Settings.from_environment(environment, read)
        said = "".join(traceback.TracebackException.from_exception(caught.value).format())
        assert secrets_in(said) == []


@pytest.mark.parametrize("size", [3, 65])
def test_a_mac_key_of_the_wrong_size_is_not_shown(size):
    key = ("canary-" * 20)[:size]
    with pytest.raises(SettingsError) as caught:
        Policy.of(Settings(mac_key=Secret(key)))
    assert key not in str(caught.value)
