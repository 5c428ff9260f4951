"""The real tools of a replay: BigQuery, Kafka and the clocks, opened together and closed together."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING

import polars as pl

from assets.payments.replay.read_kafka import Windows
from assets.payments.replay.run import Tools
from streaming.adapters.clock import SystemClock
from streaming.ports import Broker, LogRange
from streaming.settings import Settings
from streaming.stages.plan import arrow_schema

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import


@contextmanager
def opened(settings: Settings, client: "Client", sleep: Callable[[float], None]) -> Iterator[Tools]:
    """Tools for the platform that the settings name. `client` stays its owner's. Kafka is spoken to only if asked.

    `sleep` waits so many seconds. Raises SettingsError; so may `Tools.broker` and `Tools.windows`.
    """
    from assets.payments.pending_bigquery import BigQueryBatchWarehouse
    from streaming.adapters.bigquery import BigQueryWarehouse
    from streaming.adapters.bigquery_reads import ReferenceReads

    with (
        closing(BigQueryWarehouse(settings, arrow_schema())) as warehouse,
        closing(BigQueryBatchWarehouse(client, settings)) as batch,
        closing(ReferenceReads(settings)) as reads,
    ):
        broker = cache(partial(_broker, settings))
        windows = partial(_windows, settings)
        yield Tools(client, warehouse, batch, SystemClock(), sleep, broker, windows, reads.scan)


def _broker(settings: Settings) -> Broker:
    from streaming.adapters.kafka import KafkaBroker

    return KafkaBroker(settings)


def _windows(settings: Settings, replay_id: str) -> Windows:
    """A client is made when reading begins and let go when it ends, also in the middle."""
    from streaming.adapters.kafka_replay import KafkaReplay

    def read(ranges: Mapping[int, LogRange], max_rows: int) -> Iterator[pl.DataFrame]:
        with closing(KafkaReplay(settings, replay_id)) as reader:
            yield from reader.windows(ranges, max_rows)

    return read
