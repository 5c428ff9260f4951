"""Where Kafka stands: the log's ends and what the consumer group has committed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from streaming.adapters.kafka_questions import KafkaQuestions
from streaming.ports import BrokerError
from streaming.settings import Settings

TIMEOUT_S: Final = 5.0


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
        settings = Settings(kafka_bootstrap=bootstrap, kafka_topic=topic, kafka_group=group)
        self._questions = KafkaQuestions(settings, {}, on_error=lambda error: None)
        self._partitions = range(partitions)

    def ends(self) -> dict[int, int]:
        """Next offset of each partition. Raises KafkaSilent."""
        try:
            ranges = self._questions.log_ranges(self._partitions, TIMEOUT_S)
        except BrokerError as error:
            raise KafkaSilent(str(error)) from None
        return {partition: found.end for partition, found in ranges.items()}

    def logged(self) -> int:
        """Records in the log: a demo's topic begins at 0 and has no gaps. Raises KafkaSilent."""
        return sum(self.ends().values())

    def undone(self) -> Undone:
        """Records the group has not committed yet. Raises KafkaSilent."""
        ends = self.ends()
        try:
            commits = self._questions.committed(self._partitions, TIMEOUT_S)
        except BrokerError as error:
            raise KafkaSilent(str(error)) from None
        return Undone({p: end - (commit.offset if (commit := commits[p]) else 0) for p, end in ends.items()})
