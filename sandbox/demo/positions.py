"""Where Kafka stands: the log's ends and what the consumer group has committed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public names that the package does not re-export
    AdminClient,
    OffsetSpec,
)

TIMEOUT_S: Final = 5.0
_LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the package leaves it untyped


class KafkaSilent(Exception):
    """Kafka did not answer in time."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What the group has still to do: partition -> records between its commit and the log's end."""

    by_partition: Mapping[int, int]

    @property
    def records(self) -> int:
        """All partitions together."""
        return sum(self.by_partition.values())


class Positions:
    """Asks one broker about one topic and one group. Safe between threads."""

    def __init__(self, bootstrap: str, topic: str, partitions: int, group: str) -> None:
        quiet = {"log_level": 0, "socket.timeout.ms": 5_000, "reconnect.backoff.max.ms": 500}
        self._admin = AdminClient({"bootstrap.servers": bootstrap, **quiet})
        self._topic, self._partitions, self._group = topic, partitions, group

    def ends(self) -> dict[int, int]:
        """Next offset of each partition. Raises KafkaSilent."""
        asked = {TopicPartition(self._topic, number): _LATEST for number in range(self._partitions)}
        try:
            answers = self._admin.list_offsets(asked, request_timeout=TIMEOUT_S)
            return {at.partition: answer.result().offset for at, answer in answers.items()}
        except KafkaException as error:
            raise KafkaSilent(error.args[0].str()) from None

    def logged(self) -> int:
        """Records in the log: a demo's topic begins at 0 and has no gaps. Raises KafkaSilent."""
        return sum(self.ends().values())

    def undone(self) -> Undone:
        """Records the group has not committed yet. Raises KafkaSilent."""
        ends = self.ends()
        asked = ConsumerGroupTopicPartitions(self._group, [TopicPartition(self._topic, number) for number in ends])
        try:
            answer = self._admin.list_consumer_group_offsets([asked], request_timeout=TIMEOUT_S)[self._group].result()
        except KafkaException as error:
            raise KafkaSilent(error.args[0].str()) from None
        committed = {at.partition: at.offset for at in answer.topic_partitions or []}
        return Undone({number: end - max(0, committed.get(number, 0)) for number, end in ends.items()})
