"""Which records a business date is made of: the lowest to the highest landed offset of each partition."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from streaming.ports import LogRange


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """Offsets `first` to `last`, both included, of one partition of one topic id; between them lie other days' too."""

    topic: str
    topic_id: str
    partition: int
    first: int
    last: int
    rows: int = 0
    """Landed records of the day among them."""

    def __str__(self) -> str:
        return f"offsets {self.first} to {self.last} of partition {self.partition} (topic id {self.topic_id})"

    @property
    def span(self) -> int:
        """Offsets in the range."""
        return self.last - self.first + 1


def ranges_sql(dataset: str, day: date) -> str:
    """One row per partition that landed something on the day. A record that a re-drive or correction moved to this day
    counts as well: its row is here, its live row on another day. `dataset` is `project.dataset`."""
    return f"""SELECT kafka_topic, kafka_topic_id, kafka_partition,
  MIN(kafka_offset) AS first, MAX(kafka_offset) AS last, COUNT(DISTINCT kafka_offset) AS landed
FROM `{dataset}.payments_landing`
WHERE business_date = DATE '{day.isoformat()}'
GROUP BY kafka_topic, kafka_topic_id, kafka_partition"""


def ranges_of(rows: Iterable[Mapping[str, Any]]) -> tuple[OffsetRange, ...]:
    """Rows of `ranges_sql` as ranges, in order."""
    found = [
        OffsetRange(
            str(row["kafka_topic"]), str(row["kafka_topic_id"]),
            int(row["kafka_partition"]), int(row["first"]), int(row["last"]), int(row["landed"]),
        )
        for row in rows
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda r: (r.topic, r.topic_id, r.partition)))


def rows_of(ranges: Iterable[OffsetRange]) -> int:
    """Landed records of the day in all of them."""
    return sum(each.rows for each in ranges)


def not_in_log(ranges: Sequence[OffsetRange], topic_id: str, logs: Mapping[int, LogRange]) -> list[str]:
    """Why each range that the log does not hold any more (or never held) can not be read; empty if all can be.

    `topic_id`: the topic as it is now. `logs`: its offsets by partition; one that is absent does not exist.
    """
    return [why for each in ranges if (why := _missing(each, topic_id, logs.get(each.partition))) is not None]


def _missing(wanted: OffsetRange, topic_id: str, log: LogRange | None) -> str | None:
    if wanted.topic_id != topic_id:
        return f"{wanted}: the topic was recreated since"
    if log is None:
        return f"{wanted}: there is no such partition"
    if wanted.first < log.low or wanted.last >= log.end:
        return f"{wanted}: the log holds {log.low} to {log.end - 1}"
    return None


def slices(ranges: Sequence[OffsetRange], span: int) -> Iterator[OffsetRange]:
    """The same offsets in ranges of at most `span`; how many rows each holds is not said."""
    for each in ranges:
        for first in range(each.first, each.last + 1, span):
            yield replace(each, first=first, last=min(first + span - 1, each.last), rows=0)


def within_sql(ranges: Sequence[OffsetRange]) -> str:
    """A predicate on landing's coordinates: inside one of the ranges. What lands meanwhile is not compared."""
    parts = [
        f"(kafka_topic_id = {text_literal(r.topic_id)} AND kafka_partition = {r.partition} "
        f"AND kafka_offset BETWEEN {r.first} AND {r.last})"
        for r in ranges
    ]
    return f"({' OR '.join(parts)})" if parts else "FALSE"


def text_literal(value: str) -> str:
    """A GoogleSQL string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"
