"""migrate and publish against the emulator: idempotent, additive, bitemporal."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest

from assets.warehouse.ddl import FUNCTIONS, TABLES, VIEWS, Column, statements
from assets.warehouse.migrate import MigrationError, migrate
from assets.warehouse.publish import PublicationRefused, publish_fx_rates, publish_merchants
from sandbox.seed import Frames, seed
from streaming.adapters.bigquery import BigQueryWarehouse
from streaming.landing import LANDING, REQUIRED
from streaming.settings import Settings
from streaming.stages.plan import SCHEMA, arrow_schema

pytestmark = pytest.mark.integration

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
TIMESTAMP = pl.Datetime("us", "UTC")


@pytest.fixture
def dataset(client, request):
    name = f"d_{abs(hash(request.node.name))}"
    migrate(client, client.project, name, lambda _: None)
    yield name
    client.delete_dataset(name, delete_contents=True)


def ask(client, sql):
    return [tuple(row.values()) for row in client.query(sql).result()]


def test_the_first_run_creates_everything_and_the_second_nothing(client):
    said = []
    try:
        changes = migrate(client, client.project, "fresh", said.append)
        assert changes == said
        assert changes[0] == "created dataset fresh"
        assert {change.split()[-1] for change in changes[1:]} == set(TABLES + VIEWS + FUNCTIONS)
        assert migrate(client, client.project, "fresh", said.append) == []
    finally:
        client.delete_dataset("fresh", delete_contents=True)


def test_the_table_is_as_declared(client, dataset):
    table = client.get_table(f"{dataset}.payments_landing")
    assert [field.name for field in table.schema] == list(LANDING)
    assert {field.name for field in table.schema if field.mode == "REQUIRED"} == REQUIRED
    assert table.time_partitioning.field == "business_date"


def test_nine_decimals_survive(client, dataset):
    """The emulator makes three of a bare NUMERIC: the DDL spells its parameters out."""
    columns = "rate_date, currency, rate, revision, effective_from, recorded_at, source"
    ask(
        client,
        f"INSERT INTO `{dataset}.fx_rates` ({columns}) VALUES (DATE '2026-11-20', 'USD', "
        "CAST('1.123456789' AS NUMERIC(38, 9)), 1, CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP(), 'test')",
    )
    assert ask(client, f"SELECT rate FROM `{dataset}.fx_rates`") == [(Decimal("1.123456789"),)]


def former_release(client, dataset):
    """The dataset as the release before settled days left it."""
    for table in ("payments_settled", "payments_settled_builds", "batch_writes"):
        ask(client, f"DROP TABLE `{dataset}.{table}`")
    columns = "replay_id STRING NOT NULL, business_date DATE NOT NULL, stream STRING NOT NULL, row_count INT64 NOT NULL"
    ask(
        client,
        f"CREATE TABLE `{dataset}.batch_writes` ({columns}, recorded_at TIMESTAMP NOT NULL, kind STRING NOT NULL)",
    )
    ask(client, f"CREATE OR REPLACE VIEW `{dataset}.payments` AS SELECT * FROM `{dataset}.payments_landing`")


def test_a_dataset_of_the_former_release_gets_settled_days_and_keeps_its_rows(client, dataset):
    former_release(client, dataset)
    changes = migrate(client, client.project, dataset, lambda _: None)
    created = [f"created table {name}" for name in ("payments_settled", "payments_settled_builds")]
    assert sorted(changes) == ["added column batch_writes.touches DATE", *created]
    assert ask(client, f"SELECT COUNT(*) FROM `{dataset}.payments` WHERE business_date > DATE '2026-01-01'") == [(0,)]
    assert migrate(client, client.project, dataset, lambda _: None) == []


def test_the_date_in_the_view_is_kept(client, dataset):
    def shown():
        """Dates of rows that lie in payments_settled alone."""
        return [day for (day,) in ask(client, f"SELECT business_date FROM `{dataset}.payments` ORDER BY 1")]

    names = "status, business_date, kafka_topic, kafka_topic_id, kafka_partition, kafka_offset, broker_timestamp"
    days = [date(2026, 11, day) for day in (20, 21)]
    for day in days:
        values = f"'OK', DATE '{day}', 'payments', 't', 0, {day.day}, TIMESTAMP '{AT}', 0, TIMESTAMP '{AT}'"
        ask(
            client,
            f"INSERT INTO `{dataset}.payments_settled` ({names}, enrichment_revision, loaded_at) VALUES ({values})",
        )
    assert shown() == [], "nothing was built: all days are read from landing"
    build = "DATE '2026-11-20', 0, CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP()"
    ask(client, f"INSERT INTO `{dataset}.payments_settled_builds` VALUES ({build})")
    for _ in range(2):
        assert migrate(client, client.project, dataset, lambda _: None) == []
        assert shown() == days[:1]


OLDER = "merchant_id STRING NOT NULL, name STRING, country STRING, valid_from TIMESTAMP NOT NULL"


def older_table(client, dataset, columns):
    """A merchants table as an earlier release might have left it."""
    ask(client, f"DROP TABLE `{dataset}.merchants`")
    rest = (
        "valid_to TIMESTAMP, recorded_at TIMESTAMP NOT NULL, superseded_at TIMESTAMP, merchant_version STRING NOT NULL"
    )
    ask(client, f"CREATE TABLE `{dataset}.merchants` ({OLDER}, {columns}, {rest})")


def test_a_missing_column_is_added_with_the_rows_kept(client, dataset):
    older_table(client, dataset, "category STRING")
    values = "'m1', TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-01', 'v'"
    names = "merchant_id, valid_from, recorded_at, merchant_version"
    ask(client, f"INSERT INTO `{dataset}.merchants` ({names}) VALUES ({values})")
    assert migrate(client, client.project, dataset, lambda _: None) == ["added column merchants.risk_tier STRING"]
    assert ask(client, f"SELECT merchant_id, risk_tier FROM `{dataset}.merchants`") == [("m1", None)]
    assert migrate(client, client.project, dataset, lambda _: None) == []


def test_another_type_stops_the_migration_and_says_which(client, dataset):
    older_table(client, dataset, "category INT64, risk_tier STRING")
    with pytest.raises(MigrationError, match=r"merchants\.category is INT(EGER|64), declared STRING"):
        migrate(client, client.project, dataset, lambda _: None)


def merchants(*rows):
    schema = {"merchant_id": pl.String, "name": pl.String, "valid_from": TIMESTAMP, "valid_to": TIMESTAMP}
    frame = pl.DataFrame(list(rows), schema=schema, orient="row")
    return frame.with_columns(category=pl.lit("5411"), country=pl.lit("DE"), risk_tier=pl.lit("low"))


def standing(client, dataset, at):
    return ask(
        client,
        f"SELECT merchant_id, name FROM `{dataset}.merchants` WHERE recorded_at <= TIMESTAMP '{at.isoformat()}' "
        f"AND (superseded_at IS NULL OR superseded_at > TIMESTAMP '{at.isoformat()}') ORDER BY 1, 2",
    )


def test_any_published_version_of_the_merchants_can_be_loaded_again(client, dataset):
    later = AT + timedelta(hours=1)
    first = merchants(("m1", "Käse", None, None), ("m2", "b", None, None), ("m3", "c", None, None))
    changed = merchants(("m1", "Käse", None, AT), ("m1", "Brot", AT, None), ("m3", "c", None, None))
    assert publish_merchants(client, dataset, first, "v1", AT)
    assert publish_merchants(client, dataset, changed, "v2", later)
    assert standing(client, dataset, AT) == [("m1", "Käse"), ("m2", "b"), ("m3", "c")]
    assert standing(client, dataset, later) == [("m1", "Brot"), ("m1", "Käse"), ("m3", "c")]
    # m3 did not change: its row is the first publication's
    assert ask(client, f"SELECT COUNT(*) FROM `{dataset}.merchants`") == [(5,)]
    versions = f"SELECT name, version, published_at FROM `{dataset}.reference_versions` ORDER BY published_at"
    assert ask(client, versions) == [("merchants", "v1", AT), ("merchants", "v2", later)]


def test_a_version_is_published_once(client, dataset):
    frame = merchants(("m1", "a", None, None))
    assert publish_merchants(client, dataset, frame, "v1", AT)
    assert not publish_merchants(client, dataset, merchants(("m1", "b", None, None)), "v1", AT + timedelta(1))
    assert standing(client, dataset, AT + timedelta(2)) == [("m1", "a")]


def test_versions_follow_one_another_in_time_and_have_plain_names(client, dataset):
    frame = merchants(("m1", "a", None, None))
    publish_merchants(client, dataset, frame, "v1", AT)
    with pytest.raises(PublicationRefused, match="not after the newest"):
        publish_merchants(client, dataset, frame, "v0", AT)
    with pytest.raises(PublicationRefused, match="name it with"):
        publish_merchants(client, dataset, frame, "v'2", AT + timedelta(1))


def test_fx_revisions_are_kept_side_by_side(client, dataset):
    day = date(2026, 11, 20)
    schema = {"rate_date": pl.Date, "currency": pl.String, "rate": pl.Decimal(38, 9), "source": pl.String}
    first = pl.DataFrame(
        [(day, "USD", Decimal("1.0812"), "ecb"), (day, "JPY", Decimal("170.1"), "ecb")], schema=schema, orient="row"
    )
    assert publish_fx_rates(client, dataset, first, "f1", AT)
    assert publish_fx_rates(client, dataset, first, "f2", AT + timedelta(hours=1))
    assert publish_fx_rates(client, dataset, first.with_columns(pl.col("rate") * 2), "f3", AT + timedelta(hours=2))
    rows = ask(client, f"SELECT currency, rate, revision FROM `{dataset}.fx_rates` ORDER BY revision, currency")
    assert rows == [
        ("JPY", Decimal("170.1"), 1),
        ("USD", Decimal("1.0812"), 1),
        ("JPY", Decimal("340.2"), 2),
        ("USD", Decimal("2.1624"), 2),
    ]
    assert ask(client, f"SELECT COUNT(*) FROM `{dataset}.reference_versions`") == [(3,)]


def test_a_seed_goes_on_after_rates_that_dagster_published_meanwhile(client, dataset):
    """The merchants take seconds: what was the newest time when the seed began may not be any more."""
    day, later = date(2026, 11, 20), AT + timedelta(seconds=5)
    frame = pl.DataFrame(
        [(day, "USD", Decimal("1.08"), "made up")],
        schema={"rate_date": pl.Date, "currency": pl.String, "rate": pl.Decimal(38, 9), "source": pl.String},
        orient="row",
    )
    made = Frames(merchants(("m1", "a", None, None)), frame)
    publish_fx_rates(client, dataset, frame.with_columns(rate=pl.col("rate") * 2), "of-the-day", later)
    seed(client, dataset, 7, AT, lambda _: None, made=made, clock=lambda: later + timedelta(seconds=1))
    versions = ask(client, f"SELECT name, version, published_at FROM `{dataset}.reference_versions` ORDER BY 3")
    assert versions == [
        ("merchants", "world-7-20261123", AT),
        ("fx_rates", "of-the-day", later),
        ("fx_rates", "world-7-20261123", later + timedelta(seconds=1)),
    ]


def test_no_staging_table_stays(client, dataset):
    publish_merchants(client, dataset, merchants(("m1", "a", None, None)), "v1", AT)
    assert {table.table_id for table in client.list_tables(dataset)} == set(TABLES + VIEWS)


def block(*offsets):
    """Landing rows that have only what is required, serialised as an append takes them."""
    required = {
        "status": "QUARANTINED_NOT_JSON",
        "business_date": AT.date(),
        "kafka_topic": "payments",
        "kafka_topic_id": "t",
        "kafka_partition": 0,
        "broker_timestamp": AT,
        "enrichment_revision": 0,
        "loaded_at": AT,
    }
    rows = [dict.fromkeys(LANDING) | required | {"kafka_offset": offset} for offset in offsets]
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA).serialize().to_pybytes()


@pytest.mark.long
def test_a_column_is_added_while_a_write_stream_is_open(client, dataset, shared_platform, monkeypatch):
    settings = Settings.from_environment(shared_platform.environment() | {"TIDEMARK_BIGQUERY_DATASET": dataset})
    warehouse = BigQueryWarehouse(settings, arrow_schema())
    try:
        stream = warehouse.open_stream(30)
        warehouse.append(stream, 0, block(0, 1), 30)
        declared = statements(client.project, dataset)
        later = Column("added_later", "STRING", False, "a later release's")
        wider = [replace(s, columns=(*s.columns, later)) if s.name == "payments_landing" else s for s in declared]
        monkeypatch.setattr("assets.warehouse.migrate.statements", lambda *_: wider)
        said = migrate(client, client.project, dataset, lambda _: None)
        assert said == ["added column payments_landing.added_later STRING"]
        warehouse.append(stream, 2, block(2), 30)
        assert warehouse.finalize(stream, 30) == 3
    finally:
        warehouse.close()
    found = ask(client, f"SELECT kafka_offset, added_later FROM `{dataset}.payments_landing` ORDER BY 1")
    assert found == [(0, None), (1, None), (2, None)]
