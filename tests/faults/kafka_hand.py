"""The test's own hand on a topic: records of any shape, transactions, and what a reader that owes us nothing sees."""

import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaError, Producer, TopicCollection, TopicPartition
from fault_places import Coordinates, Place
from storm import tidemark

PATIENCE_S = 60.0
LARGEST = 8 * 1_048_576
"""What this producer may send; the topic decides."""

Sent = tuple[str | None, bytes | None, int]
"""Key, value, partition."""


def put(place: Place, records: Sequence[Sent]) -> tuple[list[tuple[int, int]], list[int]]:
    """Send them; coordinates of those that were acknowledged, and the codes of those that were refused."""
    producer = Producer({"bootstrap.servers": place.facts.bootstrap_servers, "message.max.bytes": LARGEST})
    acked: list[tuple[int, int]] = []
    refused: list[int] = []

    def reported(error: KafkaError | None, message: Any) -> None:
        if error is None:
            acked.append((message.partition(), message.offset()))
        else:
            refused.append(error.code())

    for key, value, partition in records:
        producer.produce(place.facts.topic, value, key, partition=partition, on_delivery=reported)
    assert producer.flush(PATIENCE_S) == 0
    return acked, refused


class Transaction:
    """One producer's transaction, open until it is ended."""

    def __init__(self, place: Place) -> None:
        servers = place.facts.bootstrap_servers
        self._topic = place.facts.topic
        self._producer = Producer({"bootstrap.servers": servers, "transactional.id": uuid.uuid4().hex})
        self._producer.init_transactions(PATIENCE_S)
        self._producer.begin_transaction()

    def put(self, partition: int, *values: bytes) -> "Transaction":
        """Written to the log, visible once committed."""
        for value in values:
            self._producer.produce(self._topic, value, partition=partition)
        assert self._producer.flush(PATIENCE_S) == 0
        return self

    def commit(self) -> None:
        self._producer.commit_transaction(PATIENCE_S)

    def abort(self) -> None:
        self._producer.abort_transaction(PATIENCE_S)


def readable(place: Place) -> Coordinates:
    """Coordinates of every record that a `read_committed` reader sees now, from the log's start to its stable end."""
    topic = place.facts.topic
    described = place.admin.describe_topics(TopicCollection([topic]))[topic].result(PATIENCE_S)
    reader = Consumer(
        {
            "bootstrap.servers": place.facts.bootstrap_servers,
            "group.id": uuid.uuid4().hex,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    numbers = [partition.id for partition in described.partitions]
    reader.assign([TopicPartition(topic, number, 0) for number in numbers])
    found, ended = set(), set()
    try:
        while ended != set(numbers):
            message = reader.poll(PATIENCE_S)
            assert message is not None, "a reader that gets nothing"
            if message.error() is None:
                found.add((str(described.topic_id), message.partition(), message.offset()))
            else:
                assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                ended.add(message.partition())
    finally:
        reader.close()
    return found


def as_read(place: Place) -> str:
    """The verdict where there is no ledger: every readable record has one live row, and there is no other row."""
    wanted, landed = readable(place), place.landed()
    assert landed == wanted, f"lost {sorted(wanted - landed)[:5]}, phantom {sorted(landed - wanted)[:5]}"
    return f"PASS by coordinates, {len(wanted)} readable, {len(landed)} landed, 0 lost, 0 doubled"


@contextmanager
def traffic(place: Place, rate: int, seconds: float, seed: int = 8) -> Iterator[None]:
    """Payments meanwhile; at exit all are sent and acknowledged."""
    words = ("produce", "--rate", str(rate), "--seconds", str(seconds), f"--seed={seed}", "--state")
    with (place.facts.state / "logs" / "produce.log").open("ab") as log:
        producer = subprocess.Popen(tidemark(*words, str(place.facts.state)), stdout=log, stderr=log, env=_shell(place))
    try:
        yield
        assert producer.wait(seconds + PATIENCE_S) == 0, "all acknowledged"
    finally:
        if producer.poll() is None:
            producer.kill()
            producer.wait()


def _shell(place: Place) -> dict[str, str]:
    """As an operator's shell: commands find the instance by --state."""
    return {name: value for name, value in place.environment.items() if name not in place.facts.environment()}
