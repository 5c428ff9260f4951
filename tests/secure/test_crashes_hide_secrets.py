"""A crash whose traceback shows the locals of every frame, as error trackers do, shows no secret."""

import traceback
from datetime import UTC, datetime

import polars as pl
import pytest
from secret_search import Search

from streaming.adapters.kafka import KafkaBroker
from streaming.secrets import Secret
from streaming.settings import Settings, SettingsError
from streaming.stages.evidence import macs
from streaming.walk import Policy

MAC_KEY, PASSWORD, KEY_PASSWORD = "canary-mac-key-of-a-test", "canary-password", "canary-key-password"
SETTINGS = Settings(
    kafka_bootstrap="127.0.0.1:1",
    kafka_security_protocol="SASL_SSL",
    kafka_sasl_mechanism="SCRAM-SHA-512",
    kafka_username="reader",
    kafka_password=Secret(PASSWORD),
    kafka_client_key_password=Secret(KEY_PASSWORD),
    mac_key=Secret(MAC_KEY),
)
AT = datetime(2026, 11, 23, tzinfo=UTC)


def crash_report(error: BaseException) -> str:
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def shown(crash) -> list[tuple[str, str]]:
    """Which canaries the report of this crash holds."""
    search = Search([MAC_KEY, PASSWORD, KEY_PASSWORD])
    with pytest.raises(Exception) as caught:
        crash()
    report = crash_report(caught.value)
    assert "settings" in report or "policy" in report or "key" in report, "the locals are in it"
    search.saw("traceback", report)
    return search.found


def in_a_stage(key: Policy | None = None) -> None:
    policy = key or Policy.of(SETTINGS)
    macs(pl.Series([1, 2, 3]), policy.mac_key)  # numbers have no bytes: any defect of a stage would look like this


def in_the_clients_making() -> None:
    settings = SETTINGS
    KafkaBroker(settings, client_config={"no.such.property": "x"})


def in_a_setting() -> None:
    settings = SETTINGS
    settings.require("bigquery_project")


@pytest.mark.parametrize("crash", [in_a_stage, in_the_clients_making, in_a_setting])
def test_a_crash_shows_no_secret(crash):
    assert shown(crash) == []


def test_a_plain_key_would_be_seen():
    """The mutant: the same crash with a key that is bytes like any others."""
    assert shown(lambda: in_a_stage(Policy(mac_key=MAC_KEY.encode())))


def test_a_plain_password_would_be_seen():
    def tempting() -> None:
        settings = {"sasl.password": PASSWORD}
        raise SettingsError(f"{len(settings)} settings cannot be used")

    assert shown(tempting)


def test_the_search_knows_disguises():
    search = Search([PASSWORD])
    for text in (PASSWORD, "Y2FuYXJ5LXBhc3N3b3Jk", PASSWORD.encode().hex(), f"x{PASSWORD}y"):
        search.saw("here", text)
    assert len(search.found) == 4
    search.saw("here", "canary-passwore")
    assert len(search.found) == 4
