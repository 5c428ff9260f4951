"""Every check on real tables: a good warehouse passes, one defect of each kind is found by its check alone."""

import io
from dataclasses import dataclass
from datetime import date

import polars as pl
import pytest
from checks_world import DEFECTS, NOW, REPORT, good_view, payment, tables
from confluent_kafka import Producer, TopicCollection, TopicPartition  # noqa: TID251  # the test's own hand on the broker
from confluent_kafka.admin import AdminClient, NewTopic  # noqa: TID251  # as above

from assets.checks.ask import CheckNotAsked, ask, evaluate
from assets.checks.catalogue import CHECKS
from assets.checks.thresholds import THRESHOLDS
from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from orchestration.checks.second_reader import second_reader
from orchestration.schedules.facts import newest_versions, published_days
from streaming.adapters import kafka_offsets
from streaming.landing import LANDING
from streaming.settings import Settings

pytestmark = pytest.mark.integration

COMPLETENESS = next(check for check in CHECKS if check.name == "completeness_closed_days")
TYPES = {"business_date": "DATE", "events": "INT64"} | dict.fromkeys(
    ("merchant_id", "currency", "event_type"), "STRING"
)


class Emulated:
    """The good warehouse in tables that are put back after each defect."""

    def __init__(self, facts):
        self.client, self.dataset = connect(facts.project, facts.rest_endpoint), facts.dataset
        self.bootstrap = facts.bootstrap_servers
        migrate(self.client, facts.project, facts.dataset, lambda _: None)
        columns = ", ".join(f"{name} {TYPES.get(name, 'NUMERIC(38, 9)')}" for name in REPORT)
        self.execute(f"CREATE TABLE IF NOT EXISTS payments_daily ({columns})")
        self.frames = tables()
        for name, frame in self.frames.items():
            self.load(name, frame)
            self.execute(f"CREATE TABLE good_{name} AS SELECT * FROM {name}")
        migrate(self.client, facts.project, facts.dataset, lambda _: None)  # the view's date is that of the builds
        self.execute(f"CREATE VIEW good AS {good_view(facts.project, facts.dataset)}")

    def load(self, name, frame):
        from google.cloud.bigquery import LoadJobConfig  # noqa: TID251  # a test of the real client

        file = io.BytesIO()
        frame.write_parquet(file)
        file.seek(0)
        table = self.client.get_table(f"{self.dataset}.{name}")
        schema = [field for field in table.schema if field.name in frame.columns]
        config = LoadJobConfig(source_format="PARQUET", schema=schema)
        self.client.load_table_from_file(file, table, job_config=config).result()

    def execute(self, sql):
        from google.cloud.bigquery import QueryJobConfig  # noqa: TID251  # a test of the real client

        config = QueryJobConfig(default_dataset=f"{self.client.project}.{self.dataset}")
        job = self.client.query(sql, job_config=config)
        job.result()
        return job.num_dml_affected_rows

    def apply(self, defect):
        if defect.view:
            self.execute(f"CREATE OR REPLACE VIEW payments AS {defect.view}")
        for change in defect.changes:
            assert self.execute(change) >= 1, change

    def undo(self, defect):
        if defect.view:
            migrate(self.client, self.client.project, self.dataset, lambda _: None)
        for name in self.frames:
            if any(name in change for change in defect.changes):
                self.execute(f"DELETE FROM {name} WHERE TRUE")
                self.execute(f"INSERT INTO {name} SELECT * FROM good_{name}")

    def verdicts(self):
        return {c.name: evaluate(self.client, self.dataset, c, c.cadence.days(NOW)) for c in CHECKS}

    def failing(self):
        return {name for name, verdict in self.verdicts().items() if not verdict.passed}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    from sandbox.platform.instance import running

    with running(tmp_path_factory.mktemp("checks") / "platform", say=lambda _: None) as facts:
        yield Emulated(facts)


def test_nothing_is_found_in_a_good_warehouse(warehouse):
    verdicts = warehouse.verdicts()
    assert {name: v.line for name, v in verdicts.items() if not v.passed} == {}
    assert (verdicts["completeness"].facts["late"], verdicts["completeness"].facts["late_or_missing"]) == (1, 1)
    assert verdicts["completeness_closed_days"].facts["late"] == 2
    assert verdicts["control_totals"].facts["days"] == len(CHECKS[-1].cadence.days(NOW))
    assert all(v.line for v in verdicts.values())


@pytest.mark.parametrize("one", DEFECTS, ids=lambda one: one.name)
def test_a_defect_is_found_by_its_check_and_no_other(warehouse, one):
    try:
        warehouse.apply(one)
        assert warehouse.failing() == one.found_by
    finally:
        warehouse.undo(one)


def test_after_all_that_the_warehouse_is_good_again(warehouse):
    assert warehouse.failing() == set()


def test_what_cannot_be_asked_is_one_line_and_does_not_pass(warehouse):
    verdict = evaluate(warehouse.client, "absent", CHECKS[0], CHECKS[0].cadence.days(NOW))
    assert (verdict.passed, verdict.severity) == (False, "WARN")
    assert verdict.line.startswith("not checked: ")
    assert "\n" not in verdict.line


def test_a_service_that_is_away_is_one_line(warehouse):
    away = connect(warehouse.client.project, "http://127.0.0.1:9")
    with pytest.raises(CheckNotAsked) as caught:
        ask(away, "SELECT 1", THRESHOLDS.hourly_bytes, 1)
    assert "\n" not in str(caught.value)


@dataclass(frozen=True)
class Place:
    """The resource `warehouse`, as far as the sensors need it."""

    dataset: str
    made: object

    def client(self):
        return self.made


def test_the_sensors_read_published_days_and_newest_versions(warehouse):
    place = Place(warehouse.dataset, warehouse.client)
    assert published_days(place, date(2026, 11, 21)) == {date(2026, 11, 23), date(2026, 11, 24)}
    assert newest_versions(place) == {}
    for hour, name, version in ((8, "merchants", "m1"), (9, "fx_rates", "f1"), (10, "merchants", "m2")):
        at = f"TIMESTAMP '2026-11-25 {hour:02}:00:00+00:00'"
        warehouse.execute(f"INSERT INTO reference_versions VALUES ('{name}', '{version}', {at})")
    assert newest_versions(place) == {"fx_rates": "f1", "merchants": "m2"}


def test_a_dataset_without_tables_is_said_to_be_silent(warehouse):
    with pytest.raises(CheckNotAsked):
        newest_versions(Place("absent", warehouse.client))


TRANSACTIONAL = "settled-by-transactions"


class Transactions:
    """A topic with a committed batch, an aborted one, another committed one; which offsets hold a record."""

    def __init__(self, bootstrap):
        self.bootstrap, self.delivered = bootstrap, []
        admin = AdminClient({"bootstrap.servers": bootstrap})
        admin.create_topics([NewTopic(TRANSACTIONAL, 1, 1)])[TRANSACTIONAL].result(20)
        self.producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": "a-test"})
        self.producer.init_transactions(30)
        for records, commit in ((5, True), (3, False), (700, True), (2, True)):
            self.batch(records, commit)
        described = admin.describe_topics(TopicCollection([TRANSACTIONAL]))
        self.topic_id = str(described[TRANSACTIONAL].result(20).topic_id)

    def batch(self, records, commit):
        offsets = []
        self.producer.begin_transaction()
        for _ in range(records):
            keep = lambda _, message: offsets.append(message.offset())  # noqa: E731
            self.producer.produce(TRANSACTIONAL, b"{}", partition=0, on_delivery=keep)
        assert self.producer.flush(30) == 0
        if commit:
            self.producer.commit_transaction(30)
            self.delivered += offsets
        else:
            self.producer.abort_transaction(30)

    def rows(self):
        """Landing rows of what a consumer is delivered."""
        at = {"kafka_topic": TRANSACTIONAL, "kafka_topic_id": self.topic_id, "broker_timestamp": NOW}
        return pl.DataFrame(
            [
                payment(0, offset) | at | {"kafka_offset": offset, "business_date": NOW.date()}
                for offset in self.delivered
            ],
            schema=LANDING,
        )


@pytest.fixture(scope="module")
def transactions(warehouse):
    made = Transactions(warehouse.bootstrap)
    warehouse.execute("DELETE FROM payments_landing WHERE TRUE")
    warehouse.load("payments_landing", made.rows())
    yield made
    warehouse.execute("DELETE FROM payments_landing WHERE TRUE")
    warehouse.execute("INSERT INTO payments_landing SELECT * FROM good_payments_landing")


def complete(warehouse, **settings):
    """The verdict of completeness, with the second reader of the transactional topic."""
    read = second_reader(Settings(kafka_bootstrap=warehouse.bootstrap, kafka_topic=TRANSACTIONAL, **settings))
    days = COMPLETENESS.cadence.days(NOW)
    return evaluate(warehouse.client, warehouse.dataset, COMPLETENESS, days, delivered=read)


def test_gaps_that_transactions_leave_are_no_missing_records(warehouse, transactions):
    verdict = complete(warehouse)
    assert verdict.passed, verdict.line
    assert verdict.facts["without_record"] == 3 + 3  # the aborted batch, and the markers between the records
    days = COMPLETENESS.cadence.days(NOW)
    alone = evaluate(warehouse.client, warehouse.dataset, COMPLETENESS, days)
    assert (alone.passed, alone.facts["missing"]) == (False, 6)


def test_a_reader_that_is_given_aborted_records_would_call_them_missing(warehouse, transactions, monkeypatch):
    """The mutant of the test above."""
    honest = kafka_offsets.asking_config
    uncommitted = lambda *given: honest(*given) | {"isolation.level": "read_uncommitted"}  # noqa: E731
    monkeypatch.setattr(kafka_offsets, "asking_config", uncommitted)
    assert complete(warehouse).facts["missing"] == 3


@pytest.mark.parametrize("bridge", [0, kafka_offsets.BRIDGE])
def test_a_row_that_is_really_missing_is_found_among_such_gaps(warehouse, transactions, monkeypatch, bridge):
    monkeypatch.setattr(kafka_offsets.bridged, "__defaults__", (bridge,))
    lost = transactions.delivered[3], transactions.delivered[-2]
    where = f"kafka_offset IN ({lost[0]}, {lost[1]})"
    try:
        assert warehouse.execute(f"DELETE FROM payments_landing WHERE {where}") == 2
        verdict = complete(warehouse)
        assert (verdict.passed, verdict.severity, verdict.facts["missing"]) == (False, "ERROR", 2)
        assert verdict.facts["without_record"] == 6
    finally:
        warehouse.load("payments_landing", transactions.rows().filter(pl.col("kafka_offset").is_in(lost)))


def test_what_cannot_be_read_leaves_it_open(warehouse, transactions):
    where = f"kafka_topic_id = '{transactions.topic_id}'"
    warehouse.execute(f"UPDATE payments_landing SET kafka_topic_id = 'another' WHERE {where}")
    try:
        verdict = complete(warehouse)
        assert (verdict.passed, verdict.severity) == (False, "WARN")
        assert "the topic with id another is gone" in verdict.line
    finally:
        warehouse.execute(f"UPDATE payments_landing SET kafka_topic_id = '{transactions.topic_id}' WHERE TRUE")
    admin = AdminClient({"bootstrap.servers": warehouse.bootstrap})
    cut = TopicPartition(TRANSACTIONAL, 0, transactions.delivered[-1])
    next(iter(admin.delete_records([cut]).values())).result(20)
    assert "are gone from the log" in complete(warehouse).line
