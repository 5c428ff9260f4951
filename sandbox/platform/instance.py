"""A local platform: one Kafka broker and one BigQuery emulator on a state folder, and how others find it."""

import contextlib
import fcntl
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sandbox.platform import bigquery, jars, kafka
from sandbox.platform.bigquery import DATASET, PROJECT, EmulatorNode
from sandbox.platform.cache import cache_root
from sandbox.platform.kafka import KafkaNode, Listener
from sandbox.platform.processes import (
    LOOPBACK,
    DidNotStart,
    await_ready,
    free_ports,
    is_alive,
    require_free,
    started_at,
    stop,
)

DEFAULT_STATE = Path(".tidemark/sandbox")
START_WITHIN = 60.0
"""Seconds a child may take to answer: ten times what it needs on two quiet cores."""

Say = Callable[[str], None]


class PlatformDown(Exception):
    """No platform runs on this state folder. The message is one line that says `tidemark up`."""


class AlreadyRunning(Exception):
    """Another process holds this state folder."""


@dataclass(frozen=True)
class Ports:
    """Ports to use; None means any free one."""

    kafka: int | None = None
    rest: int | None = None
    grpc: int | None = None

    def chosen(self) -> tuple[int, int, int, int]:
        """Kafka, its controller, REST, gRPC. Raises PortTaken for a wanted one that is in use."""
        spare = free_ports(4)
        wanted = ((self.kafka, "--kafka-port"), (self.rest, "--rest-port"), (self.grpc, "--grpc-port"))
        found = [require_free(port, option) if port else spare[i] for i, (port, option) in enumerate(wanted)]
        return found[0], spare[3], found[1], found[2]

    def settled(self) -> "Ports":
        """The same with a port chosen for each, for who must know them before anything starts. Raises PortTaken."""
        broker, _, rest, grpc = self.chosen()
        return Ports(broker, rest, grpc)

    def options(self) -> list[str]:
        """The same as options of a detached platform's command line."""
        named = (("--kafka-port", self.kafka), ("--rest-port", self.rest), ("--grpc-port", self.grpc))
        return [word for option, port in named if port for word in (option, str(port))]


@dataclass
class PlatformFacts:
    """Where a running platform is. The pids change when a child is restarted."""

    state: Path
    bootstrap_servers: str
    topic: str
    rest_endpoint: str
    grpc_endpoint: str
    project: str
    dataset: str
    kafka_pid: int
    bigquery_pid: int
    supervisor_pid: int
    supervisor_started: float
    """Start time of the owner, seconds since the epoch: tells a pid that was used again."""
    clients: dict[str, str]
    """TIDEMARK_* variables that tell clients to use another door of the broker than the plain one. No secrets."""

    def environment(self) -> dict[str, str]:
        """Every TIDEMARK_* variable a consumer of this instance needs, with the MAC key: overlay on os.environ."""
        return {**self._public_environment(), "TIDEMARK_MAC_KEY": (self.state / "mac.key").read_text().strip()}

    def _public_environment(self) -> dict[str, str]:
        return {
            "TIDEMARK_KAFKA_BOOTSTRAP": self.bootstrap_servers,
            "TIDEMARK_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
            "TIDEMARK_KAFKA_TOPIC": self.topic,
            "TIDEMARK_BIGQUERY_PROJECT": self.project,
            "TIDEMARK_BIGQUERY_DATASET": self.dataset,
            "TIDEMARK_BIGQUERY_REST_ENDPOINT": self.rest_endpoint,
            "TIDEMARK_BIGQUERY_GRPC_ENDPOINT": self.grpc_endpoint,
            "TIDEMARK_STATE_DIR": str(self.state),
            **self.clients,
        }

    def write(self) -> None:
        """Write platform.json atomically. It holds no secret."""
        document = {
            "kafka": {
                "bootstrap_servers": self.bootstrap_servers,
                "topic": self.topic,
                "state": "up",
                "pid": self.kafka_pid,
            },
            "bigquery": {
                "rest_endpoint": self.rest_endpoint,
                "grpc_endpoint": self.grpc_endpoint,
                "project": self.project,
                "dataset": self.dataset,
                "state": "up",
                "pid": self.bigquery_pid,
            },
            "supervisor_pid": self.supervisor_pid,
            "supervisor_started": self.supervisor_started,
            "environment": self._public_environment(),
            "clients": self.clients,
        }
        temporary = self.state / f".platform.json.{os.getpid()}"
        temporary.write_text(json.dumps(document, indent=2) + "\n")
        os.replace(temporary, self.state / "platform.json")


def foreseen(state: Path, topic: str, ports: Ports) -> dict[str, str]:
    """Return what `PlatformFacts.environment` will say of a platform that is to start on these settled ports.

    Makes the instance's MAC key, which is part of it.
    """
    state = state.absolute()
    state.mkdir(parents=True, exist_ok=True)
    _keep_mac_key(state)
    rest, grpc = f"http://{LOOPBACK}:{ports.rest}", f"{LOOPBACK}:{ports.grpc}"
    broker = f"{LOOPBACK}:{ports.kafka}"
    return PlatformFacts(state, broker, topic, rest, grpc, PROJECT, DATASET, 0, 0, 0, 0.0, clients={}).environment()


def load(state: Path) -> PlatformFacts:
    """Facts of the platform that runs on this state folder. Raises PlatformDown."""
    down = PlatformDown(f"no platform is running on {state}: start it with `tidemark up{state_option(state)}`")
    try:
        document: dict[str, Any] = json.loads((state / "platform.json").read_text())
        facts = PlatformFacts(
            state=state.absolute(),
            **{name: document["kafka"][name] for name in ("bootstrap_servers", "topic")},
            **{name: document["bigquery"][name] for name in ("rest_endpoint", "grpc_endpoint", "project", "dataset")},
            kafka_pid=document["kafka"]["pid"],
            bigquery_pid=document["bigquery"]["pid"],
            supervisor_pid=document["supervisor_pid"],
            supervisor_started=document["supervisor_started"],
            clients=document.get("clients", {}),
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise down from None
    if not is_alive(facts.supervisor_pid, facts.supervisor_started):
        raise down
    return facts


def state_option(state: Path) -> str:
    """What to add to a command so that it means this state folder: nothing for the default one."""
    return "" if state == DEFAULT_STATE else f" --state {state}"


@dataclass
class RunningPlatform(PlatformFacts):
    """A platform whose children are ours: it can restart them on the same ports and data."""

    _kafka: KafkaNode
    _bigquery: EmulatorNode
    _broker: subprocess.Popen[bytes]
    _emulator: subprocess.Popen[bytes]

    def restart_broker(self) -> None:
        """End the broker if it still runs (SIGTERM), start it again and wait until it answers."""
        stop(self._broker, 20)
        self._broker = self._kafka.start()
        await_ready(self._broker, self._kafka.log, self._kafka.answers, "Kafka", START_WITHIN)
        self.kafka_pid = self._broker.pid
        self.write()

    def restart_emulator(self) -> None:
        """End the emulator if it still runs, start it again: tables are kept, write streams are gone."""
        stop(self._emulator, 10)
        self._emulator = self._bigquery.start()
        await_ready(self._emulator, self._bigquery.log, self._bigquery.answers, "the BigQuery emulator", START_WITHIN)
        self.bigquery_pid = self._emulator.pid
        self.write()

    def dead(self) -> list[str]:
        """Names of children that have ended, with their exit codes."""
        children = (("Kafka", self._broker), ("the BigQuery emulator", self._emulator))
        return [f"{name} ended with code {child.returncode}" for name, child in children if child.poll() is not None]

    def stop(self) -> None:
        """Stop both and remove platform.json."""
        (self.state / "platform.json").unlink(missing_ok=True)
        for child in (self._broker, self._emulator):
            if child.poll() is None:
                child.terminate()
        stop(self._broker, 15)
        stop(self._emulator, 10)


@contextlib.contextmanager
def running(
    state: Path,
    *,
    topic: str = "payments",
    partitions: int = 6,
    say: Say | None = None,
    ports: Ports | None = None,
    listeners: Sequence[Listener] = (),
    clients: Mapping[str, str] | None = None,
) -> Iterator[RunningPlatform]:
    """Run a platform on `state` as children of this process (main thread) and stop it at exit.

    `listeners` are further doors of the broker, `clients` the TIDEMARK_* variables with which clients use one.
    Says what it does through `say`. Raises DidNotStart, PortTaken, AlreadyRunning, FetchFailed.
    """
    say = say or (lambda line: None)
    state = state.absolute()
    state.mkdir(parents=True, exist_ok=True)
    with _holding(state):
        jars.ensure(cache_root(os.environ), say)
        platform = _start(state, topic, ports or Ports(), say, listeners=listeners, clients=dict(clients or {}))
        try:
            kafka.create_topic(platform.bootstrap_servers, topic, partitions, platform._kafka.log)
            bigquery.create_dataset(platform.rest_endpoint, platform._bigquery.log)
            platform.write()
            yield platform
        finally:
            platform.stop()


def _start(
    state: Path, topic: str, ports: Ports, say: Say, *, listeners: Sequence[Listener], clients: dict[str, str]
) -> RunningPlatform:
    began = time.monotonic()
    broker_port, controller_port, rest, grpc = ports.chosen()
    _keep_mac_key(state)
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    cache, logs = cache_root(os.environ), state / "logs"
    home, log = state / "kafka", logs / "kafka.log"
    broker_node = KafkaNode(home, cache, broker_port, controller_port, log, environment, listeners)
    emulator_node = EmulatorNode(state / "bigquery", rest, grpc, logs / "bigquery.log", environment)
    say("starting Kafka and the BigQuery emulator")
    with contextlib.ExitStack() as undo:
        emulator = emulator_node.start()  # first: it starts beside Kafka's formatting
        undo.callback(stop, emulator, 5)
        broker_node.prepare()
        broker = broker_node.start()
        undo.callback(stop, broker, 5)
        await_ready(emulator, emulator_node.log, emulator_node.answers, "the BigQuery emulator", START_WITHIN)
        say(f"BigQuery emulator up at {emulator_node.rest_endpoint} ({time.monotonic() - began:.1f} s)")
        await_ready(broker, broker_node.log, broker_node.answers, "Kafka", START_WITHIN)
        say(f"Kafka up at {broker_node.bootstrap_servers} ({time.monotonic() - began:.1f} s)")
        undo.pop_all()
    return RunningPlatform(
        state=state,
        bootstrap_servers=broker_node.bootstrap_servers,
        topic=topic,
        rest_endpoint=emulator_node.rest_endpoint,
        grpc_endpoint=emulator_node.grpc_endpoint,
        project=PROJECT,
        dataset=DATASET,
        kafka_pid=broker.pid,
        bigquery_pid=emulator.pid,
        supervisor_pid=os.getpid(),
        supervisor_started=started_at(os.getpid()),
        clients=clients,
        _kafka=broker_node,
        _bigquery=emulator_node,
        _broker=broker,
        _emulator=emulator,
    )


def _keep_mac_key(state: Path) -> None:
    """Create the instance's MAC key once, readable by its owner alone."""
    path = state / "mac.key"
    if not path.exists():
        temporary = state / f".mac.key.{os.getpid()}"
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_hex(16))
        os.replace(temporary, path)


@contextlib.contextmanager
def _holding(state: Path) -> Iterator[IO[str]]:
    """Hold the state folder: the kernel lets go of it with us, however we end. Raises AlreadyRunning."""
    with (state / "instance.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"another platform runs on {state}") from None
        yield lock


__all__ = [
    "DidNotStart",
    "PlatformDown",
    "PlatformFacts",
    "Ports",
    "RunningPlatform",
    "foreseen",
    "load",
    "running",
    "state_option",
]
