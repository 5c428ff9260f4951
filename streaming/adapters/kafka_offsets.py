"""Which offsets hold records: ranges of a partition read by plain assignment, without joining a group."""

import time
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from streaming.adapters.kafka_config import QUIET, asking_config, connection_config
from streaming.adapters.kafka_security import made
from streaming.ports import BrokerError
from streaming.settings import Settings

Range = tuple[int, int]
"""Lowest and highest offset, both included."""

BRIDGE: Final = 500
"""Offsets: reading over so many records between two ranges takes 2 ms, another fetch from elsewhere ten times that."""
TIME_LIMIT_S: Final = 30.0
"""For all ranges of one partition: ten million records at the client's pace, far more than the gaps of an hour."""
_SLICE_S: Final = 0.2
_AT_ONCE: Final = 2_000


class CannotTell(BrokerError):
    """The offsets are gone from the log, or nobody answers. One line."""


def delivered(
    settings: Settings, topic_id: str, partition: int, ranges: Sequence[Range], time_limit_s: float = TIME_LIMIT_S
) -> int:
    """How many records a `read_committed` consumer is delivered in these ranges, which are ascending and disjoint.

    Raises CannotTell, also where the topic is another one by now; SettingsError for certificates of no use.
    """
    deadline = time.monotonic() + time_limit_s
    _refuse_another_topic(settings, topic_id, time_limit_s)
    config = asking_config(settings, {"enable.partition.eof": True, "auto.offset.reset": "error"})
    consumer = made(Consumer, config, logger=QUIET)
    try:
        return sum(_counted(consumer, settings.kafka_topic, partition, span, deadline) for span in bridged(ranges))
    except KafkaException as exception:
        raise CannotTell(exception.args[0].str()) from None
    finally:
        consumer.close()


def bridged(ranges: Sequence[Range], bridge: int = BRIDGE) -> list[list[Range]]:
    """Ranges that are read in one go, together: those with at most `bridge` offsets between one and the next."""
    spans: list[list[Range]] = []
    for wanted in ranges:
        if spans and wanted[0] - spans[-1][-1][1] <= bridge:
            spans[-1].append(wanted)
        else:
            spans.append([wanted])
    return spans


def inside(ranges: Sequence[Range], lowest: Sequence[int], offset: int) -> bool:
    """Whether one of the ranges, which begin at `lowest`, holds the offset. Thousands are no slower than ten."""
    at = bisect_right(lowest, offset) - 1
    return at >= 0 and offset <= ranges[at][1]


def _refuse_another_topic(settings: Settings, topic_id: str, timeout_s: float) -> None:
    admin = made(AdminClient, connection_config(settings, {}), logger=QUIET)
    topics = TopicCollection([settings.kafka_topic])
    try:
        answer = admin.describe_topics(topics, request_timeout=timeout_s)[settings.kafka_topic].result(timeout_s + 1)
    except KafkaException as exception:
        raise CannotTell(exception.args[0].str()) from None
    except TimeoutError:
        raise CannotTell(f"Kafka gave no answer within {timeout_s:g} s") from None
    if str(answer.topic_id) != topic_id:
        raise CannotTell(f"the topic with id {topic_id} is gone: {settings.kafka_topic} is {answer.topic_id}")


def _counted(consumer: Any, topic: str, partition: int, ranges: Sequence[Range], deadline: float) -> int:
    """Read from the first range to the end of the last; the log's end ends it too."""
    first, last, lowest = ranges[0][0], ranges[-1][1], [low for low, _ in ranges]
    consumer.assign([TopicPartition(topic, partition, first)])
    count = 0
    while time.monotonic() < deadline:
        for message in consumer.consume(_AT_ONCE, _SLICE_S):
            error = message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                return count
            if error is not None and error.code() == KafkaError._AUTO_OFFSET_RESET:
                raise CannotTell(f"offsets {first} to {last} of partition {partition} are gone from the log")
            if error is not None:
                continue  # the client tries again; the deadline bounds it
            if message.offset() > last:
                return count
            count += inside(ranges, lowest, message.offset())
    raise CannotTell(f"offsets {first} to {last} of partition {partition} could not be read in time")
