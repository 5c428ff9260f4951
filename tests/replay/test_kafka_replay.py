"""The replay's own reader against a real broker: exactly the range, beside the group, and no commits."""

import time
import uuid

import polars as pl
import pytest
from confluent_kafka import (  # noqa: TID251  # the test's own hand on the broker
    Consumer,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic  # noqa: TID251  # as above

from streaming.adapters.kafka_replay import KafkaReplay, OffsetsGone, replay_config
from streaming.landing import WINDOW
from streaming.ports import BrokerError, LogRange
from streaming.settings import Settings


class Topic:
    """Two partitions with 100 records each; in partition 1 an aborted transaction lies between."""

    def __init__(self, bootstrap: str) -> None:
        self.name = f"range-{uuid.uuid4().hex[:8]}"
        self.admin = AdminClient({"bootstrap.servers": bootstrap})
        new = NewTopic(self.name, 2, 1, config={"message.timestamp.type": "LogAppendTime"})
        self.admin.create_topics([new])[self.name].result(10)
        self.settings = Settings(kafka_bootstrap=bootstrap, kafka_topic=self.name)
        self.send(Producer({"bootstrap.servers": bootstrap}), 0, range(100))
        self.send(Producer({"bootstrap.servers": bootstrap}), 1, range(50))
        aborting = Producer({"bootstrap.servers": bootstrap, "transactional.id": self.name})
        aborting.init_transactions(20)
        aborting.begin_transaction()
        self.send(aborting, 1, range(1_000, 1_010))
        aborting.abort_transaction(20)
        self.await_end(bootstrap, 1, 50 + 10 + 1)  # the abort's marker is written after its answer
        self.send(Producer({"bootstrap.servers": bootstrap}), 1, range(50, 100))

    def send(self, producer, partition, numbers) -> None:
        for number in numbers:
            producer.produce(self.name, str(number).encode() if number % 10 else None, partition=partition)
        assert producer.flush(20) == 0

    def await_end(self, bootstrap, partition, offset) -> None:
        looking = Consumer({"bootstrap.servers": bootstrap, "group.id": "w", "isolation.level": "read_uncommitted"})
        place = TopicPartition(self.name, partition)
        deadline = time.monotonic() + 20  # noqa: TID251  # a real broker
        while looking.get_watermark_offsets(place, 5)[1] < offset:
            assert time.monotonic() < deadline, "no end of the transaction"  # noqa: TID251  # as above
        looking.close()

    def read(self, ranges, max_rows=7, **options) -> list[pl.DataFrame]:
        reader = KafkaReplay(self.settings, "r", **options)
        try:
            return list(reader.windows(ranges, max_rows))
        finally:
            reader.close()


@pytest.fixture(scope="module")
def topic(replay_platform):
    return Topic(replay_platform.bootstrap_servers)


@pytest.mark.integration
def test_exactly_the_range_is_read_and_gaps_are_none_of_its_business(topic):
    windows = topic.read({0: LogRange(10, 31), 1: LogRange(45, 66)})
    assert all(window.height <= 7 and dict(window.schema) == WINDOW for window in windows)
    read = pl.concat(windows)
    offsets = {p: read.filter(kafka_partition=p)["kafka_offset"].to_list() for p in (0, 1)}
    assert offsets == {0: list(range(10, 31)), 1: [*range(45, 50), *range(61, 66)]}
    assert read.filter(kafka_partition=0)["payload"].to_list()[:2] == [None, b"11"]


@pytest.mark.integration
def test_nothing_is_committed_and_nobody_joins(topic):
    topic.read({0: LogRange(0, 5)})
    listed = topic.admin.list_consumer_groups().result(10)
    assert not [group for group in listed.valid if "replay" in group.group_id]


@pytest.mark.integration
def test_a_log_that_is_cut_while_it_is_read_is_named(topic):
    next(iter(topic.admin.delete_records([TopicPartition(topic.name, 0, 50)]).values())).result(10)
    with pytest.raises(OffsetsGone, match=r"partition 0: .* at offset 40"):
        topic.read({0: LogRange(40, 60)})


@pytest.mark.integration
def test_records_that_never_come_end_the_wait(topic):
    with pytest.raises(BrokerError, match=r"no record for 0\.2 s"):
        topic.read({0: LogRange(100, 200)}, silent_s=0.2)


def test_the_client_is_nobody_elses_group_and_stores_nothing():
    config = replay_config(Settings(kafka_bootstrap="k:9092", kafka_group="live"), "r-1", {})
    assert config["group.id"] == "live-replay-r-1"
    assert (config["enable.auto.commit"], config["enable.auto.offset.store"]) == (False, False)
    assert (config["isolation.level"], config["auto.offset.reset"]) == ("read_committed", "error")
