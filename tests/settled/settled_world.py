"""A warehouse in memory that runs the statements of the settled days as they are, translated: DuckDB in BigQuery's
place. It can die at any query, or let rows land at one."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from types import SimpleNamespace

import duckdb
import polars as pl
import sqlglot
from hypothesis import strategies as st

from assets.payments.settled import settle
from assets.payments.touched import LastLooks
from assets.warehouse.ddl import NOTHING_SETTLED, Statement, payments_of_landing, statements
from assets.warehouse.migrate import replace_view
from streaming.landing import LANDING

NOON = datetime(2026, 11, 25, 12, 5, tzinfo=UTC)
TODAY = NOON.date()
DAYS = [TODAY - timedelta(ago) for ago in range(6, -2, -1)]
"""Five that settle at noon, three that stay open."""
AFTER = 2

Row = dict[str, object]


def row(day: date, offset: int, event: int = 0, revision: int = 0, status: str = "OK") -> Row:
    """A landing row; what is not said here is of no interest to the windows."""
    required = {"kafka_topic": "payments", "kafka_topic_id": "t", "kafka_partition": 0, "merchant_id": f"m{event % 2}"}
    at = datetime(2026, 11, 20, 10, revision, 59 - offset, tzinfo=UTC)  # a later record by an older clock
    return required | {
        "business_date": day,
        "kafka_offset": offset,
        "event_id": f"e{event or offset}",
        "event_type": "capture",
        "currency": "EUR",
        "amount": revision + 1,
        "enrichment_revision": revision,
        "replay_id": f"run-{revision}" if revision else None,
        "status": status,
        "broker_timestamp": at,
        "loaded_at": at,
    }


def rows() -> st.SearchStrategy[list[Row]]:
    """Records of any day, sent twice, revised, quarantined, moved."""
    statuses = st.sampled_from(["OK", "OK", "OK", "QUARANTINED_NOT_JSON", "MOVED"])
    one = st.builds(row, st.sampled_from(DAYS), st.integers(1, 4), st.integers(0, 3), st.integers(0, 2), statuses)
    place = ("business_date", "kafka_offset", "enrichment_revision")
    return st.lists(one, max_size=14, unique_by=lambda made: tuple(made[name] for name in place))


class Died(Exception):
    """The process is gone; the warehouse stays."""


@lru_cache(maxsize=512)
def translated(sql: str) -> tuple[str, ...]:
    sql = re.sub(r"`p\.d\.([a-z_]+)`", r"\1", sql)
    return tuple(sqlglot.transpile(sql, read="bigquery", write="duckdb"))


class DuckClient:
    """What is called of BigQuery's client. `at[n]` is called before query number `n`, from 0."""

    project = "p"

    def __init__(self) -> None:
        self.db = duckdb.connect(config={"threads": 1})
        self.db.execute("SET TimeZone = 'UTC'")
        self.asked: list[str] = []
        self.at: dict[int, Callable[[], None]] = {}
        for statement in statements("p", "d"):
            if not statement.is_view:
                self.db.execute(f"CREATE TABLE {statement.name} ({_columns(statement)})")

    def land(self, landed: Sequence[Row]) -> None:
        frame = pl.DataFrame([dict.fromkeys(LANDING) | r for r in landed], schema=dict(LANDING)).to_arrow()
        self.db.register("frame", frame)
        self.db.execute("INSERT INTO payments_landing SELECT * FROM frame")

    def query(self, sql: str, timeout: float = 0) -> SimpleNamespace:
        call = self.at.get(len(self.asked))
        self.asked.append(sql)
        if call:
            call()
        answer = self._run(sql)
        return SimpleNamespace(result=lambda timeout=0: answer, total_bytes_processed=1)

    def _run(self, sql: str) -> list[dict[str, object]]:
        head, _, body = sql.partition("\nAS\n")
        if "CREATE OR REPLACE TABLE FUNCTION" in head:
            return []  # nobody asks it here
        if "CREATE OR REPLACE VIEW" in head:
            name = re.findall(r"`p\.d\.([a-z_]+)`", head)[0]
            self.db.execute(f"CREATE OR REPLACE VIEW {name} AS {translated(body)[0]}")
            return []
        for statement in translated(sql):
            done = self.db.execute(
                statement.replace("BEGIN TRANSACTION", "BEGIN").replace("COMMIT TRANSACTION", "COMMIT")
            )
        names = [column[0] for column in done.description or ()]
        return [dict(zip(names, values, strict=True)) for values in done.fetchall()]

    def list_tables(self, dataset: str, timeout: float = 0) -> list[SimpleNamespace]:
        return [SimpleNamespace(table_id=name) for (name,) in self.db.execute("SHOW TABLES").fetchall()]

    def list_routines(self, dataset: str, timeout: float = 0) -> list[SimpleNamespace]:
        return []

    def get_dataset(self, name: str, timeout: float = 0) -> None: ...

    def get_table(self, table: str, timeout: float = 0) -> SimpleNamespace:
        declared = next(s for s in statements("p", "d") if s.name == table.rpartition(".")[2])
        return SimpleNamespace(schema=[SimpleNamespace(name=c.name, field_type=c.base_type) for c in declared.columns])


def _columns(statement: Statement) -> str:
    kinds = {"STRING": "VARCHAR", "INT64": "BIGINT", "TIMESTAMP": "TIMESTAMPTZ"}
    return ", ".join(f"{c.name} {kinds.get(c.type, c.type)}" for c in statement.columns)


def warehouse(*landed: Row) -> DuckClient:
    """One with these rows, its view as a new dataset has it."""
    made = DuckClient()
    made.land(landed)
    replace_view(made, "p", "d", "payments", NOTHING_SETTLED)
    made.asked.clear()
    return made


def settled(client: DuckClient, now: datetime = NOON, looks: LastLooks | None = None, **more: int):
    """One run; by default it looks at all days, as the first does."""
    client.asked.clear()
    return settle(client, "d", now, AFTER, looks or LastLooks(), **more)


SHOWN = "business_date, event_id, kafka_offset, enrichment_revision, amount, merchant_id"


def view(client: DuckClient) -> list[tuple]:
    """What analysts see, sorted."""
    return client.db.execute(f"SELECT {SHOWN} FROM payments ORDER BY ALL").fetchall()


def truth(client: DuckClient) -> list[tuple]:
    """What the windows make of all landing rows."""
    sql = payments_of_landing("p", "d", "TRUE")
    return client.db.execute(f"SELECT {SHOWN} FROM ({translated(sql)[0]}) ORDER BY ALL").fetchall()


def of_day(shown: list[tuple], day: date) -> list[tuple]:
    return [r for r in shown if r[0] == day]


def constant(client: DuckClient) -> date:
    """The date that is written into the view."""
    sql = client.db.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'payments'").fetchone()[0]
    found = re.search(r"business_date < CAST\('(\d{4}-\d\d-\d\d)' AS \"?DATE\"?\)", sql)
    assert found, sql
    return date.fromisoformat(found[1])
