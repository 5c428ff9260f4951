"""The producer's Kafka: idempotent, `acks=all`, and delivery reports that say no more than is known."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Protocol

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicCollection
from confluent_kafka.admin import AdminClient

from sandbox.producer.ledger import Acked, NotAcked

Report = Callable[[Acked | NotAcked], None]

_NEVER_SENT: Final = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
    }
)
"""Errors with which a record certainly is not in the log. Any other leaves it unknown, a time-out above all: of
2,008 records reported as timed out, two were there."""

_SETTINGS: Final[dict[str, Any]] = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 5,
    "delivery.timeout.ms": 300_000,
    "partitioner": "murmur2_random",  # the Java client's, so that other producers agree on a key's partition
    # a broker that is away for a minute at 5,000 records a second is queued for, not waited for
    "queue.buffering.max.messages": 500_000,
    "queue.buffering.max.kbytes": 262_144,
    "allow.auto.create.topics": False,
    "topic.metadata.refresh.interval.ms": 10_000,
}


class ProducerError(Exception):
    """The producer cannot start; the message is one line that says what to do."""


class NoAnswer(ProducerError):
    """No broker answers; whoever knows its settings may know why."""


class Broker(Protocol):
    """What a run needs of Kafka."""

    def send(self, number: int, key: str, payload: bytes | None, report: Report) -> bool:
        """Queue a record; False if the queue is full and the caller must `poll` and try again."""

    def poll(self, timeout_s: float) -> None:
        """Wait up to `timeout_s` for delivery reports and hand them on."""

    def outstanding(self) -> int:
        """Records without a delivery report."""

    def give_up(self) -> None:
        """Drop what has no report yet; each is reported as unknown."""


def outcome(number: int, error: KafkaError | None, message: Message) -> Acked | NotAcked:
    """A delivery report as a ledger line."""
    if error is not None:
        return NotAcked(
            number, "failed" if error.code() in _NEVER_SENT else "unknown", f"{error.name()}: {error.str()}"
        )
    partition, offset = message.partition(), message.offset()
    if partition is None or offset is None:
        return NotAcked(number, "unknown", "acknowledged without coordinates")
    # a broker that stamps with LogAppendTime returns its time with the acknowledgement
    return Acked(number, partition, offset, message.timestamp()[1])


class KafkaBroker:
    """The real producer. Reports come from within `poll` and `give_up`, on the calling thread."""

    def __init__(
        self, bootstrap: str, topic: str, timeout_s: float = 10.0, client: Mapping[str, Any] | None = None
    ) -> None:
        """Connect, so that the first record need not wait for it; `client` holds security properties.

        Raises ProducerError.
        """
        self._topic = topic
        # the client would print broker trouble to stderr by itself; the run says what matters of it
        self._producer = Producer({"bootstrap.servers": bootstrap, **_SETTINGS, **(client or {}), "log_level": 0})
        try:
            self._producer.list_topics(topic, timeout=timeout_s)
        except KafkaException:
            raise _no_answer(bootstrap) from None

    def send(self, number: int, key: str, payload: bytes | None, report: Report) -> bool:
        """Queue a record; False if the queue is full."""
        try:
            self._producer.produce(self._topic, payload, key, on_delivery=partial(_delivered, number, report))
        except BufferError:
            return False
        except KafkaException as refused:
            report(NotAcked(number, "failed", f"refused by the client: {refused.args[0].str()}"))
        return True

    def poll(self, timeout_s: float) -> None:
        """Wait up to `timeout_s` for delivery reports and hand them on."""
        self._producer.poll(timeout_s)

    def outstanding(self) -> int:
        """Records without a delivery report."""
        return len(self._producer)

    def give_up(self) -> None:
        """Drop what has no report yet; each is reported as unknown."""
        self._producer.purge(in_queue=True, in_flight=True, blocking=True)
        self._producer.poll(1.0)


def _delivered(number: int, report: Report, error: KafkaError | None, message: Message) -> None:
    report(outcome(number, error, message))


def _no_answer(bootstrap: str) -> ProducerError:
    return NoAnswer(f"Kafka at {bootstrap} does not answer: is the platform up? `tidemark up`")


def topic_id(bootstrap: str, topic: str, timeout_s: float = 10.0, client: Mapping[str, Any] | None = None) -> str:
    """The topic's id as the broker gives it. Raises ProducerError if there is no broker or no such topic."""
    limits = {"log_level": 0, "socket.timeout.ms": int(timeout_s * 1_000)}
    admin = AdminClient({"bootstrap.servers": bootstrap, **(client or {}), **limits})
    try:
        described = admin.describe_topics(TopicCollection([topic]), request_timeout=timeout_s)
        return str(described[topic].result().topic_id)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise ProducerError(f"Kafka at {bootstrap} has no topic {topic}: `tidemark up` creates it") from None
        raise _no_answer(bootstrap) from None
