"""Sandbox or environment, never a mixture: what a person set is not overridden in silence."""

import json
import os

import pytest

from orchestration.errors import UserError
from orchestration.target import environment_of, refuse_contradiction, resolve
from sandbox.platform.processes import started_at

OWN = {"TIDEMARK_KAFKA_BOOTSTRAP": "kafka.example:9092", "TIDEMARK_BIGQUERY_PROJECT": "bank"}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("TIDEMARK_")]:  # noqa: TID251 - what a shell would set
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sandbox(tmp_path):
    """A state folder whose owner is this process."""
    state = tmp_path / ".tidemark" / "sandbox"
    state.mkdir(parents=True)
    places = {"rest_endpoint": "http://127.0.0.1:1", "grpc_endpoint": "127.0.0.1:1"}
    document = {
        "kafka": {"bootstrap_servers": "127.0.0.1:1", "topic": "payments", "pid": 1},
        "bigquery": {**places, "project": "tidemark-local", "dataset": "payments", "pid": 1},
        "supervisor_pid": os.getpid(),
        "supervisor_started": started_at(os.getpid()),
    }
    (state / "platform.json").write_text(json.dumps(document))
    (state / "mac.key").write_text("k" * 32)
    return state


def refused(state=None):
    with pytest.raises(UserError) as caught:
        resolve(state)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nothing_set_means_the_sandbox(sandbox):
    assert resolve(None).bigquery_project == "tidemark-local"
    assert resolve(sandbox) == resolve(None)


def test_an_environment_of_its_own_is_used_alone(sandbox, monkeypatch):
    for name, value in OWN.items():
        monkeypatch.setenv(name, value)
    settings = resolve(None)
    assert (settings.kafka_bootstrap, settings.bigquery_project) == ("kafka.example:9092", "bank")
    assert (settings.bigquery_rest_endpoint, settings.mac_key.reveal()) == ("", "")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TIDEMARK_KAFKA_BOOTSTRAP", "other.example:9092", "TIDEMARK_BIGQUERY_PROJECT is not set"),
        ("TIDEMARK_KAFKA_SECURITY_PROTOCOL", "SSL", "TIDEMARK_BIGQUERY_PROJECT is not set"),
        ("TIDEMARK_BIGQUERY_GRPC_ENDPOINT", "127.0.0.1:1", "set without TIDEMARK_BIGQUERY_REST_ENDPOINT"),
    ],
)
def test_half_an_environment_says_what_is_missing(sandbox, monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)
    said = refused()
    assert says in said
    assert f"no sandbox is used while {name} is set" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIDEMARK_KAFKA_BOOTSTRAP", "kafka.example:9092"),
        ("TIDEMARK_BIGQUERY_PROJECT", "bank"),
        ("TIDEMARK_KAFKA_TOPIC", "refunds"),
        ("TIDEMARK_MAC_KEY", "another-key-of-16-bytes"),
        ("TIDEMARK_STATE_DIR", "/var/lib/tidemark"),
    ],
)
def test_a_state_that_contradicts_a_variable_is_refused(sandbox, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    said = refused(sandbox)
    assert said.startswith(f"{name} is set, and the sandbox in ")
    assert value not in said, "a key must not be shown"


def test_the_default_sandbox_is_not_mixed_with_another_topic_either(sandbox, monkeypatch):
    monkeypatch.setenv("TIDEMARK_KAFKA_TOPIC", "refunds")
    assert "TIDEMARK_KAFKA_TOPIC is set" in refused()


def test_what_the_instance_itself_says_contradicts_nothing(sandbox, monkeypatch):
    for name, value in environment_of(sandbox).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TIDEMARK_STATE_DIR", ".tidemark/sandbox")
    monkeypatch.setenv("TIDEMARK_WINDOW_MS", "50")
    assert resolve(sandbox).window_ms == 50


def test_an_empty_variable_is_not_set():
    refuse_contradiction({"TIDEMARK_KAFKA_TOPIC": ""}, {"TIDEMARK_KAFKA_TOPIC": "payments"}, None)


def test_no_sandbox_says_how_to_start_one(tmp_path):
    assert "`tidemark up`" in refused()
    assert f"`tidemark up --state {tmp_path / 'other'}`" in refused(tmp_path / "other")
