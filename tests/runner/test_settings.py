"""Settings: refused by name and range in one line, and a secret that never shows itself."""

from dataclasses import fields

import pytest

from streaming.settings import PREFIX, Secret, Settings, SettingsError

KEY = "s3cr3t-" * 4


def read(**environment: str) -> Settings:
    return Settings.from_environment({PREFIX + name: value for name, value in environment.items()})


def test_defaults_stand_and_other_variables_are_nobodys_business():
    assert Settings.from_environment({"HOME": "/x", "PATH": "/y"}) == Settings()


def test_values_are_read():
    settings = read(KAFKA_BOOTSTRAP="a:1,b:2", WINDOW_MS="50", COMMIT_INTERVAL_S="0.5", RECOVERY_CHECK="behind")
    assert (settings.kafka_bootstrap, settings.window_ms) == ("a:1,b:2", 50)
    assert (settings.commit_interval_s, settings.recovery_check) == (0.5, "behind")


def test_an_unknown_name_is_refused():
    with pytest.raises(SettingsError, match="TIDEMARK_WINDOWMS") as caught:
        read(WINDOWMS="50")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("WINDOW_MS", "5", "an integer from 10 to 10000"),
        ("WINDOW_MS", "1e3", "an integer"),
        ("WINDOW_MS", "10001", "to 10000"),
        ("COMMIT_INTERVAL_S", "nan", "a number from"),
        ("COMMIT_INTERVAL_S", "soon", "a number from"),
        ("KAFKA_BOOTSTRAP", "localhost", "host:port"),
        ("START_AT", "yesterday", "RFC 3339"),
        ("START_AT", "2026-01-01T00:00:00", "zone"),
        ("RECOVERY_CHECK", "never", "before, behind"),
        ("PAN_IN_IDS", "maybe", "quarantine, allow"),
        ("BIGQUERY_REST_ENDPOINT", "127.0.0.1:9", "http"),
        ("REPORTING_CURRENCY", "eur", "three capital letters"),
        ("MEMBER", "a b", "letters"),
        ("MEMBER", "..", "not '.' or '..'"),
        ("KAFKA_TOPIC", ".", "not '.' or '..'"),
    ],
)
def test_a_value_out_of_range_says_what_it_must_be(name, value, says):
    with pytest.raises(SettingsError) as caught:
        read(**{name: value})
    assert str(caught.value).startswith(f"TIDEMARK_{name} must be ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_time_to_start_at_is_kept_in_utc():
    assert read(START_AT="2026-01-01T02:00:00+02:00").start_at == "2026-01-01T00:00:00+00:00"


def test_an_empty_value_is_the_default():
    assert read(WINDOW_MS="").window_ms == Settings().window_ms


def test_what_is_needed_is_asked_for_by_its_variable():
    with pytest.raises(SettingsError, match="TIDEMARK_MAC_KEY is not set"):
        Settings().require("mac_key")
    settings = read(MAC_KEY=KEY)
    assert settings.require("mac_key") is settings


def test_a_secret_shows_itself_only_when_asked():
    settings = read(MAC_KEY=KEY)
    for text in (repr(settings), str(settings.mac_key), f"{settings.mac_key}", f"{settings.mac_key!r}"):
        assert "s3cr3t" not in text
    assert settings.mac_key.reveal() == KEY
    assert repr(Secret("")) == "Secret(unset)"


def test_every_setting_has_its_words():
    assert all(Settings.says(f.name) for f in fields(Settings))
    with pytest.raises(AttributeError):
        Settings().window_ms = 5  # type: ignore[misc]  # frozen: that is the point
