"""A topic and a dataset of a test's own: payments of three days sent to a real broker and landed as the stream does."""

import json
import time
import uuid
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
from confluent_kafka import Consumer, Producer, TopicPartition  # noqa: TID251  # the test's own hand on the broker
from confluent_kafka.admin import AdminClient, NewTopic  # noqa: TID251  # as above

from assets.payments.correct import todays_reference
from assets.payments.replay.options import Options
from assets.payments.replay.run import run_replay
from assets.payments.replay.tools import opened
from assets.warehouse.migrate import migrate
from assets.warehouse.publish import publish_fx_rates, publish_merchants
from streaming.adapters.bigquery import BigQueryWarehouse
from streaming.adapters.kafka import KafkaBroker
from streaming.landing import FX_RATES, TIMESTAMP, WINDOW
from streaming.reference.calendar import applicable_date
from streaming.settings import Settings
from streaming.stages.plan import arrow_schema, serialise, split
from streaming.walk import Policy, Source, enrich

NOW = datetime.now(UTC)  # noqa: TID251  # the broker stamps records with it
TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
PUBLISHED = NOW - timedelta(hours=2)
REVISED = NOW - timedelta(hours=1)
PARTITIONS, EACH = 2, 60


def payment(partition: int, number: int) -> bytes:
    """Most of yesterday, every fifth of the day before, every seventh of today; one merchant is unknown."""
    day = YESTERDAY - timedelta(days=number % 5 == 0) + timedelta(days=number % 7 == 0 and number % 5 != 0)
    at = min(datetime.combine(day, datetime.min.time(), UTC) + timedelta(minutes=number), NOW)
    if number == 11:
        return b"not json"
    return (
        json.dumps(
            {
                "schema_version": 1,
                "event_id": f"e{partition}-{number}",
                "transaction_id": f"t{partition}-{number}",
                "event_type": ("capture", "refund", "authorization")[number % 3],
                "sequence": 0,
                "merchant_id": "late" if number % 10 == 3 else "m1",
                "amount": f"{number + 1}.10" if number == 13 else f"{number + 1}.1",
                "currency": ("EUR", "USD", "GBP")[number % 3],
                "occurred_at": at.isoformat().replace("+00:00", "Z"),
                "card_token": "tok_abc",
                "channel": "ecom",
                "country": "DE",
                "description": 'a, "quoted"\nline' if number % 4 else None,
            }
        )
        .replace(', "description": null', "")
        .encode()
    )


def merchants(*ids: str) -> pl.DataFrame:
    schema = {"merchant_id": pl.String, "name": pl.String, "valid_from": TIMESTAMP, "valid_to": TIMESTAMP}
    frame = pl.DataFrame([(each, f"shop {each}", None, None) for each in ids], schema=schema, orient="row")
    return frame.with_columns(category=pl.lit("5411"), country=pl.lit("DE"), risk_tier=pl.lit("low"))


def rates(dollar: str) -> pl.DataFrame:
    days = sorted({applicable_date(NOW - timedelta(days=ago)) for ago in range(9)})
    schema = {"rate_date": pl.Date, "currency": pl.String, "rate": FX_RATES["rate"], "source": pl.String}
    rows = [(day, code, Decimal(rate), "test") for day in days for code, rate in (("USD", dollar), ("GBP", "0.8412"))]
    return pl.DataFrame(rows, schema=schema, orient="row")


class LandedDay:
    """The world of one test, and replays of it."""

    def __init__(self, platform, client, name: str) -> None:
        self.client = client
        self.dataset = f"d_{name}"
        migrate(client, platform.project, self.dataset, lambda _: None)
        own = {"TIDEMARK_BIGQUERY_DATASET": self.dataset, "TIDEMARK_KAFKA_TOPIC": f"replay-{name}"}
        self.environment = platform.environment() | own
        self.settings = Settings.from_environment(self.environment)
        self.table = f"{platform.project}.{self.dataset}.payments_landing"
        self.admin = AdminClient({"bootstrap.servers": platform.bootstrap_servers})
        publish_merchants(client, self.dataset, merchants("m1"), "m-1", PUBLISHED)
        publish_fx_rates(client, self.dataset, rates("1.0000"), "f-1", PUBLISHED)
        self._send()
        self.land()

    def _send(self) -> None:
        topic, servers = self.settings.kafka_topic, self.settings.kafka_bootstrap
        new = NewTopic(topic, PARTITIONS, 1, config={"message.timestamp.type": "LogAppendTime"})
        self.admin.create_topics([new])[topic].result(10)
        producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True})
        for number in range(EACH):
            for partition in range(PARTITIONS):
                producer.produce(topic, payment(partition, number), partition=partition)
        assert producer.flush(20) == 0

    def windows(self) -> pl.DataFrame:
        """Everything in the topic, read in a way that is not the replay's."""
        topic = self.settings.kafka_topic
        config = {"bootstrap.servers": self.settings.kafka_bootstrap, "group.id": uuid.uuid4().hex}
        reader = Consumer({**config, "enable.auto.commit": False})
        reader.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
        found, limit = [], time.monotonic() + 30  # noqa: TID251  # a real broker
        while len(found) < PARTITIONS * EACH:
            assert time.monotonic() < limit, len(found)  # noqa: TID251  # as above
            found += reader.consume(1_000, 0.2)
        reader.close()
        rows = [
            (m.partition(), m.offset(), datetime.fromtimestamp(m.timestamp()[1] / 1_000, UTC), m.value()) for m in found
        ]
        return pl.DataFrame(rows, schema=WINDOW, orient="row").sort("kafka_partition", "kafka_offset")

    def land(self) -> None:
        """As a member of the stream lands it, with today's reference."""
        live = BigQueryWarehouse(self.settings, arrow_schema())
        try:
            facts = KafkaBroker(self.settings).topic(10)
            source, reference = Source(self.settings.kafka_topic, facts.topic_id), todays_reference(live)
            done = enrich(self.windows(), source, reference, Policy.of(self.settings))
            for block in split(done.rows, done.payloads, 1_000):
                live.append(live.open_stream(30), 0, serialise(block, "epoch", NOW), 30)
        finally:
            live.close()

    def revise(self) -> None:
        """A merchant that comes late, and another dollar."""
        publish_merchants(self.client, self.dataset, merchants("m1", "late"), "m-2", REVISED)
        publish_fx_rates(self.client, self.dataset, rates("1.2500"), "f-2", REVISED)

    def publish_rates(self, dollar: str, version: str) -> None:
        publish_fx_rates(self.client, self.dataset, rates(dollar), version, NOW)

    def replay(self, *days, replay_id: str = "", say=lambda _: None, batch=None, **options):
        wanted = Options(replay_id or f"r-{uuid.uuid4().hex[:8]}", **options)
        with opened(self.settings, self.client, time.sleep) as real:  # noqa: TID251  # the rate limit, for real
            tools = replace(real, batch=batch or real.batch)
            return run_replay(self.settings, days or [YESTERDAY], wanted, say, tools)

    def ask(self, sql: str):
        sql = sql.replace("LANDING", f"`{self.table}`").replace("VIEW", f"`{self.dataset}.payments`")
        return [tuple(row.values()) for row in self.client.query(sql).result()]

    def view(self):
        sql = "SELECT event_id, merchant_status, reporting_amount, signed_reporting_amount, enrichment_revision"
        return self.ask(f"{sql} FROM VIEW WHERE business_date = DATE '{YESTERDAY}' ORDER BY 1")

    def cut(self, partition: int, before: int) -> None:
        asked = TopicPartition(self.settings.kafka_topic, partition, before)
        next(iter(self.admin.delete_records([asked]).values())).result(10)


@contextmanager
def landed_day(platform, client):
    day = LandedDay(platform, client, uuid.uuid4().hex[:10])
    yield day
    client.delete_dataset(day.dataset, delete_contents=True)
