"""A sandbox whose broker has a door for each way to be refused, and the settings that open the right one."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from certificates import DAY, Authority, Signed
from confluent_kafka.admin import (  # noqa: TID251  # the test's own hand on the broker
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from sandbox.platform.instance import RunningPlatform, running
from sandbox.platform.kafka import Listener
from sandbox.platform.processes import free_ports
from sandbox.seed import Frames
from sandbox.seed import seed as publish_reference

USER, PASSWORD = "tidemark-consumer", "canary-broker-password"
KEY_PASSWORD = "canary-key-password"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_PLAIN = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
_LOGINS = {
    "sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512,PLAIN",
    "scram-sha-256.sasl.jaas.config": _SCRAM,
    "scram-sha-512.sasl.jaas.config": _SCRAM,
    "plain.sasl.jaas.config": _PLAIN,
}
_ONLY_SHA_512 = {"sasl.enabled.mechanisms": "SCRAM-SHA-512", "scram-sha-512.sasl.jaas.config": _SCRAM}


def _shown(signed: Signed) -> dict[str, str]:
    return {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(signed.store)}


@dataclass(frozen=True)
class Doors:
    """The certificates of one test run, the broker's listeners and where they are."""

    folder: Path
    authority: Authority
    stranger: Authority
    client: Signed
    """Its key has the password KEY_PASSWORD."""
    listeners: tuple[Listener, ...]

    @classmethod
    def make(cls, folder: Path) -> "Doors":
        authority, stranger = Authority(folder, "authority"), Authority(folder, "stranger")
        good, client = authority.sign("broker"), authority.sign("client", password=KEY_PASSWORD)
        expired = authority.sign("expired", valid_for=-DAY)
        elsewhere = authority.sign("elsewhere", host="kafka.example")
        mutual = {"ssl.client.auth": "required", "ssl.truststore.type": "PEM"}
        mutual["ssl.truststore.location"] = str(authority.file)
        ports = iter(free_ports(5))
        return cls(
            folder,
            authority,
            stranger,
            client,
            (
                Listener("SECURE", "SASL_SSL", next(ports), _shown(good) | _LOGINS),
                Listener("STRICT", "SASL_SSL", next(ports), _shown(good) | _ONLY_SHA_512),
                Listener("EXPIRED", "SASL_SSL", next(ports), _shown(expired) | _LOGINS),
                Listener("ELSEWHERE", "SASL_SSL", next(ports), _shown(elsewhere) | _LOGINS),
                Listener("MUTUAL", "SSL", next(ports), _shown(good) | mutual),
            ),
        )

    def at(self, name: str) -> str:
        """`host:port` of a listener."""
        return next(f"127.0.0.1:{door.port}" for door in self.listeners if door.name == name)

    def settings(self, door: str = "SECURE", **changes: str) -> dict[str, str]:
        """TIDEMARK_* variables that open a door, with changes; an empty value takes one out."""
        chosen = {
            "KAFKA_BOOTSTRAP": self.at(door),
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_USERNAME": USER,
            "KAFKA_PASSWORD": PASSWORD,
            "KAFKA_CA_FILE": str(self.authority.file),
        } | changes
        return {f"TIDEMARK_{name}": value for name, value in chosen.items()}

    def certificate(self, door: str = "MUTUAL", **changes: str) -> dict[str, str]:
        """Variables that open a door with the client certificate instead of a login."""
        mine = {
            "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_CLIENT_CERT_FILE": str(self.client.certificate),
            "KAFKA_CLIENT_KEY_FILE": str(self.client.key),
            "KAFKA_CLIENT_KEY_PASSWORD": KEY_PASSWORD,
        }
        no_login = dict.fromkeys(("KAFKA_SASL_MECHANISM", "KAFKA_USERNAME", "KAFKA_PASSWORD"), "")
        return self.settings(door, **(mine | no_login | changes))


def set_password(platform: RunningPlatform, password: str) -> None:
    """Set the user's password for both SCRAM mechanisms, through the plain door."""
    admin = AdminClient({"bootstrap.servers": platform.bootstrap_servers, "log_level": 0})
    wanted = [
        UserScramCredentialUpsertion(USER, ScramCredentialInfo(mechanism, 4096), password.encode())
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512)
    ]
    for change in wanted:  # one change a user and request
        for done in admin.alter_user_scram_credentials([change]).values():
            done.result(20)


@contextlib.contextmanager
def secured(state: Path, *, partitions: int = 2, made: Frames | None = None) -> Iterator[tuple[RunningPlatform, Doors]]:
    """A platform seeded with `made`, or the whole world; its environment opens SECURE with the password from a file."""
    state.mkdir(parents=True, exist_ok=True)
    doors = Doors.make(state)
    (state / "password").write_text(PASSWORD + "\n")
    clients = doors.settings(KAFKA_PASSWORD_FILE=str(state / "password"))
    del clients["TIDEMARK_KAFKA_PASSWORD"]
    with running(state, partitions=partitions, listeners=doors.listeners, clients=clients) as platform:
        set_password(platform, PASSWORD)
        warehouse = connect(platform.project, platform.rest_endpoint)
        migrate(warehouse, platform.project, platform.dataset, lambda line: None)
        now = datetime.now(UTC)  # noqa: TID251 - real processes live by the real clock
        publish_reference(warehouse, platform.dataset, 7, now, lambda line: None, made=made)
        yield platform, doors


def with_settings(platform: RunningPlatform, chosen: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that uses `chosen` for Kafka and the platform for everything else."""
    others = {n: v for n, v in os.environ.items() if not n.startswith("TIDEMARK_")}  # noqa: TID251
    mine = {n: v for n, v in platform.environment().items() if n not in platform.clients}
    return others | mine | dict(chosen)
