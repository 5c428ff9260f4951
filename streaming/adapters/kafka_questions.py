"""What we ask the broker beside consuming: commits of the group, ends of the log, facts of the topic.

An admin client of its own, kept alive: its futures never end once it is collected. It may be asked from any
thread, and goes on when the consumer is dropped for a new one.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public names that the package does not re-export
    AdminClient,
    ConfigResource,
    OffsetSpec,
)

from streaming.adapters.kafka_commits import from_client
from streaming.adapters.kafka_config import QUIET, UNKNOWN_TOPIC, ClientConfig, connection_config
from streaming.ports import BrokerError, Commit, LogRange, TopicFacts, TopicMissing
from streaming.settings import Settings

_EARLIEST: Final = OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # the package leaves it untyped
_LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the package leaves it untyped
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class KafkaQuestions:
    """Every method raises BrokerError within its time limit, and a little over, if the broker does not answer."""

    def __init__(self, settings: Settings, extra: ClientConfig, on_error: Callable[[Any], None]) -> None:
        self._topic = settings.kafka_topic
        self._group = settings.kafka_group
        self._servers = settings.kafka_bootstrap
        config: dict[str, Any] = {**connection_config(settings, extra), "error_cb": on_error}
        self._admin = AdminClient(config, logger=QUIET)

    def committed(self, partitions: Sequence[int], timeout_s: float) -> dict[int, Commit | None]:
        """The group's commits."""
        asked = ConsumerGroupTopicPartitions(self._group, [TopicPartition(self._topic, p) for p in partitions])
        futures = self._ask(
            "committed offsets", lambda: self._admin.list_consumer_group_offsets([asked], request_timeout=timeout_s)
        )
        answer = self._wait("committed offsets", futures[self._group], timeout_s)
        found = {position.partition: position for position in answer.topic_partitions}
        for partition in partitions:
            if partition in found and found[partition].error:
                raise self._error("committed offsets", found[partition].error.str())
        return {p: from_client(found[p]) if p in found else None for p in partitions}

    def log_ranges(self, partitions: Sequence[int], timeout_s: float) -> dict[int, LogRange]:
        """Low watermark and last stable offset."""
        low = self._offsets(partitions, _EARLIEST, timeout_s)
        end = self._offsets(partitions, _LATEST, timeout_s)
        return {p: LogRange(low[p], end[p]) for p in partitions}

    def offsets_at(self, partitions: Sequence[int], at: datetime, timeout_s: float) -> dict[int, int]:
        """First offset at or after a broker time, which is whole milliseconds: `at` is rounded up."""
        stamp = -((_EPOCH - at) // timedelta(milliseconds=1))
        found = self._offsets(partitions, OffsetSpec.for_timestamp(stamp), timeout_s)
        if none := [p for p in partitions if found[p] < 0]:
            found |= self._offsets(none, _LATEST, timeout_s, IsolationLevel.READ_UNCOMMITTED)
        return found

    def topic(self, timeout_s: float) -> TopicFacts:
        """Facts of the topic. Raises TopicMissing if it does not exist."""
        topics = TopicCollection([self._topic])
        described = self._ask("topic", lambda: self._admin.describe_topics(topics, request_timeout=timeout_s))
        topic = self._wait("topic", described[self._topic], timeout_s)
        resource = ConfigResource(ConfigResource.Type.TOPIC, self._topic)
        configured = self._ask(
            "topic settings", lambda: self._admin.describe_configs([resource], request_timeout=timeout_s)
        )
        settings = self._wait("topic settings", configured[resource], timeout_s)
        return TopicFacts(
            topic_id=str(topic.topic_id),
            partitions=len(topic.partitions),
            cleanup_policy=settings["cleanup.policy"].value,
            timestamp_type=settings["message.timestamp.type"].value,
        )

    def _offsets(
        self,
        partitions: Sequence[int],
        spec: OffsetSpec,
        timeout_s: float,
        isolation: IsolationLevel = IsolationLevel.READ_COMMITTED,
    ) -> dict[int, int]:
        if not partitions:
            return {}
        asked = {TopicPartition(self._topic, partition): spec for partition in partitions}
        futures = self._ask(
            "offsets",
            lambda: self._admin.list_offsets(asked, isolation_level=isolation, request_timeout=timeout_s),
        )
        return {tp.partition: self._wait("offsets", future, timeout_s).offset for tp, future in futures.items()}

    def _ask(self, what: str, call: Callable[[], Mapping[Any, Future[Any]]]) -> Mapping[Any, Future[Any]]:
        try:
            return call()
        except (KafkaException, ValueError, TypeError) as error:
            raise self._error(what, str(error)) from None

    def _wait(self, what: str, future: Future[Any], timeout_s: float) -> Any:
        try:
            return future.result(timeout_s + 1)
        except FutureTimeout:
            raise self._error(what, f"no answer within {timeout_s:g} s") from None
        except KafkaException as exception:
            error = exception.args[0]
            if error.code() == UNKNOWN_TOPIC:
                raise TopicMissing(f"topic {self._topic} does not exist at {self._servers}") from None
            raise self._error(what, error.str()) from None

    def _error(self, what: str, why: str) -> BrokerError:
        return BrokerError(f"Kafka at {self._servers}: {what}: {why}; is TIDEMARK_KAFKA_BOOTSTRAP right?")
