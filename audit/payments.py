"""Checks on what analysts read: the view `payments`, asked of the warehouse itself, against the ledger."""

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from audit.asking import number
from audit.model import OFFENDERS_SHOWN, Check
from audit.ports import WarehouseReader
from audit.settled import settled_check

BUCKETS_OPENED = 4
"""How many differing buckets are read event by event to name offenders."""

# Which of an event's rows the view must show, worked out here from the landed rows and the ledger: the newest revision
# of its coordinates, then the highest revision, the earliest broker time, the lowest partition and offset.
_EXPECTED = """CREATE TABLE expected_payments AS
SELECT f.business_date, f.event_id, f.event_type, f.currency, f.partition, f."offset", f.amount, f.sign,
  o.own AS reporting_amount
FROM facts f
LEFT JOIN (
  SELECT rowid AS id, business_date, kafka_topic_id, kafka_partition, kafka_offset, enrichment_revision
  FROM payments_landing QUALIFY row_number() OVER (
    PARTITION BY business_date, kafka_topic_id, kafka_partition, kafka_offset
    ORDER BY enrichment_revision DESC, loaded_at) = 1) n
  ON n.kafka_topic_id = f.topic_id AND n.kafka_partition = f.partition AND n.kafka_offset = f."offset"
    AND n.business_date = f.business_date
LEFT JOIN own_amounts o ON o.id = n.id
WHERE f.expect = 'OK'
QUALIFY row_number() OVER (PARTITION BY f.business_date, f.event_id
  ORDER BY coalesce(n.enrichment_revision, 0) DESC, f.broker_ms, f.partition, f."offset") = 1"""

_TOTALS = """SELECT business_date, currency, event_type, COUNT(*), SUM(amount), SUM({signed}),
  SUM(reporting_amount), SUM({signed_reporting}) FROM {source} GROUP BY 1, 2, 3"""

Figures = tuple[int | Decimal | None, ...]
Totals = dict[tuple[date, str, str], Figures]


def payments_checks(db: duckdb.DuckDBPyConnection, reader: WarehouseReader, dates: tuple[str, str]) -> list[Check]:
    """Return uniqueness, exact membership, exact totals, conflicts and settled days; creates `expected_payments`.

    Days that wait for their rebuild are compared once they are rebuilt.
    """
    db.execute(_EXPECTED)
    settled = settled_check(db, reader, dates)
    db.execute("CREATE VIEW compared AS SELECT * FROM expected_payments WHERE business_date NOT IN (FROM waiting)")
    where = f"business_date BETWEEN DATE '{dates[0]}' AND DATE '{dates[1]}' AND kafka_topic_id IN ({_topics(db)})"
    source = f"payments WHERE {where}{_waiting(db)}"
    return [*_membership(db, reader, source), _totals(db, reader, source), _conflicts(db, reader), settled]


def _waiting(db: duckdb.DuckDBPyConnection) -> str:
    days = [row[0] for row in db.execute("SELECT day FROM waiting ORDER BY 1").fetchall()]
    listed = ", ".join(f"DATE '{day}'" for day in days)
    return f" AND business_date NOT IN ({listed})" if days else ""


def _topics(db: duckdb.DuckDBPyConnection) -> str:
    topics = [row[0] for row in db.execute("SELECT DISTINCT topic_id FROM runs ORDER BY 1").fetchall()]
    return ", ".join(f"'{topic}'" for topic in topics)


def _membership(db: duckdb.DuckDBPyConnection, reader: WarehouseReader, source: str) -> list[Check]:
    """Compare fingerprints of buckets, and read only the buckets that differ."""
    theirs = {
        (row[0], row[1]): row[2:]
        for row in reader.query(f"""SELECT business_date, SUBSTR(TO_HEX(MD5(event_id)), 1, 1), COUNT(*),
        BIT_XOR(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(CONCAT(event_id, '|', CAST(kafka_partition AS STRING), '|',
          CAST(kafka_offset AS STRING)))), 1, 15)) AS INT64)), COUNT(DISTINCT event_id)
        FROM {source} GROUP BY 1, 2""")
    }
    ours = {
        (row[0], row[1]): row[2:]
        for row in db.execute("""SELECT business_date, substr(md5(event_id), 1, 1), COUNT(*),
        bit_xor(CAST('0x' || substr(md5(event_id || '|' || partition || '|' || "offset"), 1, 15) AS BIGINT))
        FROM compared GROUP BY 1, 2""").fetchall()
    }
    shown = sum(row[0] for row in theirs.values())
    repeated = shown - sum(row[2] for row in theirs.values())
    differing = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key, ())[:2])
    offenders = [line for key in differing[:BUCKETS_OPENED] for line in _named(db, reader, source, key)]
    twice = _repeated(reader, source) if repeated else []
    return [
        Check(
            "one_row_per_event",
            "does `payments` show each event once?",
            repeated == 0,
            {"rows": shown, "offenders": repeated},
            twice,
        ),
        Check(
            "exactly_these_events",
            "does `payments` show exactly the events sent, each by its first record?",
            not differing,
            {"expected": number(db, "SELECT COUNT(*) FROM compared"), "shown": shown},
            offenders[:OFFENDERS_SHOWN],
        ),
    ]


def _named(db: duckdb.DuckDBPyConnection, reader: WarehouseReader, source: str, key: tuple[date, str]) -> list[str]:
    theirs = set(
        reader.query(f"""SELECT event_id, kafka_partition, kafka_offset FROM {source}
        AND business_date = DATE '{key[0]}' AND SUBSTR(TO_HEX(MD5(event_id)), 1, 1) = '{key[1]}'""")
    )
    ours = set(
        db.execute(
            """SELECT event_id, partition, "offset" FROM compared
        WHERE business_date = ? AND substr(md5(event_id), 1, 1) = ?""",
            list(key),
        ).fetchall()
    )
    absent = [f"absent: {event} partition {p} offset {o}" for event, p, o in sorted(ours - theirs)]
    surplus = [f"not expected: {event} partition {p} offset {o}" for event, p, o in sorted(theirs - ours)]
    return absent + surplus


def _repeated(reader: WarehouseReader, source: str) -> list[str]:
    rows = reader.query(f"""SELECT business_date, event_id, COUNT(*) FROM {source} GROUP BY 1, 2
        HAVING COUNT(*) > 1 ORDER BY 1, 2 LIMIT 5""")
    return [f"{event} on {day}: {count} rows" for day, event, count in rows]


def _totals(db: duckdb.DuckDBPyConnection, reader: WarehouseReader, source: str) -> Check:
    theirs = _by_group(
        reader.query(_TOTALS.format(signed="signed_amount", signed_reporting="signed_reporting_amount", source=source))
    )
    own = _TOTALS.format(signed="amount * sign", signed_reporting="reporting_amount * sign", source="compared")
    ours = _by_group(db.execute(own).fetchall())
    offenders = [
        f"{day} {currency} {kind}: {_figures(theirs.get(key))}, expected {_figures(ours.get(key))}"
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key) != theirs.get(key)
        for day, currency, kind in [key]
    ]
    return Check(
        "exact_totals",
        "are counts and sums per day, currency and type exact?",
        not offenders,
        {"groups": len(ours), "offenders": len(offenders)},
        offenders[:OFFENDERS_SHOWN],
    )


def _by_group(rows: list[tuple[Any, ...]]) -> Totals:
    return {(row[0], row[1], row[2]): tuple(row[3:]) for row in rows}


def _figures(group: Figures | None) -> str:
    return "nothing" if group is None else " / ".join("none" if f is None else f"{f:f}" for f in map(_plain, group))


def _plain(figure: int | Decimal | None) -> Decimal | None:
    return None if figure is None else Decimal(figure).normalize()


def _conflicts(db: duckdb.DuckDBPyConnection, reader: WarehouseReader) -> Check:
    count = int(reader.query("SELECT COUNT(*) FROM dedup_conflicts")[0][0])
    named = reader.query("SELECT event_id, contents FROM dedup_conflicts ORDER BY 1 LIMIT 5") if count else []
    return Check(
        "no_conflicts",
        "has no event_id two contents or two days?",
        count == 0,
        {"offenders": count},
        [f"{event}: {contents} contents" for event, contents in named],
    )
