"""The whole consumer in process: real stages and protocol on the in-memory Kafka and BigQuery, one hand-moved clock."""

import itertools
import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa

from streaming.adapters.clock import ManualClock
from streaming.adapters.journal import MemoryJournal
from streaming.adapters.memory_broker import MemoryBroker
from streaming.adapters.memory_cluster import MemoryCluster
from streaming.adapters.memory_warehouse import MemoryWarehouse
from streaming.landing import FX_RATES, MERCHANTS
from streaming.runner.bell import Restless
from streaming.runner.consumer import Consumer
from streaming.runner.references import References
from streaming.runner.world import AtOnce, World
from streaming.settings import Secret, Settings
from streaming.stages.plan import SCHEMA

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2026, 1, 7, 12, tzinfo=UTC)
PUBLISHED = datetime(2026, 1, 6, 18, tzinfo=UTC)
TURN_S = 0.06


def merchants(*ids: str) -> pl.DataFrame:
    rows = [
        {
            "merchant_id": merchant,
            "name": f"Shop {merchant}",
            "category": "5411",
            "country": "DE",
            "risk_tier": "low",
            "valid_from": BEGINNING,
            "valid_to": None,
            "recorded_at": BEGINNING,
            "superseded_at": None,
            "merchant_version": "0" * 16,
        }
        for merchant in ids
    ]
    return pl.DataFrame(rows, schema=MERCHANTS)


def fx_rates() -> pl.DataFrame:
    row = {
        "rate_date": PUBLISHED.date(),
        "currency": "USD",
        "rate": Decimal("1.25"),
        "revision": 1,
        "effective_from": PUBLISHED,
        "recorded_at": BEGINNING,
        "source": "ecb",
    }
    return pl.DataFrame([row], schema=FX_RATES)


def event(number: int, **changes: Any) -> bytes:
    fields = {
        "schema_version": 1,
        "event_id": f"event-{number}",
        "transaction_id": f"transaction-{number}",
        "event_type": "capture",
        "sequence": 0,
        "merchant_id": "m-1",
        "amount": "12.30",
        "currency": "USD",
        "occurred_at": "2026-01-07T11:59:59.5Z",
        "card_token": "token-1",
        "channel": "pos",
        "country": "DE",
    }
    return json.dumps(fields | changes).encode()


class Rig:
    """One topic, one table, and the members that come and go."""

    def __init__(self, partitions: int = 2, **settings: Any) -> None:
        self.clock = ManualClock(START)
        self.cluster = MemoryCluster(partitions=partitions, clock=self.clock)
        self.warehouse = MemoryWarehouse(clock=self.clock)
        self.journal = MemoryJournal()
        self.pool: Executor = AtOnce()
        self.walker: Executor = AtOnce()
        self.settings = {"mac_key": Secret("k" * 32), "window_ms": 10, "commit_interval_s": 0.1} | settings
        self.members: dict[str, Consumer] = {}
        self.brokers: dict[str, MemoryBroker] = {}
        self._epochs = itertools.count(1)
        self._events = itertools.count(1)
        self.publish()

    def publish(self, *ids: str, version: str = "v1") -> None:
        """A version of both reference tables."""
        reference = self.warehouse.reference
        reference.merchants = merchants("m-1", *ids)
        reference.fx_rates = fx_rates()
        for name in ("merchants", "fx_rates"):
            reference.publish(name, version, self.clock.now())

    def produce(self, partition: int, count: int = 1, **changes: Any) -> None:
        for _ in range(count):
            self.cluster.produce(partition, event(next(self._events), **changes))

    def start(self, name: str = "member-0") -> Consumer:
        """A process with this static id starts, whatever became of the one before."""
        self.brokers[name] = MemoryBroker(self.cluster, name)
        world = self.world(name)
        settings = Settings(member=name, **self.settings)
        references = References(self.warehouse, self.pool, self.clock, self.journal, settings.reference_poll_s)
        references.load()
        consumer = Consumer(world, settings, self.cluster.facts(), references)
        consumer.start()
        self.members[name] = consumer
        return consumer

    def world(self, name: str) -> World:
        """What the process of this name is given."""
        epoch = f"{next(self._epochs):04d}"
        broker = self.brokers[name]
        return World(
            broker,
            self.warehouse,
            self.clock,
            self.journal,
            self.pool,
            lambda: f"{epoch}-{next(self._epochs)}",
            Restless(),
            self.walker,
        )

    def kill(self, name: str = "member-0") -> None:
        """SIGKILL: nothing is said to anybody."""
        del self.members[name]
        self.brokers.pop(name).crash()

    def turn(self, turns: int = 1) -> None:
        for _ in range(turns):
            for consumer in list(self.members.values()):
                consumer.turn()
                consumer.reference_versions()  # as the heartbeat asks
            self.clock.advance(TURN_S)

    def settle(self, limit: int = 400) -> None:
        """Turn until all that is in the log is landed and committed."""
        for _ in range(limit):
            self.turn()
            if self.at_end():
                return
        raise AssertionError(f"not at the end after {limit} turns: {self.states()}, {self.journal.events[-8:]}")

    def at_end(self) -> bool:
        commits = self.cluster.group.commits
        ends = {p: log.read(0, 10**6) for p, log in enumerate(self.cluster.logs)}
        return all(p in commits and (not log or commits[p].offset > log[-1].offset) for p, log in ends.items())

    def states(self) -> dict[str, dict[int, str]]:
        return {
            name: {lane.partition.number: lane.shown_state for lane in consumer.lanes}
            for name, consumer in self.members.items()
        }

    def halts(self) -> list[str]:
        return [
            str(lane.partition.halt)
            for consumer in self.members.values()
            for lane in consumer.lanes
            if lane.partition.halt
        ]

    def said(self, event: str) -> list[dict[str, object]]:
        return [facts for name, facts in self.journal.events if name == event]

    def landed(self) -> Counter[tuple[int, int]]:
        rows = self.warehouse.rows().filter(pl.col("replay_id").is_null() & (pl.col("enrichment_revision") == 0))
        return Counter(rows.select("kafka_partition", "kafka_offset").iter_rows())

    def assert_exactly_once(self, below: Sequence[int] = ()) -> None:
        expected = {(p, e.offset) for p, log in enumerate(self.cluster.logs) for e in log.read(0, 10**6)}
        landed = self.landed()
        assert {key: count for key, count in landed.items() if count != 1} == {}
        assert set(landed) >= expected


def worked() -> Rig:
    """Five records landed and committed, the consumer gone."""
    rig = Rig(partitions=1)
    rig.start()
    rig.produce(0, 5)
    rig.settle()
    rig.kill()
    return rig


def live_row(rig: Rig, offset: int) -> None:
    """The live row of the event at this offset, as somebody else left it."""
    row = {
        "event_id": f"event-{offset + 1}",
        "status": "OK",
        "business_date": START.date(),
        "kafka_topic": rig.cluster.name,
        "kafka_topic_id": rig.cluster.topic_id,
        "kafka_partition": 0,
        "kafka_offset": offset,
        "broker_timestamp": START,
        "enrichment_revision": 0,
        "ownership_epoch": "0000",
        "loaded_at": START,
    }
    rig.warehouse.put(pa.RecordBatch.from_pylist([row], schema=SCHEMA))
