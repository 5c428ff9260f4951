"""What an operator may do to an idle group: set a partition's commit."""

from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka.admin import AdminClient

from streaming.adapters.kafka_commits import to_client
from streaming.adapters.kafka_config import QUIET, connection_config
from streaming.adapters.kafka_security import made
from streaming.ports import BrokerError, Commit
from streaming.settings import Settings


class GroupBusy(BrokerError):
    """Members are still in the group: commits from outside are refused."""


def set_commit(settings: Settings, partition: int, commit: Commit, timeout_s: float) -> None:
    """Write a commit for the group from outside it. Raises GroupBusy, BrokerError."""
    admin = made(AdminClient, connection_config(settings, {}), logger=QUIET)
    wanted = ConsumerGroupTopicPartitions(settings.kafka_group, to_client(settings.kafka_topic, {partition: commit}))
    future = admin.alter_consumer_group_offsets([wanted], request_timeout=timeout_s)[settings.kafka_group]
    try:
        positions: list[Any] = future.result(timeout_s + 1).topic_partitions
    except KafkaException as exception:
        raise _explained(exception.args[0]) from None
    except TimeoutError:
        raise BrokerError(f"no answer within {timeout_s:g} s") from None
    for position in positions:
        if position.error is not None:
            raise _explained(position.error)


BUSY_CODES = (25, 68)
"""UNKNOWN_MEMBER_ID and NON_EMPTY_GROUP (kafka.apache.org/protocol#protocol_error_codes)."""


def _explained(error: Any) -> BrokerError:
    text = f"{error.str()} ({error.code()})"
    return GroupBusy(text) if error.code() in BUSY_CODES else BrokerError(text)
