"""Nothing lost, asked of the warehouse: the offsets between the lowest and the highest that landed, all of them.

Offsets of a topic without transactional producers have no gaps, so highest - lowest + 1 records must be there. With
such producers a second `read_committed` reader says which of the offsets without a row hold a record (`gaps`).
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from assets.checks.thresholds import SEVERITY_OF_MISSING, Thresholds
from assets.checks.verdict import Fact, Row, Verdict, plain, within

Lane = tuple[str, int]
"""Topic id and partition."""

FIRST_HOUR: Final = 12
"""The range begins at 12:00 UTC of the first day, by the broker's clock. A record less than 12 hours late is then on
one of the days that are read, and 12 hours of hourly runs look at each record."""
OPEN_BACK: Final = 3
"""Days before its own in which the hourly check looks for late records: 7 GB at 500 events/s, $33 a month if it does so
every hour; 30 days would be ten times that. A terminal that was offline over a weekend is found."""
LATEST: Final = 30
"""Days: a record that occurred longer before is quarantined (the contract), on the broker's day. The daily check looks
so far back: a record without a row is missing then."""


def statement(dataset: str, days: Sequence[date]) -> str:
    """Per partition the lowest and highest offset and the distinct ones that landed live.

    Tomorrow is read as well: a producer's clock may be 5 minutes ahead at midnight.
    """
    return f"""
SELECT
  kafka_topic_id,
  kafka_partition,
  MIN(kafka_offset) AS lowest,
  MAX(kafka_offset) AS highest,
  COUNT(DISTINCT kafka_offset) AS landed
FROM `{dataset}.payments_landing`
WHERE {within([*days, max(days) + timedelta(1)])} AND {_live_since(days)}
GROUP BY kafka_topic_id, kafka_partition
ORDER BY kafka_topic_id, kafka_partition"""


def late_statement(dataset: str, days: Sequence[date], rows: Sequence[Row], back: int) -> str | None:
    """Where offsets are missing: how many of them lie on the `back` days before. None if there is nothing to look for.

    It is asked only where records were late or are lost. A day of it is 2.4 GB at 500 events/s.
    """
    gaps = short(rows)
    if not gaps:
        return None
    earlier = [min(days) - timedelta(back), min(days) - timedelta(1)]
    places = "\n    OR ".join(
        f"(kafka_topic_id = {plain(row['kafka_topic_id'])} AND kafka_partition = {int(row['kafka_partition'])}"
        f" AND kafka_offset BETWEEN {int(row['lowest'])} AND {int(row['highest'])})"
        for row in gaps
    )
    return f"""
SELECT kafka_topic_id, kafka_partition, COUNT(DISTINCT kafka_offset) AS late
FROM `{dataset}.payments_landing`
WHERE {within(earlier)} AND {_live_since(days)}
  AND ({places})
GROUP BY kafka_topic_id, kafka_partition"""


def _live_since(days: Sequence[date]) -> str:
    start = f"TIMESTAMP '{min(days)} {FIRST_HOUR:02}:00:00+00:00'"
    return f"replay_id IS NULL AND enrichment_revision = 0 AND broker_timestamp >= {start}"


def _span(row: Row) -> int:
    return int(row["highest"] - row["lowest"] + 1)


def lane(row: Row) -> Lane:
    """The partition a row is about."""
    return row["kafka_topic_id"], row["kafka_partition"]


def with_late(rows: Sequence[Row], late: Sequence[Row]) -> list[Row]:
    """The rows of the first statement, each with the column `late` from those of the second."""
    found = {lane(row): int(row["late"]) for row in late}
    return [{**row, "late": found.get(lane(row), 0)} for row in rows]


def with_delivered(rows: Sequence[Row], delivered: Mapping[Lane, int]) -> list[Row]:
    """The rows, each with the column `delivered`: how many records a second reader was delivered at offsets without a
    row, per partition of `short`."""
    return [{**row, "delivered": delivered.get(lane(row), 0)} for row in rows]


def short(rows: Sequence[Row]) -> list[Row]:
    """The partitions with offsets that have no row, late ones included as far as they were looked for."""
    return [row for row in rows if _without_row(row)]


def judge(rows: Sequence[Row], thresholds: Thresholds) -> Verdict:
    """Closed days: pass if each offset has a row, late ones included, or holds no record.

    Without a second reader (`with_delivered`) each offset without a row counts as a record.
    """
    lost, expected, facts = _counted(rows)
    facts = {"missing": sum(map(_lost, lost)), **facts}
    said = (
        f"records missing, {_places(lost)}" if lost else f"{expected:,} records on {len(rows)} partitions, none missing"
    )
    return Verdict(not lost, SEVERITY_OF_MISSING, facts, said + _empty(facts))


def judge_open(rows: Sequence[Row], thresholds: Thresholds) -> Verdict:
    """Open days: pass if few offsets have no row. They are of records that are days late, or missing: the daily check
    tells them apart."""
    lost, expected, facts = _counted(rows)
    count = sum(map(_lost, lost))
    share = count / expected if count else 0.0
    facts = {"late_or_missing": count, "share": share, **facts}
    passed = count <= thresholds.late_or_missing_few or share <= thresholds.late_or_missing_error
    if not passed:
        said = f"{count:,} of {expected:,} records late or missing, {_places(lost)}"
    else:
        told = f"late or missing: {count:,}, told apart daily" if count else "none missing"
        said = f"{expected:,} records on {len(rows)} partitions, {told}"
    return Verdict(passed, SEVERITY_OF_MISSING, facts, said + _empty(facts))


def _counted(rows: Sequence[Row]) -> tuple[list[Row], int, dict[str, Fact]]:
    """The partitions that lack records, how many records there should be, and the facts of both judges."""
    lost = [row for row in rows if _lost(row)]
    empty = sum(_without_row(row) - _lost(row) for row in rows)
    expected = sum(map(_span, rows)) - empty
    late = sum(int(row.get("late", 0)) for row in rows)
    return lost, expected, {"expected": expected, "partitions": len(rows), "late": late, "without_record": empty}


def _places(lost: Sequence[Row]) -> str:
    return "; ".join(
        f"partition {row['kafka_partition']}: {_lost(row):,} of offsets {row['lowest']} to {row['highest']}"
        for row in lost
    )


def _empty(facts: Mapping[str, Fact]) -> str:
    return f"; {facts['without_record']:,} offsets hold no record" if facts["without_record"] else ""


def _without_row(row: Row) -> int:
    return _span(row) - int(row["landed"]) - int(row.get("late", 0))


def _lost(row: Row) -> int:
    return int(row.get("delivered", _without_row(row)))
