"""Three books of one stream, held against each other: the producer's ledger, the members' own counts, the warehouse.

Each is kept by somebody else, so a mistake in one shows against the other two: landing is counted by SQL, and on the
real service once more by BigQuery itself, in WRITE_API_TIMELINE. Pure: statements and the comparison alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from assets.checks.thresholds import Severity
from assets.checks.verdict import Fact, Row, Verdict, within

SLACK: Final = timedelta(minutes=10)
"""A row is dated when it is serialised and written after that, so at the window's edges the two may differ: by an
append's deadline of 30 s, and by as long as a service was away."""
SETTLED_AFTER: Final = timedelta(minutes=5)
"""The contract's p95 from event to queryable: a record acknowledged so long ago must have its row."""
EVER: Final = date(2000, 1, 1)
"""Before any payment: the producer's ledger and the members' counts know no days, so all of landing is counted."""
BYTES_A_ROW: Final = 52
"""What the statement over landing reads of a row: topic id 24, status 4, and 8 each of two times, a revision."""
SEVERITY_OF_DISAGREEMENT: Final[Severity] = "ERROR"
"""Somebody counts rows or records that another denies: a payment is lost, doubled or made up."""
SEVERITY_OF_ABSENCE: Final[Severity] = "WARN"
"""A book that is not kept here proves nothing, and nothing against anybody."""


@dataclass(frozen=True, slots=True)
class Produced:
    """The producer's ledger, records of the topics it names. Read after the warehouse."""

    settled: int
    """Acknowledged so long ago that a row must be there; at rest all of `acked`."""
    acked: int
    unknown: int
    """Sent, outcome unknown: each may be in the log."""
    topics: frozenset[str]
    """Topic ids."""


@dataclass(frozen=True, slots=True)
class Consumed:
    """The members' own counts: the least that has landed, since a process that was killed takes its last second with
    it, and an older one all of its counts. Read before the warehouse."""

    by_status: Mapping[str, int]
    """Rows whose append was acknowledged, by status."""
    skipped: int = 0
    """Records that recoveries found landed already: shown, and part of no comparison."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """BigQuery's own count of rows appended within a window of minutes."""

    written: int


def ceiling(rows: int, least: int) -> int:
    """Bytes that the statement over landing may bill where that many rows are kept: twice what it reads, at least
    `least`. A year at 500 events/s is 800 GB; the ceiling of the daily checks would refuse it after four weeks."""
    return max(least, 2 * BYTES_A_ROW * rows)


def landing_statement(dataset: str, today: date, start: datetime, end: datetime) -> str:
    """Live rows by topic and status: all of them, and those dated within the window `[start, end)`, UTC.

    Columns `certainly` and `possibly`: dated where they can only have been written within it, and where they may.
    `BYTES_A_ROW` are read of all rows: 34 GB for 15 days at 500 events/s.
    """
    return f"""
SELECT
  kafka_topic_id,
  status,
  COUNT(*) AS landed,
  COUNTIF(loaded_at >= {_instant(start)} AND loaded_at < {_instant(end - SLACK)}) AS certainly,
  COUNTIF(loaded_at >= {_instant(start - SLACK)} AND loaded_at < {_instant(end)}) AS possibly
FROM `{dataset}.payments_landing`
WHERE {within([EVER, today + timedelta(1)])} AND replay_id IS NULL AND enrichment_revision = 0
GROUP BY kafka_topic_id, status
ORDER BY kafka_topic_id, status"""


def timeline_statement(dataset: str, location: str, start: datetime, end: datetime) -> str:
    """Rows that BigQuery says it appended to landing on write streams of members, in whole minutes of `[start, end)`.

    Batch writes use PENDING streams. The view has one row a minute, table, stream type and error code, `OK` where the
    append succeeded; it is kept for 180 days (cloud.google.com/bigquery/docs/information-schema-write-api).
    `dataset` is `project.dataset`, `location` the dataset's.
    """
    project, _, name = dataset.rpartition(".")
    return f"""
SELECT COALESCE(SUM(total_rows), 0) AS written
FROM `{project}`.`region-{location.lower()}`.INFORMATION_SCHEMA.WRITE_API_TIMELINE
WHERE start_timestamp >= {_instant(start)} AND start_timestamp < {_instant(end)}
  AND dataset_id = '{name}' AND table_id = 'payments_landing'
  AND stream_type = 'COMMITTED' AND error_code = 'OK'"""


def compare(
    landed: Sequence[Row],
    produced: Produced | None,
    consumed: Consumed | None,
    timeline: Timeline | None,
    absent: Collection[str] = (),
) -> Verdict:
    """Hold the books against each other. `landed` are rows of `landing_statement`, `absent` says which books are not
    kept here, and why. Passes only if all three are there and agree."""
    facts: dict[str, Fact] = {"landed": _total(landed, "landed")}
    wrong: list[str] = []
    if produced is not None:
        facts |= {"acked": produced.acked, "outcome_unknown": produced.unknown}
        wrong += _against_producer(landed, produced)
    if consumed is not None:
        facts |= {"counted_by_members": sum(consumed.by_status.values()), "skipped_at_recovery": consumed.skipped}
        wrong += _against_members(landed, consumed)
    if timeline is not None:
        facts |= {"appended_by_timeline": timeline.written, "landed_in_window": _total(landed, "certainly")}
        wrong += _against_timeline(landed, timeline)
    said = "; ".join(wrong) or "the books that are kept here agree"
    if wrong:
        return Verdict(False, SEVERITY_OF_DISAGREEMENT, facts, said)
    if absent or produced is None or consumed is None or timeline is None:
        why = "; ".join(absent) or "a book"
        return Verdict(False, SEVERITY_OF_ABSENCE, facts, f"not available here: {why}; {said}")
    return Verdict(True, SEVERITY_OF_ABSENCE, facts, f"{facts['landed']:,} rows landed, all three books agree")


def _against_producer(landed: Sequence[Row], produced: Produced) -> list[str]:
    rows = _total([row for row in landed if row["kafka_topic_id"] in produced.topics], "landed")
    wrong = []
    if rows < produced.settled:
        wrong.append(f"the producer had {produced.settled:,} records acknowledged, landing has {rows:,} rows of them")
    if rows > produced.acked + produced.unknown:
        most = produced.acked + produced.unknown
        wrong.append(f"landing has {rows:,} rows, the producer sent {most:,} records at most")
    return wrong


def _against_members(landed: Sequence[Row], consumed: Consumed) -> list[str]:
    wrong = []
    for status, counted in sorted(consumed.by_status.items()):
        there = _total([row for row in landed if row["status"] == status], "landed")
        if counted > there:
            wrong.append(f"members had {counted:,} rows {status} acknowledged, landing has {there:,}")
    return wrong


def _against_timeline(landed: Sequence[Row], timeline: Timeline) -> list[str]:
    least, most = _total(landed, "certainly"), _total(landed, "possibly")
    if least <= timeline.written <= most:
        return []
    dated = f"{least:,} rows" if least == most else f"{least:,} to {most:,} rows"
    return [f"BigQuery appended {timeline.written:,} rows, landing has {dated} of that time"]


def _total(landed: Sequence[Row], column: str) -> int:
    return sum(int(row[column]) for row in landed)


def _instant(at: datetime) -> str:
    return f"TIMESTAMP '{at.isoformat(sep=' ')}'"
