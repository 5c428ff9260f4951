"""The consumer group's position, read from the broker. Joins nothing and commits nothing."""

import time
from collections.abc import Mapping
from typing import Any

from audit.model import AuditError
from audit.ports import Position

TIMEOUT_S = 8.0
AGAIN_S = 0.1
_COORDINATOR_COMES = frozenset({"NOT_COORDINATOR", "COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS"})
"""What a broker that has just started says of a group until it knows who keeps its commits. The client (librdkafka
2.16) hands them on at once, and does not call them retriable."""


class KafkaSilent(AuditError):
    """No answer from the broker; whoever knows its settings may know why."""


class KafkaGroupReader:
    """Reads one group's commits on one topic."""

    def __init__(self, bootstrap: str, group: str, topic: str, client: Mapping[str, Any] | None = None) -> None:
        """`client` holds security properties of the Kafka client; none for a plain connection."""
        self._bootstrap, self._group, self._topic, self._client = bootstrap, group, topic, dict(client or {})

    def positions(self) -> list[Position]:
        """Low watermark, last stable offset and commit of every partition.

        Raises KafkaSilent if the broker does not answer within TIMEOUT_S a question, AuditError for an unknown topic.
        """
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
            committed = self._committed(consumer, asked)
            return [self._position(consumer, each, committed[each.partition]) for each in asked]
        except KafkaException as error:
            raise KafkaSilent(f"Kafka at {self._bootstrap} did not answer: {error.args[0].str()}") from None
        finally:
            consumer.close()

    @staticmethod
    def _committed(consumer: Any, asked: list[Any]) -> dict[int, int]:
        from confluent_kafka import KafkaException

        end = time.monotonic() + TIMEOUT_S
        while True:
            left = end - time.monotonic()
            try:
                # never below zero, which would be without end: a sleep may take longer than it should
                found = consumer.committed(asked, timeout=max(left, AGAIN_S))
                break
            except KafkaException as error:
                if error.args[0].name() not in _COORDINATOR_COMES or left < 2 * AGAIN_S:
                    raise
                time.sleep(AGAIN_S)
        for each in found:
            if each.error is not None:  # its offset then says "none", as if nothing had been committed
                raise KafkaException(each.error)
        return {each.partition: each.offset for each in found}

    @staticmethod
    def _position(consumer: Any, asked: Any, committed: int) -> Position:
        low, end = consumer.get_watermark_offsets(asked, timeout=TIMEOUT_S)
        return Position(asked.partition, low, end, committed if committed >= 0 else None)
