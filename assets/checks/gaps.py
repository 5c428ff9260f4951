"""Offsets without a row, one by one: which they are, for a second reader that says whether they hold records.

A transaction's marker and an aborted record take an offset that no `read_committed` consumer is ever delivered.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from assets.checks.completeness import Lane, lane
from assets.checks.verdict import Row, plain, within

Range = tuple[int, int]
"""Lowest and highest offset, both included."""
Delivered = Callable[[str, int, Sequence[Range]], int]
"""Topic id, partition, ranges of offsets in ascending order -> how many records a `read_committed` consumer is
delivered there. Raises a BrokerError where that cannot be told."""

MOST: Final = 20_000
"""Gaps that are looked at, shared among the partitions, in each the newest first: over an hour of 500 events/s in
transactions of 100. With more the check does not pass, since nobody knows."""


def most(rows: Sequence[Row]) -> int:
    """Gaps that are looked at in each of these partitions: one with many must not use up those of the others."""
    return max(MOST // max(len(rows), 1), 1)


def statement(dataset: str, days: Sequence[date], rows: Sequence[Row], back: int) -> str:
    """The gaps between the lowest and the highest landed offset of these partitions (of completeness), the newest of
    each.

    What landed up to `back` days late counts: so many days before are read as well.
    """
    dates = [min(days) - timedelta(back), max(days) + timedelta(1)]
    places = "\n      OR ".join(
        f"(kafka_topic_id = {plain(row['kafka_topic_id'])} AND kafka_partition = {int(row['kafka_partition'])}"
        f" AND kafka_offset BETWEEN {int(row['lowest'])} AND {int(row['highest'])})"
        for row in rows
    )
    return f"""
SELECT kafka_topic_id, kafka_partition, kafka_offset + 1 AS lowest, following - 1 AS highest
FROM (
  SELECT
    kafka_topic_id,
    kafka_partition,
    kafka_offset,
    LEAD(kafka_offset) OVER (PARTITION BY kafka_topic_id, kafka_partition ORDER BY kafka_offset) AS following
  FROM (
    SELECT DISTINCT kafka_topic_id, kafka_partition, kafka_offset
    FROM `{dataset}.payments_landing`
    WHERE {within(dates)} AND replay_id IS NULL AND enrichment_revision = 0
      AND ({places})
  )
)
WHERE following > kafka_offset + 1
QUALIFY ROW_NUMBER() OVER (PARTITION BY kafka_topic_id, kafka_partition ORDER BY kafka_offset DESC) <= {most(rows)}"""


def by_lane(gaps: Sequence[Row]) -> Mapping[Lane, list[Range]]:
    """The statement's answer by partition, each in ascending order."""
    found: dict[Lane, list[Range]] = {}
    for row in sorted(gaps, key=lambda row: int(row["lowest"])):
        found.setdefault(lane(row), []).append((int(row["lowest"]), int(row["highest"])))
    return found
