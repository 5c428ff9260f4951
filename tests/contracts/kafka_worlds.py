"""The two worlds in which the Broker contract is tried: one topic that a test may fill, cut, recreate and break."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from confluent_kafka import KafkaException, Producer, TopicCollection, TopicPartition  # noqa: TID251  # the test's own hand on the broker
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic  # noqa: TID251  # as above

from streaming.adapters.clock import SystemClock
from streaming.adapters.kafka import KafkaBroker
from streaming.adapters.memory_broker import MemoryBroker
from streaming.adapters.memory_cluster import MemoryCluster
from streaming.ports import Broker, CommitAnswer, Polled, Records, Stalled
from streaming.settings import Settings

PATIENCE_S = 20.0
_monotonic = SystemClock().monotonic


class World(Protocol):
    """One topic with two partitions and one group."""

    slow: bool

    def broker(self, member: str = "member-0") -> Broker: ...
    def produce(self, partition: int, *values: bytes | None) -> int: ...
    def aborted(self, partition: int, *values: bytes) -> None: ...
    def begin(self, partition: int, *values: bytes) -> Callable[[], None]: ...
    def delete_records(self, partition: int, before: int) -> None: ...
    def add_partitions(self, total: int) -> None: ...
    def recreate(self) -> None: ...
    def delete_topic(self) -> None: ...
    def close(self) -> None: ...


class MemoryWorld:
    slow = False

    def __init__(self, kind: type[MemoryBroker] = MemoryBroker) -> None:
        self.cluster = MemoryCluster(partitions=2)
        self._kind = kind

    def broker(self, member: str = "member-0") -> Broker:
        return self._kind(self.cluster, member)

    def produce(self, partition: int, *values: bytes | None) -> int:
        return self.cluster.produce(partition, *values)

    def aborted(self, partition: int, *values: bytes) -> None:
        self.cluster.begin_transaction(partition)
        self.cluster.produce(partition, *values)
        self.cluster.end_transaction(partition, commit=False)

    def begin(self, partition: int, *values: bytes) -> Callable[[], None]:
        self.cluster.begin_transaction(partition)
        self.cluster.produce(partition, *values)
        return lambda: self.cluster.end_transaction(partition)

    def delete_records(self, partition: int, before: int) -> None:
        self.cluster.delete_records(partition, before)

    def add_partitions(self, total: int) -> None:
        self.cluster.add_partitions(total)

    def recreate(self) -> None:
        self.cluster.recreate()

    def delete_topic(self) -> None:
        self.cluster.delete_topic()

    def close(self) -> None: ...


class KafkaWorld:
    slow = True

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.topic = f"contract-{uuid.uuid4().hex[:12]}"
        self.admin = AdminClient({"bootstrap.servers": bootstrap})
        self._brokers: list[KafkaBroker] = []
        self._create()
        self._producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 0})

    def _create(self) -> None:
        new = NewTopic(
            self.topic, num_partitions=2, replication_factor=1, config={"message.timestamp.type": "LogAppendTime"}
        )
        self.admin.create_topics([new])[self.topic].result(10)
        eventually(self._is_known)  # the answer may come before the broker's own metadata has it

    def _is_known(self) -> bool:
        try:
            self.admin.describe_topics(TopicCollection([self.topic]))[self.topic].result(10)
        except KafkaException:
            return False
        return True

    def broker(self, member: str = "member-0") -> Broker:
        settings = Settings(
            kafka_bootstrap=self.bootstrap, kafka_topic=self.topic, kafka_group=self.topic, member=member
        )
        # Tests that add partitions do not wait out ten seconds of metadata age.
        broker = KafkaBroker(settings, client_config={"topic.metadata.refresh.interval.ms": 500})
        self._brokers.append(broker)
        return broker

    def produce(self, partition: int, *values: bytes | None) -> int:
        offsets: list[int] = []
        eventually(lambda: self._acknowledged(partition, values, offsets), PATIENCE_S)
        return offsets[-1]

    def _acknowledged(self, partition: int, values: Sequence[bytes | None], offsets: list[int]) -> bool:
        """Send; False if all were refused, as by a leader that does not know its new partition yet."""
        refused: list[object] = []

        def delivered(error: object, message: Any) -> None:
            if error is None:
                offsets.append(message.offset())
            else:
                refused.append(error)

        for value in values:
            self._producer.produce(self.topic, value, partition=partition, on_delivery=delivered)
        assert self._producer.flush(PATIENCE_S) == 0
        assert not (refused and offsets), refused
        return not refused

    def _transaction(self, partition: int, values: Sequence[bytes]) -> Any:
        producer = Producer({"bootstrap.servers": self.bootstrap, "transactional.id": uuid.uuid4().hex})
        producer.init_transactions(PATIENCE_S)
        producer.begin_transaction()
        for value in values:
            producer.produce(self.topic, value, partition=partition)
        assert producer.flush(PATIENCE_S) == 0
        return producer

    def aborted(self, partition: int, *values: bytes) -> None:
        self._transaction(partition, values).abort_transaction(PATIENCE_S)

    def begin(self, partition: int, *values: bytes) -> Callable[[], None]:
        producer = self._transaction(partition, values)
        return lambda: producer.commit_transaction(PATIENCE_S)

    def delete_records(self, partition: int, before: int) -> None:
        asked = TopicPartition(self.topic, partition, before)
        next(iter(self.admin.delete_records([asked]).values())).result(10)

    def add_partitions(self, total: int) -> None:
        self.admin.create_partitions([NewPartitions(self.topic, total)])[self.topic].result(10)

    def recreate(self) -> None:
        self.delete_topic()
        eventually(lambda: self.topic not in self.admin.list_topics(timeout=5).topics)
        self._create()

    def delete_topic(self) -> None:
        self.admin.delete_topics([self.topic])[self.topic].result(10)

    def close(self) -> None:
        for broker in self._brokers:
            broker.leave()


class Heard:
    """Rebalances as they were heard, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, tuple[int, ...]]] = []
        self.held: set[int] = set()
        self.on_revoked: Callable[[Sequence[int]], None] = lambda partitions: None

    def assigned(self, partitions: Sequence[int]) -> None:
        self.events.append(("assigned", tuple(partitions)))
        self.held.update(partitions)

    def revoked(self, partitions: Sequence[int]) -> None:
        self.events.append(("revoked", tuple(partitions)))
        self.on_revoked(partitions)
        self.held.difference_update(partitions)

    def lost(self, partitions: Sequence[int]) -> None:
        self.events.append(("lost", tuple(partitions)))
        self.held.difference_update(partitions)


class Polling:
    """Polls one broker and keeps all that came."""

    def __init__(self, world: World, member: str = "member-0") -> None:
        self.slow = world.slow
        self.broker = world.broker(member)
        self.heard = Heard()
        self.values: dict[int, list[bytes | None]] = {}
        self.offsets: dict[int, list[int]] = {}
        self.commits: list[CommitAnswer] = []
        self.stalled: list[Stalled] = []
        self.dead: str | None = None

    def join(self) -> "Polling":
        self.broker.join(self.heard)
        return self

    def poll(self, timeout_s: float = 0.05, max_records: int = 100) -> Polled:
        polled = self.broker.poll(max_records, timeout_s)
        self._keep(polled.records)
        self.commits += polled.commits
        self.stalled += polled.stalled
        self.dead = polled.dead or self.dead
        return polled

    def _keep(self, records: Records) -> None:
        for partition, offset, value in zip(records.partitions, records.offsets, records.values, strict=True):
            self.values.setdefault(partition, []).append(value)
            self.offsets.setdefault(partition, []).append(offset)

    def until(self, condition: Callable[[], object], *others: "Polling") -> "Polling":
        def poll_all() -> object:
            for polling in (self, *others):
                polling.poll()
            return condition()

        # In memory nothing takes time: what a hundred polls do not bring never comes.
        eventually(poll_all, PATIENCE_S if self.slow else 0.0, 100)
        return self

    def until_holds(self, *partitions: int) -> "Polling":
        return self.until(lambda: self.heard.held == set(partitions))

    def for_a_while(self, seconds: float = 0.7) -> "Polling":
        """Long enough for what must not happen, or cannot be observed, to happen; in memory that is a few polls."""
        end = _monotonic() + seconds * self.slow
        for _ in range(3):
            self.poll()
        while _monotonic() < end:
            self.poll()
        return self


def eventually(condition: Callable[[], object], patience_s: float = PATIENCE_S, tries: int = 1) -> None:
    """Ask until it is so, for as long and as often. The condition does the waiting (a poll, a request)."""
    end = _monotonic() + patience_s
    asked = 0
    while not condition():
        asked += 1
        assert asked < tries or _monotonic() < end, "it did not happen in time"
