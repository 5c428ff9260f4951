"""The consumer group's position, read from the broker. Joins nothing and commits nothing."""

from collections.abc import Mapping
from typing import Any

from audit.model import AuditError
from audit.ports import Position

TIMEOUT_S = 8.0


class KafkaSilent(AuditError):
    """No answer from the broker; whoever knows its settings may know why."""


class KafkaGroupReader:
    """Reads one group's commits on one topic."""

    def __init__(self, bootstrap: str, group: str, topic: str, client: Mapping[str, Any] | None = None) -> None:
        """`client` holds security properties of the Kafka client; none for a plain connection."""
        self._bootstrap, self._group, self._topic, self._client = bootstrap, group, topic, dict(client or {})

    def positions(self) -> list[Position]:
        """Low watermark, last stable offset and commit of every partition."""
        from confluent_kafka import Consumer, KafkaException, TopicPartition

        consumer = Consumer(
            {
                **self._client,
                "bootstrap.servers": self._bootstrap,
                "group.id": self._group,
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "log_level": 0,
            }
        )
        try:
            topic = consumer.list_topics(self._topic, timeout=TIMEOUT_S).topics[self._topic]
            if topic.error is not None:
                raise AuditError(f"Kafka knows no topic {self._topic}: {topic.error.str()}")
            asked = [TopicPartition(self._topic, partition) for partition in sorted(topic.partitions)]
            committed = {c.partition: c.offset for c in consumer.committed(asked, timeout=TIMEOUT_S)}
            return [self._position(consumer, each, committed[each.partition]) for each in asked]
        except KafkaException as error:
            raise KafkaSilent(f"Kafka at {self._bootstrap} did not answer: {error.args[0].str()}") from None
        finally:
            consumer.close()

    @staticmethod
    def _position(consumer: "object", asked: "object", committed: int) -> Position:
        low, end = consumer.get_watermark_offsets(asked, timeout=TIMEOUT_S)  # type: ignore[attr-defined]
        return Position(asked.partition, low, end, committed if committed >= 0 else None)  # type: ignore[attr-defined]
