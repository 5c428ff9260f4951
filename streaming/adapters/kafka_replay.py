"""Reads ranges of a topic again, beside the live group: a client of its own that joins nothing and commits nothing."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl
from confluent_kafka import Consumer, KafkaException, TopicPartition

from streaming.adapters.kafka_config import AUTO_OFFSET_RESET, QUIET, ClientConfig, Complaints, connection_config
from streaming.adapters.kafka_security import made
from streaming.landing import WINDOW
from streaming.ports import BrokerError, LogRange
from streaming.settings import Settings

SILENT_S: Final = 30.0
"""Without any record for so long although some are due, the broker is gone: a fetch takes a fraction of a second."""
_SLICE_S: Final = 0.5


class OffsetsGone(BrokerError):
    """The log was cut while it was read. The message names partition and offset."""


class KafkaReplay:
    """One client for one replay. Not thread-safe. `on_log` gets one line per kind and 10 s at most, no payloads."""

    def __init__(
        self,
        settings: Settings,
        replay_id: str,
        *,
        on_log: Callable[[str], None] = lambda line: None,
        client_config: ClientConfig | None = None,
        silent_s: float = SILENT_S,
    ) -> None:
        self._topic, self._servers = settings.require("kafka_bootstrap").kafka_topic, settings.kafka_bootstrap
        self._complaints, self._silent_s, self._last_words = Complaints(on_log), silent_s, ""
        config = {**replay_config(settings, replay_id, client_config or {}), "error_cb": self._on_error}
        self._consumer: Any = made(Consumer, config, logger=QUIET)

    def windows(self, ranges: Mapping[int, LogRange], max_rows: int) -> Iterator[pl.DataFrame]:
        """Every delivered record with `low <= offset < end` of each partition, in frames of schema `landing.WINDOW`
        with at most `max_rows` rows; within a partition in offset order. There must be a record at `end - 1`.

        Raises OffsetsGone, BrokerError. A caller that takes its time slows the reading down: little is fetched ahead.
        """
        left = {partition: wanted.end for partition, wanted in ranges.items() if wanted.end > wanted.low}
        self._consumer.assign([TopicPartition(self._topic, p, ranges[p].low) for p in sorted(left)])
        heard = time.monotonic()
        while left:
            messages = self._delivered(max_rows)
            if not messages and time.monotonic() - heard > self._silent_s:
                raise BrokerError(f"Kafka at {self._servers}: no record for {self._silent_s:g} s; {self._last_words}")
            frame = _frame([m for m in messages if m.offset() < left.get(m.partition(), -1)])
            self._finish(left, messages)
            if frame.height:
                yield frame
            if messages:
                heard = time.monotonic()  # after the caller took its time

    def _delivered(self, max_rows: int) -> list[Any]:
        try:
            messages = self._consumer.consume(max_rows, _SLICE_S)
        except KafkaException as exception:
            self._on_error(exception.args[0])
            return []
        for message in messages:
            if (error := message.error()) is None:
                continue
            if error.code() == AUTO_OFFSET_RESET:
                raise OffsetsGone(f"partition {message.partition()}: {error.str()} at offset {message.offset()}")
            self._on_error(error)
        return [message for message in messages if message.error() is None]

    def _finish(self, left: dict[int, int], messages: Sequence[Any]) -> None:
        """Read no further in partitions that are through."""
        for message in messages:
            if message.offset() + 1 >= left.get(message.partition(), message.offset() + 2):
                del left[message.partition()]
                self._consumer.pause([TopicPartition(self._topic, message.partition())])

    def _on_error(self, error: Any) -> None:
        self._last_words = f"{error.name()}: {error.str()}"
        self._complaints.say(error.code(), f"kafka: {self._last_words}")

    def close(self) -> None:
        """Let go of the brokers."""
        self._consumer.close()


def replay_config(settings: Settings, replay_id: str, extra: ClientConfig) -> dict[str, Any]:
    """The client's configuration. It must have a group's name; this one is nobody else's, and never joined."""
    return {
        "group.id": f"{settings.kafka_group}-replay-{replay_id}",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        # Little ahead of the reader, who may be slowed down on purpose.
        "queued.min.messages": 10_000,
        "queued.max.messages.kbytes": 16_384,
        "fetch.queue.backoff.ms": 10,
        "fetch.max.bytes": 8_388_608,
        "max.partition.fetch.bytes": 1_048_576,
        "fetch.wait.max.ms": 100,
        **connection_config(settings, extra),
    }


def _frame(messages: Sequence[Any]) -> pl.DataFrame:
    times = pl.Series([m.timestamp()[1] for m in messages], dtype=pl.Int64) * 1_000
    return pl.DataFrame(
        [
            pl.Series("kafka_partition", [m.partition() for m in messages], dtype=pl.Int64),
            pl.Series("kafka_offset", [m.offset() for m in messages], dtype=pl.Int64),
            times.cast(WINDOW["broker_timestamp"]).alias("broker_timestamp"),
            pl.Series("payload", [m.value() for m in messages], dtype=pl.Binary),
        ]
    )
