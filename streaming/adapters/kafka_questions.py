"""What we ask the broker beside consuming: commits of the group, ends of the log, facts of the topic.

Clients of their own, so that what is asked goes on when the consumer is dropped for a new one. Offsets are asked
through a consumer that never joins the group, since librdkafka's admin client (2.16) aborts the process when a broker
answers a request for a group's offsets after its time limit, and answers -1 without an error when ListOffsets runs
into its own.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import ConfigResource  # type: ignore[attr-defined]  # not in its __all__

from streaming.adapters.kafka_clients import SILENT_S, Replaceable, admin_client, asking_client
from streaming.adapters.kafka_commits import from_client
from streaming.adapters.kafka_config import UNKNOWN_TOPIC, ClientConfig
from streaming.adapters.kafka_groups import unowned
from streaming.adapters.kafka_refusals import Refusals, hint
from streaming.ports import BrokerError, BrokerRefused, Commit, LogRange, TopicFacts, TopicMissing
from streaming.settings import Settings

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SLICE_S: Final = 0.1
_REFUSED_S: Final = 2.0
"""How long another broker may take to answer after one has refused us."""
_LOOK_S: Final = 2.0
"""Time limit of a look at why nobody answers."""


class KafkaQuestions:
    """Every method raises BrokerError within its time limit, and a little over, if the broker does not answer."""

    def __init__(
        self, settings: Settings, extra: ClientConfig, on_error: Callable[[Any], None], silent_s: float = SILENT_S
    ) -> None:
        self._topic = settings.kafka_topic
        self._group = settings.kafka_group
        self._servers = settings.kafka_bootstrap
        self._refusals = Refusals(settings, on_error)
        self._answered = False
        self._admin = admin_client(settings, extra, self._refusals.heard, silent_s)
        self._asker = asking_client(settings, extra, self._refusals.heard, silent_s)
        self._asking = threading.Lock()
        self._known = 0

    def committed(self, partitions: Sequence[int], timeout_s: float) -> dict[int, Commit | None]:
        """The group's commits."""
        asked = self._positions(partitions)
        found = self._ask(
            "committed offsets", timeout_s, lambda left: self._asker.client.committed(asked, timeout=left)
        )
        for position in found:
            if position.error:
                raise self._error("committed offsets", position.error.str())
        return {position.partition: from_client(position) for position in found}

    def log_ranges(self, partitions: Sequence[int], timeout_s: float) -> dict[int, LogRange]:
        """Low watermark and last stable offset, which is what a read_committed client is told as the high one."""
        end = time.monotonic() + timeout_s
        ranges = {}
        self._learn(partitions, timeout_s)
        for position in self._positions(partitions):
            ranges[position.partition] = self._range(position, max(end - time.monotonic(), 0.001))
        return ranges

    def _learn(self, partitions: Sequence[int], timeout_s: float) -> None:
        """The asking client subscribes to nothing, so nobody tells it of partitions that were added since its first
        question: it would call them unknown for ever."""
        if max(partitions, default=-1) < self._known:
            return
        told = self._ask(
            "partitions", timeout_s, lambda left: self._asker.client.list_topics(self._topic, timeout=left)
        )
        self._known = len(told.topics[self._topic].partitions)

    def _range(self, position: TopicPartition, timeout_s: float) -> LogRange:
        found = self._ask(
            "log ends", timeout_s, lambda left: self._asker.client.get_watermark_offsets(position, timeout=left)
        )
        if found is None or min(found) < 0:
            raise self._error("log ends", f"no answer within {timeout_s:g} s")
        return LogRange(*found)

    def offsets_at(self, partitions: Sequence[int], at: datetime, timeout_s: float) -> dict[int, int]:
        """First offset at or after a broker time, which is whole milliseconds: `at` is rounded up."""
        stamp = -((_EPOCH - at) // timedelta(milliseconds=1))
        self._learn(partitions, timeout_s)
        asked = [TopicPartition(self._topic, partition, stamp) for partition in partitions]
        found = self._ask(
            "offsets by time", timeout_s, lambda left: self._asker.client.offsets_for_times(asked, timeout=left)
        )
        for position in found:
            if position.error:
                self._known = 0
                raise self._error("offsets by time", position.error.str())
        offsets = {position.partition: int(position.offset) for position in found}
        if none := [partition for partition, offset in offsets.items() if offset < 0]:
            offsets |= {partition: ends.end for partition, ends in self.log_ranges(none, timeout_s).items()}
        return offsets

    def topic(self, timeout_s: float) -> TopicFacts:
        """Facts of the topic. Raises TopicMissing if it does not exist."""
        topics, resource = TopicCollection([self._topic]), ConfigResource(ConfigResource.Type.TOPIC, self._topic)
        topic = self._describe(
            "topic",
            lambda: self._admin.client.describe_topics(topics, request_timeout=timeout_s),
            self._topic,
            timeout_s,
        )
        settings = self._describe(
            "topic settings",
            lambda: self._admin.client.describe_configs([resource], request_timeout=timeout_s),
            resource,
            timeout_s,
        )
        return TopicFacts(
            topic_id=str(topic.topic_id),
            partitions=len(topic.partitions),
            cleanup_policy=settings["cleanup.policy"].value,
            timestamp_type=settings["message.timestamp.type"].value,
        )

    def unowned(self, member: str, timeout_s: float) -> list[int]:
        """Partitions that a group at rest has given to no member; none if another than `member` is to mend it.

        Asked with the old call, which drops an answer that comes after its time limit; the new one aborts the process
        (docs/decisions/0003).
        """
        partitions = self.topic(timeout_s).partitions
        try:
            found = self._admin.client.list_groups(self._group, timeout=timeout_s)
        except KafkaException as exception:
            raise self._failed("the group", exception.args[0], self._admin) from None
        self._heard_back(self._admin)
        for group in found:
            if group.id == self._group and group.error is None and group.state == "Stable":
                dealt = {str(each.id): bytes(each.assignment or b"") for each in group.members}
                return unowned(dealt, self._topic, partitions, member)
        return []

    def _positions(self, partitions: Sequence[int]) -> list[TopicPartition]:
        return [TopicPartition(self._topic, partition) for partition in partitions]

    def _ask(self, what: str, timeout_s: float, call: Callable[[float], Any]) -> Any:
        """One question at a time: the client serialises calls anyhow, but without a time limit."""
        if not self._asking.acquire(timeout=timeout_s):
            raise self._error(what, f"no answer within {timeout_s:g} s")
        try:
            answer = call(timeout_s)
        except KafkaException as exception:
            self._asker.client.poll(0)  # nothing else serves its callbacks; it subscribes to nothing
            self._known = 0  # it may have forgotten the topic, or be replaced by one that never knew it
            raise self._failed(what, exception.args[0], self._asker) from None
        finally:
            self._asking.release()
        self._heard_back(self._asker)
        return answer

    def _heard_back(self, of: Replaceable[Any]) -> None:
        self._answered = True
        of.answered()
        self._refusals.forget()

    def _describe(self, what: str, call: Callable[[], Mapping[Any, Future[Any]]], key: Any, timeout_s: float) -> Any:
        try:
            return self._wait(what, call()[key], timeout_s)
        except (KafkaException, ValueError, TypeError) as error:
            raise self._error(what, str(error)) from None

    def _wait(self, what: str, future: Future[Any], timeout_s: float) -> Any:
        """The answer, or an error: at the time limit, or soon after a broker refused us and no other answered."""
        began, refused_at, client = time.monotonic(), None, self._admin.client
        while True:
            try:
                answer = future.result(_SLICE_S)
            except FutureTimeout:
                now = time.monotonic()
                client.poll(0)  # nothing else serves its callbacks
                refused_at = refused_at or (now if self._refusals.any() else None)
                if now - began > timeout_s + 1 or (refused_at and now - refused_at > _REFUSED_S):
                    self._admin.failed()
                    raise self._error(what, f"no answer within {timeout_s:g} s") from None
            except KafkaException as exception:
                client.poll(0)
                raise self._failed(what, exception.args[0], self._admin) from None
            else:
                self._heard_back(self._admin)
                return answer

    def _failed(self, what: str, error: Any, of: Replaceable[Any]) -> BrokerError:
        refused = hint(error.code(), "")
        (of.failed if refused is None and error.code() != UNKNOWN_TOPIC else of.answered)()
        if error.code() == UNKNOWN_TOPIC:
            return TopicMissing(f"topic {self._topic} does not exist at {self._servers}")
        if refused is not None:
            return BrokerRefused(f"Kafka at {self._servers}: {what}: {refused}")
        return self._error(what, error.str())

    def _error(self, what: str, why: str) -> BrokerError:
        """Why there is no answer. Before the first one ever, or after a refusal, it is worth a look at the door."""
        if (refused := self._refusals.why(_LOOK_S, look=not self._answered)) is not None:
            return BrokerRefused(f"Kafka at {self._servers}: {what}: {refused}")
        return BrokerError(f"Kafka at {self._servers}: {what}: {why}; is TIDEMARK_KAFKA_BOOTSTRAP right?")
