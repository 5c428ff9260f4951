"""A warehouse in which every check passes, and one defect of each kind; on frames, for DuckDB or a real table."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
import polars as pl
import sqlglot

from assets.checks.catalogue import CHECKS, Check
from assets.checks.completeness import late_statement, with_late
from assets.checks.thresholds import THRESHOLDS
from assets.warehouse.ddl import statements
from streaming.landing import FX_RATES, LANDING, MERCHANTS, NUMERIC

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday
TODAY = NOW.date()
LATE_DAY = TODAY - timedelta(4)
"""So late that the hourly check finds it."""
LONG_LATE_DAY = TODAY - timedelta(9)
"""Found by the daily check alone."""
SETTLED_BEFORE = TODAY - timedelta(2)
PARTITIONS, STEP = 3, timedelta(minutes=10)
LAST = int((timedelta(days=4, hours=11) - STEP) / STEP)
"""Offset of the last record of each partition: the log begins four days and eleven hours ago."""
REPORT = {"business_date": pl.Date, "merchant_id": pl.String, "currency": pl.String, "event_type": pl.String}
REPORT |= {"events": pl.Int64}
AMOUNTS = ("amount", "signed_amount", "reporting_amount", "signed_reporting_amount")
REPORT |= dict.fromkeys(AMOUNTS, NUMERIC)
HUGE = Decimal("99999999999999999.99")


def payment(partition: int, offset: int) -> dict[str, object]:
    at = NOW - timedelta(days=4, hours=11) + offset * STEP
    amount = HUGE if (partition, offset) == (2, 250) else Decimal(offset % 50 + 1) / 10
    row = dict.fromkeys(LANDING) | {
        "event_id": f"e{partition}-{offset}",
        "event_type": ("capture", "refund")[offset % 2],
        "merchant_id": f"m{offset % 4}",
        "currency": ("EUR", "USD")[offset % 3 == 0],
        "merchant_status": "KNOWN",
        "status": "OK",
        "business_date": at.date(),
        "kafka_topic": "payments",
        "kafka_topic_id": "dG9waWM",
        "kafka_partition": partition,
        "kafka_offset": offset,
        "broker_timestamp": at,
        "enrichment_revision": 0,
        "loaded_at": at,
    }
    return row | dict.fromkeys(AMOUNTS, amount)


def landing() -> list[dict[str, object]]:
    """A log without gaps, with repeats, and rows that are corrected, moved, quarantined, late or of nobody known."""
    rows = [payment(partition, offset) for partition in range(PARTITIONS) for offset in range(LAST + 1)]
    by_place = {(row["kafka_partition"], row["kafka_offset"]): row for row in rows}
    for offset in (300, 600):  # one of a closed day, one of today
        by_place[1, offset + 1]["event_id"] = by_place[1, offset]["event_id"]
        by_place[1, offset + 1] |= {"business_date": by_place[1, offset]["business_date"]}
    by_place[0, 620]["status"] = "QUARANTINED_NOT_JSON"
    by_place[0, 621]["merchant_status"] = "UNKNOWN"
    by_place[2, 622]["business_date"] = LATE_DAY
    by_place[2, 623]["business_date"] = LONG_LATE_DAY
    superseding = {"replay_id": "r1", "enrichment_revision": 1, "reporting_amount": Decimal("7.77")}
    corrected = [by_place[0, offset] | superseding for offset in (310, 610)]
    mended = by_place[0, 315] | {"replay_id": "r1", "enrichment_revision": 1}
    moved = [mended | {"status": "MOVED"}, mended | {"business_date": TODAY - timedelta(3)}]
    return [*rows, *corrected, *moved]


def payments_of(rows: list[dict[str, object]]) -> pl.DataFrame:
    """What the view shows of these landing rows, by plain arithmetic."""
    newest: dict[object, dict[str, object]] = {}
    for row in sorted(rows, key=lambda r: r["enrichment_revision"]):
        newest[row["business_date"], row["kafka_partition"], row["kafka_offset"]] = row
    order = sorted(newest.values(), key=lambda r: (-r["enrichment_revision"], r["broker_timestamp"]))
    events: dict[object, dict[str, object]] = {}
    for row in order:
        if row["status"] == "OK":
            events.setdefault((row["business_date"], row["event_id"]), row)
    return pl.DataFrame(list(events.values()), schema=LANDING)


def report(rows: list[dict[str, object]]) -> pl.DataFrame:
    """The report of these landing rows."""
    frame = payments_of(rows)
    keys = list(REPORT)[:4]
    return frame.group_by(keys).agg(pl.len().cast(pl.Int64).alias("events"), *(pl.col(a).sum() for a in AMOUNTS))


def merchants() -> pl.DataFrame:
    start, middle, end = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 5, 9))
    rows = [
        ("m0", start, None, None),
        ("m1", start, middle, None),
        ("m1", middle, None, None),
        ("m2", start, middle, None),  # closed, and opened again in September
        ("m2", end, None, None),
        ("m3", start, None, end),  # superseded by the two that follow
        ("m3", start, end, None),
        ("m3", end, None, None),
    ]
    versions = [
        dict.fromkeys(MERCHANTS)
        | {"merchant_id": m, "valid_from": f, "valid_to": t, "superseded_at": s}
        | {"recorded_at": start, "merchant_version": f"{m}-{n}"}
        for n, (m, f, t, s) in enumerate(rows)
    ]
    return pl.DataFrame(versions, schema=MERCHANTS)


def fx_rates() -> pl.DataFrame:
    days = [date(2026, 11, day) for day in (20, 23, 24)]
    rows = [(day, "USD", Decimal("1.1"), 1, NOW, NOW, "ecb") for day in days]
    return pl.DataFrame(rows, schema=FX_RATES, orient="row")


def tables() -> dict[str, pl.DataFrame]:
    rows = landing()
    settled = payments_of(rows).filter(pl.col("business_date") < SETTLED_BEFORE)
    state = (pl.len().cast(pl.Int64).alias("landing_rows"), pl.col("loaded_at").max().alias("newest_loaded_at"))
    landed = pl.DataFrame(rows, schema=LANDING).filter(pl.col("business_date") < SETTLED_BEFORE)
    builds = landed.group_by("business_date").agg(*state).with_columns(built_at=pl.lit(NOW, LANDING["loaded_at"]))
    return {
        "payments_settled": settled,
        "payments_settled_builds": builds,
        "payments_landing": pl.DataFrame(rows, schema=LANDING),
        "payments_daily": report(rows),
        "merchants": merchants(),
        "fx_rates": fx_rates(),
    }


@dataclass(frozen=True)
class Defect:
    """`changes` are SQL on the good warehouse; `view` replaces what `payments` selects from the good view."""

    name: str
    found_by: frozenset[str]
    changes: tuple[str, ...] = ()
    view: str = ""


def defect(name: str, found_by: str, *changes: str, view: str = "") -> Defect:
    return Defect(name, frozenset(found_by.split()), changes, view)


L, D, M, S = "payments_landing", "payments_daily", "merchants", "payments_settled"
TODAYS = f"business_date = DATE '{TODAY}'"
CLOSED = f"business_date = DATE '{TODAY - timedelta(2)}'"
SETTLED = f"business_date = DATE '{TODAY - timedelta(3)}'"
CENT, BILLIONTH = "PARSE_NUMERIC('0.01')", "PARSE_NUMERIC('0.000000001')"
GROUP = f"{CLOSED} AND merchant_id = 'm1' AND currency = 'EUR' AND event_type = 'refund'"
SUPERSEDE = f"INSERT INTO {L} SELECT * REPLACE ('r2' AS replay_id, 1 AS enrichment_revision"

DEFECTS = [
    defect(
        "a record landed twice",
        "duplicate_coordinates",
        f"INSERT INTO {L} SELECT * FROM {L} WHERE kafka_partition = 0 AND kafka_offset = 600",
    ),
    defect(
        "a record landed on two days",
        "duplicate_coordinates control_totals",  # the report was made before
        f"INSERT INTO {L} SELECT * REPLACE (DATE '{TODAY - timedelta(1)}' AS business_date) FROM {L} "
        "WHERE kafka_partition = 0 AND kafka_offset = 600",
    ),
    defect(
        "the view shows an event twice",
        "duplicate_events",
        view=f"SELECT * FROM good UNION ALL SELECT * FROM good WHERE {TODAYS} AND event_id = 'e0-600'",
    ),
    defect(
        "many records are lost",
        "completeness completeness_closed_days",
        f"DELETE FROM {L} WHERE kafka_partition = 0 AND kafka_offset BETWEEN 588 AND 599",
    ),
    defect(  # the hourly check cannot tell one from a record that is many days late
        "a record is lost",
        "completeness_closed_days",
        f"DELETE FROM {L} WHERE kafka_partition = 0 AND kafka_offset = 605",
    ),
    defect(
        "a late record is lost",
        "completeness_closed_days",
        f"DELETE FROM {L} WHERE kafka_partition = 2 AND kafka_offset = 622",
    ),
    defect(
        "a record that is many days late is lost",
        "completeness_closed_days",
        f"DELETE FROM {L} WHERE business_date = DATE '{LONG_LATE_DAY}'",
    ),
    defect(
        "a record is lost and another landed twice",
        "completeness_closed_days duplicate_coordinates",
        f"DELETE FROM {L} WHERE kafka_partition = 0 AND kafka_offset = 605",
        f"INSERT INTO {L} SELECT * FROM {L} WHERE kafka_partition = 0 AND kafka_offset = 600",
    ),
    defect(
        "the dimension was not loaded",
        "unknown_merchants",
        f"UPDATE {L} SET merchant_status = 'UNKNOWN' WHERE {TODAYS} AND merchant_id = 'm1'",
    ),
    defect(
        "unknown merchants that were corrected",
        "",
        f"UPDATE {L} SET merchant_status = 'UNKNOWN' WHERE {TODAYS} AND merchant_id = 'm1'",
        f"{SUPERSEDE}, 'KNOWN' AS merchant_status) FROM {L} WHERE {TODAYS} AND merchant_id = 'm1'",
    ),
    defect(
        "a producer's release went wrong",
        "quarantine_by_reason",
        f"UPDATE {L} SET status = 'QUARANTINED_BAD_AMOUNT' WHERE {TODAYS} AND merchant_id = 'm1'",
    ),
    defect(
        "quarantined records that were mended",
        "",
        f"UPDATE {L} SET status = 'QUARANTINED_BAD_AMOUNT' WHERE {TODAYS} AND merchant_id = 'm1'",
        f"{SUPERSEDE}, 'OK' AS status) FROM {L} WHERE {TODAYS} AND merchant_id = 'm1'",
    ),
    defect("a billionth too much", "control_totals", f"UPDATE {D} SET amount = amount + {BILLIONTH} WHERE {GROUP}"),
    defect(
        "a cent among quadrillions",
        "control_totals",
        f"UPDATE {D} SET amount = amount + {CENT} WHERE amount > 1000000000",
    ),
    defect("a group is missing", "control_totals", f"DELETE FROM {D} WHERE {GROUP}"),
    defect(
        "a group too many",
        "control_totals",
        f"INSERT INTO {D} SELECT * REPLACE ('m9' AS merchant_id) FROM {D} WHERE {GROUP}",
    ),
    defect(
        "another merchant's money",
        "control_totals",
        f"UPDATE {D} SET merchant_id = 'm9' WHERE {GROUP}",
    ),
    defect(
        "a settled amount changed in landing",
        "control_totals",
        f"UPDATE {L} SET signed_amount = -signed_amount WHERE kafka_partition = 0 AND kafka_offset = 320",
    ),
    defect(
        "the view loses an event of a closed day",
        "control_totals",
        view=f"SELECT * FROM good WHERE NOT ({CLOSED} AND event_id = 'e0-300')",
    ),
    defect("a settled row is lost", "control_totals", f"DELETE FROM {S} WHERE {SETTLED} AND event_id = 'e0-200'"),
    defect(
        "a settled row is doubled",
        "control_totals",
        f"INSERT INTO {S} SELECT * FROM {S} WHERE {SETTLED} AND event_id = 'e0-200'",
    ),
    defect(
        "a settled row is changed",
        "control_totals",
        f"UPDATE {S} SET reporting_amount = reporting_amount + {CENT} WHERE {SETTLED} AND event_id = 'e0-200'",
    ),
    defect("yesterday's rates are missing", "fx_freshness", "DELETE FROM fx_rates WHERE rate_date = DATE '2026-11-24'"),
    defect(
        "versions overlap",
        "merchant_history",
        f"UPDATE {M} SET valid_to = TIMESTAMP '2026-06-01 00:00:00+00:00' WHERE merchant_version = 'm1-1'",
    ),
    defect(
        "two current versions", "merchant_history", f"UPDATE {M} SET valid_to = NULL WHERE merchant_version = 'm1-1'"
    ),
    defect(
        "an hour without a version",
        "merchant_history",
        f"UPDATE {M} SET valid_to = TIMESTAMP '2026-04-30 23:00:00+00:00' WHERE merchant_version = 'm1-1'",
    ),
    defect(
        "a version that ends before it begins",
        "merchant_history",
        f"UPDATE {M} SET valid_to = TIMESTAMP '2025-01-01 00:00:00+00:00' WHERE merchant_version = 'm2-3'",
    ),
    defect("no merchants", "merchant_history", f"DELETE FROM {M} WHERE TRUE"),
    defect(
        "a merchant vanished",
        "merchant_history",
        f"UPDATE {M} SET superseded_at = TIMESTAMP '2026-11-01 00:00:00+00:00' WHERE merchant_id = 'm0'",
    ),
]


def good_view(project: str, dataset: str) -> str:
    """The body of the view `payments` as it is declared."""
    return (
        next(s.sql for s in statements(project, dataset, SETTLED_BEFORE) if s.name == "payments")
        .partition("\nAS\n")[2]
        .rstrip(";\n")
    )


class DuckWarehouse:
    """The good warehouse in memory; the view is the warehouse's own SQL, translated."""

    def __init__(self) -> None:
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'")
        for name, frame in tables().items():
            self.db.register("frame", frame.to_arrow())
            self.db.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
        self.db.execute("CREATE TABLE payments_daily_builds (business_date DATE, landing_rows BIGINT)")
        self.db.execute(f"CREATE VIEW good AS {self.translated(good_view('p', 'd'))}")
        self.db.execute("CREATE VIEW payments AS SELECT * FROM good")

    def translated(self, sql: str) -> str:
        sql = re.sub(r"PARSE_NUMERIC\(('[0-9.]+')\)", r"CAST(\1 AS NUMERIC(38, 9))", sql)
        return sqlglot.transpile(sql.replace("`p.d.", "`"), read="bigquery", write="duckdb")[0]

    def apply(self, one: Defect) -> None:
        self.db.execute("BEGIN")
        if one.view:
            self.db.execute(f"CREATE OR REPLACE VIEW payments AS {self.translated(one.view)}")
        for change in one.changes:
            touched = self.db.execute(self.translated(change)).fetchone()
            assert touched is not None
            assert touched[0] > 0, change

    def undo(self) -> None:
        self.db.execute("ROLLBACK")

    def rows(self, sql: str) -> list[dict[str, object]]:
        result = self.db.execute(self.translated(sql))
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def failing(self, checks: tuple[Check, ...] = CHECKS) -> set[str]:
        failed = set()
        for check in checks:
            days = check.cadence.days(NOW)
            rows = self.rows(check.statement("p.d", days))
            if check.back:
                second = late_statement("p.d", days, rows, check.back)
                rows = with_late(rows, self.rows(second)) if second else rows
            verdict = check.judge(rows, THRESHOLDS)
            if not verdict.passed:
                failed.add(check.name)
        return failed
