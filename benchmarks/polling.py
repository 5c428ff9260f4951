"""With a real broker: the bare consumer (the floor), the product's Kafka adapter alone, and adapter plus core."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Consumer, TopicPartition

from benchmarks.core import peak_rss_mb, window_rows
from benchmarks.payments import read_reference
from benchmarks.pipeline import Core
from benchmarks.spread import Timer, Took, costs
from streaming.adapters.kafka import KafkaBroker
from streaming.adapters.kafka_config import consumer_config
from streaming.ports import Records
from streaming.runner.consumer import POLL_RECORDS, POLL_S
from streaming.settings import Settings

SILENCE_S: Final = 60.0
"""A broker that delivers nothing for so long delivers no more."""


class NothingCame(Exception):
    """The topic held fewer records than were to be measured."""


def bare(settings: Settings, records: int, repeats: int) -> dict[str, Any]:
    """The floor: the product's client configuration, and a loop that only touches each value."""
    return {**costs([_bare(settings, records) for _ in range(repeats)]), "peak_rss_mb": peak_rss_mb()}


def _bare(settings: Settings, records: int) -> Took:
    consumer = Consumer(consumer_config(settings, {}))
    numbers = range(KafkaBroker(settings).topic(10).partitions)
    try:
        consumer.assign([TopicPartition(settings.kafka_topic, number, 0) for number in numbers])
        return _counted(lambda: _touched(consumer), records)
    finally:
        consumer.close()


def _touched(consumer: Consumer) -> int:
    """As the adapter does: wait for one message, then take what is there."""
    first = consumer.poll(POLL_S)
    if first is None:
        return 0
    messages = [first, *consumer.consume(POLL_RECORDS - 1, 0)]
    for message in messages:
        message.value()
    return len(messages)


def adapter(settings: Settings, records: int, repeats: int) -> dict[str, Any]:
    """The product's Kafka adapter, and nothing done with its records."""
    taken = [_adapter(settings, f"adapter-{n}", records, lambda polled: None) for n in range(repeats)]
    return {**costs(taken), "peak_rss_mb": peak_rss_mb()}


def with_core(settings: Settings, folder: Path, records: int, repeats: int) -> dict[str, Any]:
    """The product's Kafka adapter and the core behind it, on one thread as in the consumer."""
    core = Core(read_reference(folder), window_rows())
    taken = [_adapter(settings, f"core-{n}", records, core.take) for n in range(repeats)]
    return {**costs(taken), "window": window_rows(), "peak_rss_mb": peak_rss_mb()}


class _Everything:
    """Takes whatever is assigned."""

    def __init__(self) -> None:
        self.held: list[int] = []

    def assigned(self, partitions: Sequence[int]) -> None:
        self.held += partitions

    def revoked(self, partitions: Sequence[int]) -> None: ...

    def lost(self, partitions: Sequence[int]) -> None: ...


def _adapter(settings: Settings, group: str, records: int, use: Callable[[Records], None]) -> Took:
    from dataclasses import replace

    broker = KafkaBroker(replace(settings, kafka_group=f"{settings.kafka_group}-{group}"))
    everything = _Everything()
    broker.join(everything)

    def turn() -> int:
        polled = broker.poll(POLL_RECORDS, POLL_S)
        if everything.held:
            starts: Mapping[int, int] = dict.fromkeys(everything.held, 0)
            everything.held = []
            broker.fetch_from(starts)
        use(polled.records)
        return len(polled.records)

    try:
        return _counted(turn, records)
    finally:
        broker.leave()


def _counted(turn: Callable[[], int], records: int) -> Took:
    """Turn until so many records came after the first ones; the time begins when these are there."""
    last = time.monotonic()
    while not turn():
        _not_forever(last)
    timer, done, last = Timer(), 0, time.monotonic()
    while done < records:
        came = turn()
        done += came
        if came:
            last = time.monotonic()
        else:
            _not_forever(last)
    return timer.took(done)


def _not_forever(since: float) -> None:
    if time.monotonic() - since > SILENCE_S:
        raise NothingCame(f"nothing came from Kafka for {SILENCE_S:g} s")
