"""The merchant dimension holds together: no overlap, one current version at most, no gap that nobody made."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from assets.checks.thresholds import SEVERITY_OF_HISTORY, Thresholds
from assets.checks.verdict import Row, Verdict

SNAPSHOT_HOURS: Final = 24
"""Snapshots are daily: a merchant that closed and opened again was away for a day at least. Anything shorter is a
hole in the history, in which its payments find no merchant."""
DEFECTS: Final = {
    "overlapping": "versions that overlap the next one",
    "current_twice": "merchants with two current versions",
    "gaps": f"gaps under {SNAPSHOT_HOURS} hours",
    "empty": "versions that end before they begin",
    "vanished": "merchants without any standing version",
}
"""Columns of the answer, each a count, and what they count."""


def statement(dataset: str, days: Sequence[date]) -> str:
    """Counts of defects among the standing versions, and the first merchant that has one.

    The whole table is read, whatever the days: 80,000 merchants are a few megabytes.
    """
    return f"""
WITH standing AS (
  SELECT merchant_id, valid_from, valid_to,
    LEAD(valid_from) OVER (PARTITION BY merchant_id ORDER BY valid_from, valid_to) AS next_from
  FROM `{dataset}.merchants`
  WHERE superseded_at IS NULL
),
found AS (
  SELECT merchant_id,
    COUNTIF(valid_to > next_from) AS overlapping,
    IF(COUNTIF(valid_to IS NULL) > 1, 1, 0) AS current_twice,
    COUNTIF(valid_to < next_from AND TIMESTAMP_DIFF(next_from, valid_to, HOUR) < {SNAPSHOT_HOURS}) AS gaps,
    COUNTIF(valid_to <= valid_from) AS empty,
    COUNTIF(valid_to IS NULL AND next_from IS NOT NULL) AS open_before,
    0 AS vanished
  FROM standing
  GROUP BY merchant_id
  UNION ALL
  SELECT merchant_id, 0, 0, 0, 0, 0, 1
  FROM `{dataset}.merchants`
  GROUP BY merchant_id
  HAVING COUNTIF(superseded_at IS NULL) = 0
)
SELECT
  COUNT(*) AS merchants,
  SUM(IF(current_twice = 0, overlapping + open_before, overlapping)) AS overlapping,
  SUM(current_twice) AS current_twice,
  SUM(gaps) AS gaps,
  SUM(empty) AS empty,
  SUM(vanished) AS vanished,
  MIN(IF(overlapping + current_twice + gaps + empty + open_before + vanished > 0, merchant_id, NULL)) AS first_merchant
FROM found"""


def judge(rows: Sequence[Row], thresholds: Thresholds) -> Verdict:
    """Pass if there is no defect. A table without merchants has one: no payment is of a merchant that is known."""
    row = rows[0]
    counts = {name: int(row[name] or 0) for name in DEFECTS}
    said = [f"{count:,} {DEFECTS[name]}" for name, count in counts.items() if count]
    if not row["merchants"]:
        return Verdict(False, SEVERITY_OF_HISTORY, {"merchants": 0}, "no merchants")
    line = f"{', '.join(said)}; the first is {row['first_merchant']}" if said else f"{row['merchants']:,} merchants"
    return Verdict(not said, SEVERITY_OF_HISTORY, {"merchants": row["merchants"], **counts}, line)
