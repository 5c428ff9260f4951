"""Exactly once, asked of the warehouse: one live row per record, one row of the view per event and day."""

from collections.abc import Sequence
from datetime import date

from assets.checks.thresholds import SEVERITY_OF_DUPLICATES, Thresholds
from assets.checks.verdict import Row, Verdict, within


def coordinates_statement(dataset: str, days: Sequence[date]) -> str:
    """Per partition the live rows and the records they are of. `dataset` is `project.dataset`.

    A row that a correction or replay appended has the coordinates of another by design and is not counted. A record
    that landed on two of the days is a duplicate as well: the date is no coordinate.
    """
    return f"""
SELECT
  kafka_topic_id,
  kafka_partition,
  SUM(copies) AS live_rows,
  COUNT(*) AS records,
  MIN(IF(copies > 1, kafka_offset, NULL)) AS first_offset
FROM (
  SELECT kafka_topic_id, kafka_partition, kafka_offset, COUNT(*) AS copies
  FROM `{dataset}.payments_landing`
  WHERE {within(days)} AND replay_id IS NULL AND enrichment_revision = 0
  GROUP BY kafka_topic_id, kafka_partition, kafka_offset
)
GROUP BY kafka_topic_id, kafka_partition
ORDER BY kafka_topic_id, kafka_partition"""


def judge_coordinates(rows: Sequence[Row], thresholds: Thresholds) -> Verdict:
    """Pass if no record has two live rows."""
    live, records = sum(row["live_rows"] for row in rows), sum(row["records"] for row in rows)
    doubled = [row for row in rows if row["live_rows"] > row["records"]]
    where = "; ".join(f"partition {row['kafka_partition']} from offset {row['first_offset']}" for row in doubled)
    line = f"{live - records:,} live rows too many: {where}" if doubled else f"{live:,} live rows, each its own record"
    facts = {"live_rows": live, "records": records, "surplus": live - records}
    return Verdict(not doubled, SEVERITY_OF_DUPLICATES, facts, line)


def events_statement(dataset: str, days: Sequence[date]) -> str:
    """Per business date the rows of the view `payments` and the events they are of."""
    return f"""
SELECT business_date, COUNT(*) AS payments, COUNT(DISTINCT event_id) AS events
FROM `{dataset}.payments`
WHERE {within(days)}
GROUP BY business_date
ORDER BY business_date"""


def judge_events(rows: Sequence[Row], thresholds: Thresholds) -> Verdict:
    """Pass if the view shows each event of a day once."""
    doubled = [row for row in rows if row["payments"] != row["events"]]
    surplus = sum(row["payments"] - row["events"] for row in doubled)
    shown = sum(row["payments"] for row in rows)
    where = ", ".join(str(row["business_date"]) for row in doubled)
    line = f"{surplus:,} rows too many in payments on {where}" if doubled else f"{shown:,} payments, each shown once"
    return Verdict(not doubled, SEVERITY_OF_DUPLICATES, {"payments": shown, "surplus": surplus}, line)
