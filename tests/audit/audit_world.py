"""A good landing with its ledger, made by the world's generator and the pipeline's own walk, and a reader of it.

What the auditor is shown is right by construction; the sabotage tests then touch one thing each.
"""

import contextlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import msgspec
import polars as pl
import pyarrow as pa
import sqlglot

from assets.fx.snapshots import next_revisions
from assets.merchants.versions import with_versions
from assets.warehouse.ddl import NOTHING_SETTLED, VIEWS, payments_of_landing, statements
from audit.ports import Position
from sandbox.producer.ledger import Acked, NotAcked, RunLine
from sandbox.producer.planning import Mix, Plan
from sandbox.world.merchants import MerchantBook, merchants_history
from sandbox.world.rates import rates_published
from streaming.landing import FX_RATES, LANDING, MERCHANTS, REFERENCE_VERSIONS
from streaming.reference.tables import Reference
from streaming.walk import Policy, Source, enrich

SEED, PARTITIONS, RATE = 7, 6, 500
MAC_KEY = "0123456789abcdef0123456789abcdef"
TOPIC_ID = "dG9waWMtaWQtb2Ytb25lLXJ1bg"
EPOCHS = ("019a0000-0000-7000-8000-000000000001", "019a0000-0000-7000-8000-000000000002")
HOUR_OF_RATES = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # a Monday, 16:00 in Frankfurt
MERCHANT_COUNT = 400


@dataclass(frozen=True)
class World:
    """Landing and reference frames as the warehouse holds them, the ledger's path, the group's positions."""

    landing: pl.DataFrame
    merchants: pl.DataFrame
    fx_rates: pl.DataFrame
    reference_versions: pl.DataFrame
    ledger: Path
    positions: list[Position]


def build(folder: Path, events: int, hour_of_rates: datetime = HOUR_OF_RATES) -> World:
    """Half of the events occur before the day's rates apply, half after; a new FX version comes in between."""
    start = hour_of_rates - timedelta(seconds=events / RATE / 2)
    merchants, rates, versions = _reference(start, hour_of_rates)
    sent = _send(folder / "run-1.jsonl", events, start)
    landing = _walk(sent, merchants, rates, hour_of_rates)
    return World(landing, merchants, rates, versions, folder / "run-1.jsonl", _positions(landing))


def _reference(start: datetime, later: datetime) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    first = start - timedelta(hours=1)
    history = with_versions(merchants_history(SEED, start.date(), MERCHANT_COUNT))
    merchants = history.with_columns(
        recorded_at=pl.lit(first, MERCHANTS["recorded_at"]), superseded_at=pl.lit(None, MERCHANTS["superseded_at"])
    ).select(list(MERCHANTS))
    published = rates_published(SEED, first, 45)
    rates = next_revisions(pl.DataFrame(schema=FX_RATES), published, first)
    newest = published["rate_date"].max()
    mended = published.filter(pl.col("rate_date") == newest).with_columns(pl.col("rate") + 1)
    rates = pl.concat([rates, next_revisions(rates, mended, later)])
    versions = [("merchants", "m1", first), ("fx_rates", "f1", first), ("fx_rates", "f2", later)]
    return merchants, rates, pl.DataFrame(versions, schema=REFERENCE_VERSIONS, orient="row")


def _send(path: Path, events: int, start: datetime) -> pl.DataFrame:
    """Write the ledger of a run and return what is in the log: `WINDOW` in order of arrival."""
    book = MerchantBook.build(SEED, MERCHANT_COUNT)
    mix = Mix(bad=0.02, duplicates=0.02, late=0.02)
    plan = Plan(seed=SEED, run="run-1", start=start, rate=RATE, mix=mix, mac_key=MAC_KEY, book=book)
    encode = msgspec.json.Encoder().encode
    lines = [encode(RunLine("run-1", SEED, "payments", TOPIC_ID, RATE, events / RATE, start.isoformat()))]
    log: list[tuple[int, int, datetime, bytes | None]] = []
    ends = [0] * PARTITIONS
    for number in range(events):
        record = plan.next()
        lines.append(encode(record.intent))
        if number % 211 == 5:
            lines.append(encode(NotAcked(number, "failed", "queue purged")))
            continue
        if number % 211 == 7:
            continue  # outcome unknown, and not in the log
        partition = sum(record.key.encode()) % PARTITIONS
        offset = ends[partition] + (number % 97 == 0)  # a gap, as transaction markers leave them
        ends[partition] = offset + 1
        broker_ms = record.due_us // 1000 + 4
        log.append((partition, offset, datetime.fromtimestamp(broker_ms / 1000, UTC), record.payload))
        if number % 211 == 9:
            lines.append(encode(NotAcked(number, "unknown", "timed out")))
        elif number % 211 != 11:  # 11: no outcome at all, as after a kill
            lines.append(encode(Acked(number, partition, offset, broker_ms)))
    path.write_bytes(b"\n".join(lines) + b'\n{"kind":"outcome","n":')
    schema = {"kafka_partition": pl.Int64, "kafka_offset": pl.Int64}
    schema |= {"broker_timestamp": pl.Datetime("us", "UTC"), "payload": pl.Binary}
    return pl.DataFrame(log, schema=schema, orient="row")


def _walk(log: pl.DataFrame, merchants: pl.DataFrame, rates: pl.DataFrame, later: datetime) -> pl.DataFrame:
    early = rates.filter(pl.col("recorded_at") < later)
    late = rates.filter(pl.col("revision") == pl.col("revision").max().over("rate_date"))
    references = [Reference.build(merchants, r, "m1", v) for r, v in ((early, "f1"), (late, "f2"))]
    policy, source = Policy(MAC_KEY.encode()), Source("payments", TOPIC_ID)
    windows = []
    for first in range(0, log.height, 500):
        window = log.slice(first, 500)
        done = window["broker_timestamp"].max() + timedelta(milliseconds=120)
        # a consumer looks for versions now and then: the new one is used a while after its publication
        reference = references[done > later + timedelta(seconds=0.5)]
        rows = enrich(window, source, reference, policy).rows
        windows.append(rows.with_columns(loaded_at=pl.lit(done, pl.Datetime("us", "UTC"))))
    rows = pl.concat(windows)
    middle = pl.col("kafka_offset").max().over("kafka_partition") // 2
    epoch = pl.when(pl.col("kafka_offset") < middle).then(pl.lit(EPOCHS[0])).otherwise(pl.lit(EPOCHS[1]))
    return rows.with_columns(ownership_epoch=epoch).select(list(LANDING))


def _positions(landing: pl.DataFrame) -> list[Position]:
    ends = landing.group_by("kafka_partition").agg(pl.col("kafka_offset").max() + 1).sort("kafka_partition").rows()
    return [Position(partition, 0, end, end) for partition, end in ends]


class FixedGroup:
    """A group that stands where it is told."""

    def __init__(self, positions: list[Position]) -> None:
        self._positions = positions

    def positions(self) -> list[Position]:
        return self._positions


BUILDS = "business_date DATE, landing_rows BIGINT, newest_loaded_at TIMESTAMPTZ, built_at TIMESTAMPTZ"


class DuckReader:
    """The auditor's reader on frames in memory, with the warehouse's own views translated from their SQL files."""

    def __init__(self, world: World) -> None:
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'")
        frames = {
            "payments_landing": world.landing,
            "merchants": world.merchants,
            "fx_rates": world.fx_rates,
            "reference_versions": world.reference_versions,
        }
        for name, frame in frames.items():
            self.db.register("frame", frame.to_arrow())
            self.db.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
        self.db.execute("CREATE TABLE payments_settled AS FROM payments_landing LIMIT 0")
        self.db.execute(f"CREATE TABLE payments_settled_builds ({BUILDS})")
        self.settle(NOTHING_SETTLED)

    def settle(self, before):
        """Settle the days before this date, each from what landing holds of it now."""
        elected = payments_of_landing("p", "d", f"business_date < DATE '{before}'").replace("`p.d.", "`")
        self.db.execute(f"INSERT INTO payments_settled {translated(elected)}")
        self.db.execute(f"""INSERT INTO payments_settled_builds
            SELECT business_date, COUNT(*), MAX(loaded_at), MAX(loaded_at) FROM payments_landing
            WHERE business_date < DATE '{before}' GROUP BY 1""")
        for statement in statements("p", "d", before):
            if statement.name in VIEWS:
                body = statement.sql.partition("\nAS\n")[2].replace("`p.d.", "`")
                # the world's dates are fixed, the view's range moves with the calendar
                body = body.replace("CURRENT_DATE()", "DATE '2026-11-23'")
                self.db.execute(f"CREATE OR REPLACE VIEW {statement.name} AS {translated(body)}")

    def rows(self, table, columns, where):
        sql = f"SELECT {', '.join(columns)} FROM {table}" + (f" WHERE {where}" if where else "")
        result = self.db.execute(sql).to_arrow_table()
        yield pa.RecordBatch.from_pylist([], result.schema)
        yield from result.to_batches(max_chunksize=4_000)

    def query(self, sql):
        return self.db.execute(translated(sql)).fetchall()

    @contextlib.contextmanager
    def sabotaged(self, *changes):
        """Apply SQL for the duration of the block; each must touch at least one row."""
        self.db.execute("BEGIN")
        try:
            for change in changes:
                touched = self.db.execute(change).fetchone()
                assert touched, change
                assert touched[0] >= 1, f"touched nothing: {change}"
            yield self
        finally:
            self.db.execute("ROLLBACK")


def translated(sql: str) -> str:
    """Standard SQL in DuckDB's words."""
    sql = re.sub(r"PARSE_NUMERIC\(('[0-9.]+')\)", r"CAST(\1 AS NUMERIC(38, 9))", sql)
    return sqlglot.transpile(sql.strip().rstrip(";"), read="bigquery", write="duckdb")[0]
