"""`tidemark recover`, the thinking: where a halted partition may go on from, and what that costs."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from streaming.ports import Broker, Commit, CountQuery, LogRange, StreamFinalized, StreamNotFound, Warehouse
from streaming.protocol.metadata import CommitMetadata, decode

CALL_S: Final = 10.0
QUERY_S: Final = 60.0
EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before every business date."""


class NothingToRecover(Exception):
    """The request makes no sense for this partition; the message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What `apply` would do."""

    partition: int
    before: Commit | None
    stream: str | None
    """Finalized first, so that no forgotten writer can append behind our back."""
    offset: int
    log: LogRange
    highest_live: int | None
    live_since: int | None
    """Live rows from `since` on; None without a commit. The protocol appends without holes, so fewer than the offsets
    up to the highest mean lost rows, or offsets without records."""
    topic_id: str
    table_created: str
    started_with: int

    @property
    def commit(self) -> Commit:
        """What the group is told: an offset with no stream behind it."""
        meta = CommitMetadata(None, "operator", self.topic_id, self.table_created, 0, None, self.started_with)
        return Commit(self.offset, meta.encode())

    def lines(self) -> list[str]:
        """What a person must know before saying yes."""
        was = "no commit" if self.before is None else f"offset {self.before.offset}"
        highest = "no live row" if self.highest_live is None else f"highest live offset {self.highest_live}"
        lines = [
            f"partition {self.partition}: {was}, {highest}, log [{self.log.low}, {self.log.end})",
            f"would go on at offset {self.offset}",
        ]
        lines += self._doubts()
        return lines + self._left_out()

    @property
    def since(self) -> int:
        """Where the log begins, or the old commit where that is before it."""
        return self.log.low if self.before is None else min(self.log.low, self.before.offset)

    def _left_out(self) -> list[str]:
        landed_to = self.since if self.highest_live is None else self.highest_live + 1
        gone_to = max(landed_to, self.log.low)
        lines = []
        if gone_to > landed_to:
            lines.append(
                f"offsets {landed_to} to {gone_to - 1} are gone from the log and were never landed: they are LOST"
            )
        if self.offset > gone_to:
            lines.append(f"offsets {gone_to} to {self.offset - 1} would NOT be landed: --from {gone_to} lands them")
        return lines

    def _doubts(self) -> list[str]:
        if self.before is None or self.highest_live is None or self.live_since is None:
            return []
        span = self.highest_live + 1 - self.since
        where = f"of the {span} offsets from {self.since} to {self.highest_live}"
        if self.live_since < span and self.offset > self.since:
            missing = span - self.live_since
            return [f"{missing} {where} have no live row: they held no record, or are lost and would NOT be landed"]
        if self.live_since > max(span, 0):
            return [f"{self.live_since} live rows for at most {max(span, 0)} records: some are landed TWICE already"]
        return []


def plan(broker: Broker, warehouse: Warehouse, partition: int, source: str) -> Plan:
    """Work out where `source` (commit, table, beginning, end or a number) is.

    Raises NothingToRecover, and the ports' errors. An offset with live rows at or after it is refused: landing
    them again would double them, and the consumer's own check would halt on it.
    """
    facts = broker.topic(CALL_S)
    if not 0 <= partition < facts.partitions:
        raise NothingToRecover(f"the topic has partitions 0 to {facts.partitions - 1}")
    commits = broker.committed(range(facts.partitions), CALL_S)
    before = commits.get(partition)
    metas = [meta for commit in commits.values() if commit and (meta := decode(commit.metadata))]
    mine = decode(before.metadata) if before else None
    log = broker.log_ranges([partition], CALL_S)[partition]
    highest = warehouse.highest_live(facts.topic_id, partition, QUERY_S)
    offset = _offset(source, before, log, highest)
    if highest is not None and offset <= highest:
        raise NothingToRecover(
            f"offset {offset} is not after the highest landed offset {highest}: rows would be doubled; use --from table"
        )
    return Plan(
        partition=partition,
        before=before,
        stream=mine.stream if mine else None,
        offset=offset,
        log=log,
        highest_live=highest,
        live_since=_live_since(warehouse, facts.topic_id, partition, before, log),
        topic_id=facts.topic_id,
        table_created=warehouse.table_created(CALL_S),
        started_with=max((meta.started_with for meta in metas), default=facts.partitions),
    )


def _live_since(
    warehouse: Warehouse, topic_id: str, partition: int, before: Commit | None, log: LogRange
) -> int | None:
    if before is None:
        return None
    query = CountQuery(partition, min(before.offset, log.low), since=EVER, besides_epoch="")
    return warehouse.count_live(topic_id, [query], QUERY_S)[partition]


def _offset(source: str, before: Commit | None, log: LogRange, highest: int | None) -> int:
    if source == "beginning":
        offset = log.low
    elif source == "end":
        offset = log.end
    elif source == "table":
        offset = log.low if highest is None else highest + 1
    elif source == "commit":
        if before is None:
            raise NothingToRecover("the group has no commit for this partition; use --from table or --from beginning")
        offset = before.offset if highest is None else max(before.offset, highest + 1)
    elif source.isascii() and source.isdigit():
        offset = int(source)
    else:
        raise NothingToRecover("--from takes commit, table, beginning, end or an offset")
    if not log.low <= offset <= log.end:
        raise NothingToRecover(f"offset {offset} is outside the log [{log.low}, {log.end})")
    return offset


def apply(plan: Plan, warehouse: Warehouse, set_commit: Callable[[int, Commit], None]) -> datetime:
    """Finalize what the old commit names, then set the commit. Returns when, UTC. Raises port errors."""
    if plan.stream is not None:
        with contextlib.suppress(StreamNotFound, StreamFinalized):  # gone or final: nobody can append to it
            warehouse.finalize(plan.stream, CALL_S)
    set_commit(plan.partition, plan.commit)
    return datetime.now(UTC)
