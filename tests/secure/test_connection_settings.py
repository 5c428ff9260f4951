"""Settings of a connection that do not fit together are refused by name before anybody is asked; no value shows."""

from dataclasses import asdict, fields, replace

import pytest

from streaming.secrets import MAX_BYTES, Secret
from streaming.settings import PREFIX, Settings, SettingsError

CANARY = "canary-7f3a"
CERTIFICATE, KEY = b"-----BEGIN CERTIFICATE-----\nxyz", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nxyz"
FILES = {
    "/ca.pem": CERTIFICATE,
    "/crt.pem": CERTIFICATE,
    "/key.pem": KEY,
    "/password": f"{CANARY}\n".encode(),
    "/windows": f"{CANARY}\r\n".encode(),
    "/inner": f" {CANARY}\n\n".encode(),
    "/empty": b"\n",
    "/binary": b"\xff\xfe" + CANARY.encode(),
    "/large": CANARY.encode() * MAX_BYTES,
}
LOGIN = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_USERNAME": "reader",
    "KAFKA_PASSWORD": CANARY,
    "KAFKA_CA_FILE": "/ca.pem",
}
MUTUAL = {
    "KAFKA_SECURITY_PROTOCOL": "SSL",
    "KAFKA_CLIENT_CERT_FILE": "/crt.pem",
    "KAFKA_CLIENT_KEY_FILE": "/key.pem",
    "KAFKA_CLIENT_KEY_PASSWORD": CANARY,
}
SECRETS = [spec.name for spec in fields(Settings) if isinstance(spec.default, Secret)]


def from_memory(path: str) -> bytes:
    try:
        return FILES[path]
    except KeyError:
        raise FileNotFoundError(2, "No such file or directory", path) from None


def read(environment: dict[str, str]) -> Settings:
    return Settings.from_environment({PREFIX + name: value for name, value in environment.items()}, from_memory)


def refused(environment: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        read(environment)
    said = str(caught.value)
    assert "\n" not in said
    assert CANARY not in said
    assert caught.value.__cause__ is None
    return said


def test_a_login_and_a_client_certificate_are_read():
    assert read(LOGIN).kafka_password.reveal() == CANARY
    assert read(MUTUAL).kafka_client_key_file == "/key.pem"
    assert read(LOGIN | MUTUAL | {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}).kafka_username == "reader"


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("file", ["/password", "/windows"])
def test_every_secret_may_be_a_file(name, file):
    given = {n: v for n, v in (LOGIN | MUTUAL).items() if n != name.upper()} | {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}
    assert getattr(read(given | {f"{name.upper()}_FILE": file}), name).reveal() == CANARY


def test_only_one_line_end_is_taken_from_a_file():
    assert read({"MAC_KEY_FILE": "/inner"}).mac_key.reveal() == f" {CANARY}\n"


def without(given, *names):
    return {name: value for name, value in given.items() if name not in names}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (without(LOGIN, "KAFKA_SASL_MECHANISM"), "TIDEMARK_KAFKA_SASL_MECHANISM is not set"),
        (without(LOGIN, "KAFKA_USERNAME"), "TIDEMARK_KAFKA_USERNAME is not set"),
        (without(LOGIN, "KAFKA_PASSWORD"), "TIDEMARK_KAFKA_PASSWORD (or TIDEMARK_KAFKA_PASSWORD_FILE) is not set"),
        (without(LOGIN, "KAFKA_SECURITY_PROTOCOL"), "TIDEMARK_KAFKA_SASL_MECHANISM is set, but"),
        ({"KAFKA_PASSWORD": CANARY}, "set it to SASL_SSL"),
        ({"KAFKA_CA_FILE": "/ca.pem"}, "set it to SSL"),
        (LOGIN | {"KAFKA_SECURITY_PROTOCOL": "SSL"}, "is SSL: set it to SASL_SSL"),
        (LOGIN | {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, "TIDEMARK_KAFKA_SECURITY_PROTOCOL must be one of"),
        (LOGIN | {"KAFKA_SASL_MECHANISM": "GSSAPI"}, "TIDEMARK_KAFKA_SASL_MECHANISM must be one of"),
        (LOGIN | {"KAFKA_PASSWORD_FILE": "/password"}, "TIDEMARK_KAFKA_PASSWORD_FILE are both set"),
        (LOGIN | {"KAFKA_CA_FILE": "/none.pem"}, "TIDEMARK_KAFKA_CA_FILE: cannot read /none.pem: No such file"),
        (LOGIN | {"KAFKA_CA_FILE": "/password"}, "TIDEMARK_KAFKA_CA_FILE: /password holds no certificate in PEM form"),
        (LOGIN | {"KAFKA_USERNAME": "a\nb"}, "TIDEMARK_KAFKA_USERNAME must be text without control characters"),
        (
            MUTUAL | {"KAFKA_CLIENT_KEY_FILE": "/crt.pem"},
            "TIDEMARK_KAFKA_CLIENT_KEY_FILE: /crt.pem holds no private key",
        ),
        (without(MUTUAL, "KAFKA_CLIENT_KEY_FILE"), "TIDEMARK_KAFKA_CLIENT_CERT_FILE is set without"),
        (without(MUTUAL, "KAFKA_CLIENT_CERT_FILE"), "TIDEMARK_KAFKA_CLIENT_KEY_FILE is set without"),
        (
            without(MUTUAL, "KAFKA_CLIENT_CERT_FILE", "KAFKA_CLIENT_KEY_FILE"),
            "TIDEMARK_KAFKA_CLIENT_KEY_PASSWORD is set without TIDEMARK_KAFKA_CLIENT_KEY_FILE",
        ),
        ({"MAC_KEY_FILE": "/none"}, "TIDEMARK_MAC_KEY_FILE: cannot read /none"),
        ({"MAC_KEY_FILE": "/empty"}, "TIDEMARK_MAC_KEY_FILE: /empty is empty"),
        ({"MAC_KEY_FILE": "/binary"}, "TIDEMARK_MAC_KEY_FILE: /binary is not UTF-8"),
        ({"MAC_KEY_FILE": "/large"}, "is it the right file?"),
        ({"KAFKA_USERNAME_FILE": "/password"}, "unknown setting TIDEMARK_KAFKA_USERNAME_FILE"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(given, says):
    assert says in refused(given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_BOOTSTRAP", f"reader:{CANARY}@kafka.example:9093"),
        ("KAFKA_BOOTSTRAP", f"kafka.example:9093,reader:{CANARY}@kafka.example:9093"),
        ("BIGQUERY_REST_ENDPOINT", f"https://reader:{CANARY}@127.0.0.1:9050"),
        ("BIGQUERY_REST_ENDPOINT", f"http://127.0.0.1:9050/?key={CANARY}"),
        ("BIGQUERY_GRPC_ENDPOINT", f"{CANARY}@127.0.0.1:9060"),
    ],
)
def test_an_address_has_no_room_for_a_secret(name, value):
    assert f"TIDEMARK_{name} must be" in refused({name: value})


REST, GRPC = "http://127.0.0.1:9050", "127.0.0.1:9060"


@pytest.mark.parametrize(
    ("rest", "grpc"), [(REST, GRPC), ("http://localhost:9050/x", "localhost:1"), ("http://[::1]:9050", "[::1]:9060")]
)
def test_an_emulator_on_this_machine_is_taken(rest, grpc):
    assert read({"BIGQUERY_REST_ENDPOINT": rest, "BIGQUERY_GRPC_ENDPOINT": grpc}).bigquery_grpc_endpoint == grpc


@pytest.mark.parametrize(
    ("rest", "grpc", "says"),
    [
        ("http://warehouse.example", GRPC, "REST_ENDPOINT must be a loopback address"),
        ("https://bigquery.googleapis.com", GRPC, "REST_ENDPOINT must be a loopback address"),
        ("http://127.0.0.1.example:9050", GRPC, "REST_ENDPOINT must be a loopback address"),
        (REST, "10.0.0.1:9060", "GRPC_ENDPOINT must be a loopback address"),
        (REST, "", "TIDEMARK_BIGQUERY_REST_ENDPOINT is set without TIDEMARK_BIGQUERY_GRPC_ENDPOINT"),
        ("", GRPC, "TIDEMARK_BIGQUERY_GRPC_ENDPOINT is set without TIDEMARK_BIGQUERY_REST_ENDPOINT"),
    ],
)
def test_payments_leave_this_machine_only_with_credentials_and_encryption(rest, grpc, says):
    assert says in refused({"BIGQUERY_REST_ENDPOINT": rest, "BIGQUERY_GRPC_ENDPOINT": grpc})


class Leaky(Secret):
    """The tempting one: a secret like any other value."""

    def __repr__(self) -> str:
        return self.reveal()


def shows(settings: Settings) -> bool:
    """Whether any of the ways in which settings become text shows a canary."""
    copies = [repr(settings), str(settings), str(asdict(settings)), f"{replace(settings, window_ms=50)!r}"]
    return any(CANARY in text for text in copies)


def full(kind: type[Secret]) -> Settings:
    return Settings(**{name: kind(f"{CANARY}-{name}") for name in SECRETS})


def test_settings_never_show_a_secret():
    assert len(SECRETS) >= 3
    assert not shows(full(Secret))


@pytest.mark.parametrize("name", SECRETS)
def test_the_search_finds_a_secret_that_shows(name):
    assert shows(replace(full(Secret), **{name: Leaky(CANARY)}))


def test_the_list_of_settings_has_every_variable_and_no_secret():
    listed = {name: default for name, default, _ in Settings.listed()}
    assert {f"{PREFIX}{name.upper()}{end}" for name in SECRETS for end in ("", "_FILE")} <= set(listed)
    assert all(not default for name, default in listed.items() if name.removesuffix("_FILE")[9:].lower() in SECRETS)
