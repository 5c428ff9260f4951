"""One frozen `Settings`: the only reader of the environment, and it is handed the environment."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from streaming.connection_rules import misfit
from streaming.failpoints import Failpoint
from streaming.secrets import Secret, secret_from_file

PREFIX: Final = "TIDEMARK_"
FILE: Final = "_FILE"
"""Behind the variable of a secret: the file that holds it, as Kubernetes mounts one."""

ReadFile = Callable[[str], bytes]


class SettingsError(Exception):
    """A setting is missing, unknown or out of range. The message is one line that says what to do."""


def read_file(path: str) -> bytes:
    """A file's bytes. Raises OSError."""
    return Path(path).read_bytes()


def _choice(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return text

    return parse


def _between(low: float, high: float, kind: type[int] | type[float]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        expectation = f"a{'n integer' if kind is int else ' number'} from {low:g} to {high:g}"
        try:
            value = kind(text)
        except ValueError:
            raise ValueError(expectation) from None
        if not low <= value <= high:
            raise ValueError(expectation)
        return value

    return parse


def _matching(pattern: str, words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(words)
        return text

    return parse


def _start_at(text: str) -> str:
    if text in ("earliest", "latest"):
        return text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("earliest, latest or an RFC 3339 time") from None
    if at.tzinfo is None:
        raise ValueError("a time with its zone")
    return at.astimezone(UTC).isoformat()


def _failpoint(text: str) -> str:
    return str(Failpoint.parse(text))


def _setting(default: Any, parse: Callable[[str], Any], says: str) -> Any:
    return field(default=default, metadata={"parse": parse, "says": says})


_NAME = _matching(
    r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,200}", "letters, digits, '.', '_' and '-', at most 200, not '.' or '..'"
)
_ADDRESS = r"[^\s/@?#,]+:\d{1,5}"
"""No `user:password@`: what stands in an address is shown in errors."""
_SERVERS = _matching(rf"{_ADDRESS}(,{_ADDRESS})*", "host:port[,host:port], without a user or a password")
_ENDPOINT = _matching(_ADDRESS, "host:port, without a user or a password")
_REST = _matching(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", "an http(s) address, without a user, a password or a query")
_TEXT = _matching(r"[^\x00]{0,4096}", "text")
_LINE = _matching(r"[^\x00-\x1f\x7f]{0,1024}", "text without control characters")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the consumer can be told. `TIDEMARK_` + the upper-case name is its environment variable."""

    kafka_bootstrap: str = _setting("", _SERVERS, "Kafka bootstrap servers")
    kafka_security_protocol: str = _setting(
        "PLAINTEXT", _choice("PLAINTEXT", "SSL", "SASL_SSL"), "how brokers are spoken to: PLAINTEXT, SSL or SASL_SSL"
    )
    kafka_sasl_mechanism: str = _setting(
        "", _choice("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"), "with SASL_SSL: SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN"
    )
    kafka_username: str = _setting("", _LINE, "with SASL_SSL: who logs in")
    kafka_password: Secret = _setting(Secret(""), Secret, "with SASL_SSL: the password")
    kafka_ca_file: str = _setting("", _TEXT, "PEM file of the authorities to trust; empty: those of the system")
    kafka_client_cert_file: str = _setting("", _TEXT, "PEM file of the certificate to show to brokers (mutual TLS)")
    kafka_client_key_file: str = _setting("", _TEXT, "PEM file of its private key")
    kafka_client_key_password: Secret = _setting(Secret(""), Secret, "password of that key, if it has one")
    kafka_topic: str = _setting("payments", _NAME, "topic with payment events")
    kafka_group: str = _setting("tidemark", _NAME, "consumer group")
    member: str = _setting("member-0", _NAME, "stable id of this member (group.instance.id)")
    start_at: str = _setting("earliest", _start_at, "where a group without commits starts: earliest, latest, a time")
    bigquery_project: str = _setting("", _NAME, "BigQuery project")
    bigquery_dataset: str = _setting("payments", _matching(r"[A-Za-z0-9_]{1,1024}", "letters, digits, '_'"), "dataset")
    bigquery_rest_endpoint: str = _setting("", _REST, "REST endpoint of an emulator; empty for the real service")
    bigquery_grpc_endpoint: str = _setting("", _ENDPOINT, "gRPC endpoint of an emulator; empty for the real service")
    mac_key: Secret = _setting(Secret(""), Secret, "key of the payload MAC, 16 to 64 bytes of text")
    state_dir: str = _setting(".tidemark/state", _TEXT, "folder for heartbeats")
    reporting_currency: str = _setting("EUR", _matching(r"[A-Z]{3}", "three capital letters"), "reporting currency")
    pan_in_ids: str = _setting("quarantine", _choice("quarantine", "allow"), "a card number in an id")
    max_payload_bytes: int = _setting(65_536, _between(1_024, 1_048_576, int), "larger payloads are OVERSIZED, bytes")
    max_future_minutes: int = _setting(5, _between(0, 1_440, int), "occurred_at after the broker's time, minutes")
    max_past_days: int = _setting(30, _between(1, 3_650, int), "occurred_at before the broker's time, days")
    window_ms: int = _setting(250, _between(10, 10_000, int), "a window is enriched when it is this old, ms")
    window_max_rows: int = _setting(10_000, _between(1, 100_000, int), "or has this many records")
    max_buffered_bytes: int = _setting(
        12_582_912, _between(1_048_576, 8_589_934_592, int), "bytes a member may hold before it pauses, estimated"
    )
    max_buffered_rows: int = _setting(20_000, _between(100, 1_000_000, int), "rows a partition may hold before pause")
    commit_interval_s: float = _setting(1.0, _between(0.05, 60, float), "seconds between offset commits")
    append_deadline_s: float = _setting(30.0, _between(0.1, 140, float), "time limit of one append, seconds")
    max_poll_interval_s: int = _setting(120, _between(10, 3_600, int), "max.poll.interval.ms in seconds")
    session_timeout_s: int = _setting(45, _between(1, 300, int), "session.timeout.ms in seconds")
    recovery_check: str = _setting("before", _choice("before", "behind"), "count live rows before the first append")
    reference_poll_s: float = _setting(10.0, _between(0.1, 3_600, float), "seconds between looks for new versions")
    drain_s: float = _setting(10.0, _between(0.1, 300, float), "time limit of a drain after SIGTERM, seconds")
    failpoint: str = _setting(
        "", _failpoint, "tests only: a step of the protocol at which the process dies, stops or sleeps, point:what:n"
    )
    members: int = _setting(1, _between(1, 64, int), "Dagster: members of the stream to keep running, or to expect")
    observe_only: str = _setting("no", _choice("no", "yes"), "Dagster: somebody else starts the members (a cluster)")
    settle_after_days: int = _setting(
        2, _between(1, 365, int), "Dagster: whole days before today that payments reads from landing, UTC"
    )
    schedules: str = _setting("on", _choice("on", "off"), "Dagster: off: schedules wait to be turned on in the page")
    merchant_snapshots: str = _setting("", _TEXT, "Dagster: the source's file of a day, with {day} in its path")
    fx_feed: str = _setting("", _TEXT, "Dagster: address of the ECB's XML; empty: the bundled history")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], read: ReadFile = read_file) -> "Settings":
        """Read `TIDEMARK_*`; `read` gives the bytes of files that settings name, or raises OSError.

        Raises SettingsError for an unknown name, a value out of range, settings that do not fit together, or a file
        that cannot be used. No message shows a value.
        """
        given = {name: environment[name] for name in sorted(environment) if name.startswith(PREFIX)}
        known = {f"{PREFIX}{f.name.upper()}": f for f in fields(cls)}
        in_files = {f"{name}{FILE}": name for name, f in known.items() if isinstance(f.default, Secret)}
        if unknown := [name for name in given if name not in known | in_files]:
            raise SettingsError(f"unknown setting {unknown[0]}; `tidemark settings` lists the known ones")
        for name, secret in in_files.items():
            if path := given.pop(name, ""):
                if given.get(secret):
                    raise SettingsError(f"{secret} and {name} are both set: keep one of them")
                given[secret] = _of_file(name, path, read)
        parsed = {known[name].name: _parsed(name, known[name], value) for name, value in given.items() if value}
        settings = cls(**parsed)
        if why := misfit(settings, PREFIX, read):
            raise SettingsError(why)
        return settings

    def require(self, *names: str) -> "Settings":
        """Raise SettingsError if one of these is empty."""
        for name in names:
            value = getattr(self, name)
            if not (value.reveal() if isinstance(value, Secret) else value):
                raise SettingsError(f"{PREFIX}{name.upper()} is not set ({self.says(name)})")
        return self

    @classmethod
    def says(cls, name: str) -> str:
        """One line about a setting, for messages and help."""
        return next(str(f.metadata["says"]) for f in fields(cls) if f.name == name)

    @classmethod
    def listed(cls) -> list[tuple[str, str, str]]:
        """Every variable with its default and its meaning; a secret's default is never shown."""
        rows = []
        for spec in fields(cls):
            name, says = f"{PREFIX}{spec.name.upper()}", str(spec.metadata["says"])
            secret = isinstance(spec.default, Secret)
            rows.append((name, "" if secret else str(spec.default), says))
            if secret:
                rows.append((f"{name}{FILE}", "", "or a file that holds it"))
        return rows


def _parsed(name: str, spec: Any, text: str) -> Any:
    try:
        return spec.metadata["parse"](text)
    except ValueError as error:
        raise SettingsError(f"{name} must be {error}") from None


def _of_file(name: str, path: str, read: ReadFile) -> str:
    try:
        return secret_from_file(path, read)
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None
