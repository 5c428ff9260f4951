"""Landed and replayed rows of one small day, the comparison over DuckDB, and the same comparison by plain Python."""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

import duckdb
import polars as pl
import sqlglot

from assets.payments.replay import difference as compared
from assets.payments.replay.difference import Difference, difference_of
from assets.payments.replay.ranges import OffsetRange
from streaming.landing import LANDING

DAY = date(2026, 11, 20)
BEFORE = date(2026, 11, 19)
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
RANGES = (OffsetRange("payments", "t", 0, 0, 9), OffsetRange("payments", "t", 1, 5, 9))


def row(offset: int, partition: int = 0, **other) -> dict[str, object]:
    """A landed row of the day; offsets of partition 1 begin at 5."""
    return dict.fromkeys(LANDING) | {
        "event_id": f"e{partition}-{offset}",
        "amount": Decimal("10.5"),
        "currency": "USD",
        "description": "secret words",
        "card_token": "tok",
        "signed_amount": Decimal("10.5"),
        "reporting_amount": Decimal("9.5"),
        "fx_rate_date": BEFORE,
        "fx_revision": 1,
        "fx_status": "FINAL",
        "merchant_name": "shop",
        "merchant_version": "v1",
        "merchant_status": "KNOWN",
        "status": "OK",
        "business_date": DAY,
        "kafka_topic": "payments",
        "kafka_topic_id": "t",
        "kafka_partition": partition,
        "kafka_offset": offset,
        "broker_timestamp": AT,
        "enrichment_revision": 0,
        "payload_mac": "00",
        "loaded_at": AT,
        **other,
    }


@cache
def database() -> duckdb.DuckDBPyConnection:
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    db.register("empty", pl.DataFrame(schema=LANDING).to_arrow())
    for name in ("payments_landing", "shadow"):
        db.execute(f"CREATE TABLE {name} AS SELECT * FROM empty")
    return db


def over_duckdb(landed, replayed, sql: str) -> list[dict[str, object]]:
    db = database()
    for name, rows in (("payments_landing", landed), ("shadow", replayed)):
        db.execute(f"DELETE FROM {name}")
        db.register("rows", pl.DataFrame(rows, schema=LANDING, orient="row").to_arrow())
        db.execute(f"INSERT INTO {name} SELECT * FROM rows")
    result = db.execute(translated(sql))
    names = [column[0] for column in result.description]
    return [dict(zip(names, found, strict=True)) for found in result.fetchall()]


@cache
def translated(sql: str) -> str:
    return sqlglot.transpile(sql.replace("`p.d.", "`"), read="bigquery", write="duckdb")[0]


def difference(landed, replayed, ranges=RANGES) -> Difference:
    sql = compared.difference_sql("p.d", "shadow", DAY, ranges)
    return difference_of(over_duckdb(landed, replayed, sql))


def expected(landed, replayed, ranges=RANGES) -> dict[str, object]:
    """The counts, worked out one record after the other."""
    newest: dict[object, dict[str, object]] = {}
    for each in sorted(landed, key=lambda r: (-r["enrichment_revision"], r["loaded_at"])):
        if each["business_date"] == DAY and any(
            (each["kafka_topic_id"], each["kafka_partition"]) == (r.topic_id, r.partition)
            and r.first <= each["kafka_offset"] <= r.last
            for r in ranges
        ):
            newest.setdefault(place(each), each)
    old = {key: each for key, each in newest.items() if each["status"] != "MOVED"}
    new = {place(each): each for each in replayed}
    classes, columns = Counter(), Counter()
    version_only = 0
    for key in old.keys() | new.keys():
        kind, named = judged(old.get(key), new.get(key))
        classes[kind] += 1
        columns.update(named)
        version_only += kind == "explained" and named <= {"merchant_version", "fx_revision"}
    return {
        "identical": classes["identical"],
        "explained": classes["explained"],
        "unexplained": classes["unexplained"],
        "version_only": version_only,
        "only_landed": len(old.keys() - new.keys()),
        "only_replayed": len(new.keys() - old.keys()),
        "columns": dict(columns),
    }


def place(each):
    return each["kafka_topic_id"], each["kafka_partition"], each["kafka_offset"]


def judged(old, new) -> tuple[str, set[str]]:
    if old is None or new is None:
        return "unexplained", set()
    told_by = {"loaded_at", "ownership_epoch", "replay_id", "enrichment_revision"}
    named = {name for name in LANDING if name not in told_by and old[name] != new[name]}
    if old["status"] == "QUARANTINED_INTERNAL" and "status" in named:
        same_bytes = not named & {"kafka_topic", "broker_timestamp", "payload_mac"}
        return ("explained" if same_bytes else "unexplained"), named
    other_merchant = named & {"merchant_version", "merchant_status"}
    other_rates = named & {"fx_revision", "fx_rate_date", "fx_status"}
    money = {"reporting_amount", "signed_reporting_amount", "rounding_rule"}
    for name in named:
        of_merchant = name.startswith("merchant_") and name != "merchant_id"
        of_rates = name.startswith("fx_") or name in money
        if not (of_merchant and other_merchant) and not (of_rates and other_rates):
            return "unexplained", named
    return ("explained" if named else "identical"), named


def counted(found: Difference) -> dict[str, object]:
    return {name: getattr(found, name) for name in expected([], [])}
