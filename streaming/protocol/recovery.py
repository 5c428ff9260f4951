"""FENCE -> OPEN -> PUBLISH -> CHECK: how an assigned partition finds the one place to go on from.

Read `recover` first. It never asks whether the last owner is dead: finalizing the stream named in the commit
makes it harmless either way, and the row count that comes back says how much of the log is already landed.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from streaming.ports import (
    AccessDenied,
    BrokerError,
    Commit,
    CommitOutcome,
    QuotaExceeded,
    Refused,
    StreamFinalized,
    StreamNotFound,
    Unavailable,
)
from streaming.protocol.actions import (
    Action,
    CountLive,
    Finalize,
    HighestLive,
    OffsetAt,
    OpenStream,
    Position,
    Publish,
    ReadPosition,
    TopicIdsLanded,
    Wait,
    denied,
)
from streaming.protocol.halts import Halt, HaltReason, Ousted
from streaming.protocol.metadata import CFG, CommitMetadata, decode

RETRY_S: Final = 0.5
"""Between attempts at a service that does not answer: the watchdogs and the backlog bound the total."""
VISIBILITY_S: Final = 60.0
"""Rows of an acknowledged append may take this long to be counted before a mismatch is believed."""
LONGEST_PAUSE_S: Final = 8.0
"""Between two looks of the check, each of which is billed; the first pause is RETRY_S, doubled each time."""
SKEW: Final = timedelta(days=1)
"""A broker's clock may go back, at a change of leader for one."""
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Where nothing was ever committed, landed records may be as old as the log, and no date bounds them."""
UNKNOWN_WRITER_S: Final = 60.0
"""Beside one append deadline: how long an unknown writer's last request may still be on its way."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a partition's owner knows before it reads anything."""

    partition: int
    topic_id: str
    start_at: str
    append_deadline_s: float
    new_epoch: Callable[[], str]
    now: Callable[[], datetime]
    max_past: timedelta = timedelta(days=30)
    """How far a valid record's business date may lie before its broker timestamp (setting max_past_days)."""


@dataclass(frozen=True, slots=True)
class Start:
    """Deliver from `offset`; the first delivered record is row `metadata.row` of `metadata.stream`."""

    offset: int
    metadata: CommitMetadata
    landed: int
    """Live rows that must already be in the table at or after `offset`."""


Recovering = Generator[Action, Any, Start]


def recover(me: Identity) -> Recovering:
    """Fence, open, publish. Raises Halt, Ousted. The caller checks `landed` before (or behind) the first append."""
    position: Position = yield from patiently(ReadPosition())
    if position.topic_id != me.topic_id:
        detail = f"topic id was {me.topic_id}, is {position.topic_id}"
        raise Halt(me.partition, HaltReason.TOPIC_REPLACED, detail)
    meta = decode(position.commit.metadata) if position.commit else None
    if position.commit is None:
        offset, row = (yield from _first_offset(me, position)), 0
    elif meta is None:
        offset, row = (yield from _after_unknown_writer(me, position.commit.offset)), 0
    else:
        offset, row = yield from _after_owner(me, position, position.commit.offset, meta)
    if offset > position.log.end:  # the log was read before the fence; an owner that was not fenced yet landed more
        position = yield from patiently(ReadPosition())
    _inside_log(me, position, offset)
    return (yield from _open_and_publish(me, position, meta, offset, row))


def _after_owner(
    me: Identity, position: Position, offset: int, meta: CommitMetadata
) -> Generator[Action, Any, tuple[int, int]]:
    """(offset, row) after fencing the owner that committed `meta`: by count, or from the table."""
    if meta.topic_id != me.topic_id:
        detail = f"the commit is of topic id {meta.topic_id}, the topic is {me.topic_id}"
        raise Halt(me.partition, HaltReason.TOPIC_REPLACED, detail)
    if meta.table_created != position.table_created:
        detail = f"the commit is of the table created {meta.table_created}, this one was {position.table_created}"
        raise Halt(me.partition, HaltReason.TABLE_REPLACED, detail)
    counted = yield from _fence(me, meta.stream)
    if counted is not None and counted < meta.row:  # the table cannot say which rows before the commit went missing
        detail = f"the commit at offset {offset} says its stream holds {meta.row} rows, the stream counts {counted}"
        raise Halt(me.partition, HaltReason.COUNT_MISMATCH, detail)
    log_moved = offset < position.log.low
    if counted is None or meta.cfg != CFG or log_moved:
        return (yield from _from_table(offset)), 0
    return offset, meta.row - counted


def _fence(me: Identity, stream: str | None) -> Generator[Action, Any, int | None]:
    """Finalize and count. None: gone, or finalized without a count; either way nobody appends to it again."""
    if stream is None:
        return 0
    try:
        return int((yield from patiently(Finalize(stream))))
    except (StreamNotFound, StreamFinalized):
        return None
    except Refused as error:
        raise Halt(me.partition, HaltReason.REFUSED, f"finalizing its stream: {error}") from error


def _from_table(floor: int) -> Generator[Action, Any, int]:
    """The offset after the highest live row over all epochs, or `floor` if that is higher."""
    highest = yield from patiently(HighestLive())
    return floor if highest is None else max(floor, highest + 1)


def _after_unknown_writer(me: Identity, floor: int) -> Generator[Action, Any, int]:
    """No stream to fence: outwait a writer that may still have one open, and believe only a table at rest."""
    first = yield from patiently(HighestLive())
    if first is None:
        return floor
    yield Wait(me.append_deadline_s + UNKNOWN_WRITER_S)
    second = yield from patiently(HighestLive())
    if second != first:
        detail = f"its highest landed offset went from {first} to {second} while nobody should write"
        raise Halt(me.partition, HaltReason.UNKNOWN_STREAM, detail)
    return max(floor, int(first) + 1)


def _first_offset(me: Identity, position: Position) -> Generator[Action, Any, int]:
    """No commit: a new group, a partition added later, a recreated topic, or commits that were lost."""
    landed = yield from patiently(TopicIdsLanded())
    if me.topic_id in landed:
        return (yield from _after_unknown_writer(me, position.log.low))
    if landed:
        detail = f"no commit, and rows only under topic id {', '.join(sorted(landed))}; the topic is {me.topic_id}"
        raise Halt(me.partition, HaltReason.TOPIC_REPLACED, detail)
    added_later = position.started_with is not None and me.partition >= position.started_with
    if me.start_at == "earliest" or added_later:
        return position.log.low
    if me.start_at == "latest":
        return position.log.end
    return int((yield from patiently(OffsetAt(datetime.fromisoformat(me.start_at)))))


def _inside_log(me: Identity, position: Position, offset: int) -> None:
    log = position.log
    if offset < log.low:
        detail = f"offsets {offset} to {log.low - 1} are gone from the log"
        raise Halt(me.partition, HaltReason.BELOW_LOG, detail)
    if offset > log.end:
        detail = f"resume at {offset}, the log ends at {log.end}"
        raise Halt(me.partition, HaltReason.BEYOND_LOG, detail)


def _open_and_publish(
    me: Identity, position: Position, before: CommitMetadata | None, offset: int, row: int
) -> Recovering:
    """A new stream, made known under the committed offset before anything is appended to it."""
    try:
        stream = yield from patiently(OpenStream())
    except Refused as error:
        raise Halt(me.partition, HaltReason.REFUSED, f"opening a stream: {error}") from error
    at, started_with = (before.at if before else None), (position.started_with or position.partitions)
    meta = CommitMetadata(stream, me.new_epoch(), me.topic_id, position.table_created, row, at, started_with)
    while True:
        outcome: CommitOutcome = yield Publish(Commit(offset, meta.encode()))
        if outcome is CommitOutcome.APPLIED:
            return Start(offset, meta, landed=-row)
        if outcome is CommitOutcome.INVALID:
            raise Halt(me.partition, HaltReason.DEFECT, "the broker refused the commit's metadata")
        if outcome is not CommitOutcome.REBALANCING:
            raise Ousted(f"publish {outcome.value}", rejoin=outcome is not CommitOutcome.FENCED)
        yield Wait(RETRY_S)


def check(me: Identity, start: Start) -> Generator[Action, Any, None]:
    """Compare the table with what the fenced streams counted. Raises Halt with both numbers.

    Looks at the narrow range of business dates first (cheap), then at all a record can have, until rows
    have had time to become visible. A count that is too large is believed at once.
    """
    at, epoch = start.metadata.at, start.metadata.epoch
    narrow, wide = (at or me.now()) - SKEW, (at - me.max_past - SKEW if at else BEGINNING)
    waited, pause = 0.0, RETRY_S
    while True:
        for since in (narrow, wide):
            found = yield from patiently(CountLive(start.offset, since, epoch))
            if found == start.landed:
                return
        if found > start.landed or waited >= VISIBILITY_S:
            detail = f"at or after offset {start.offset} the streams count {start.landed} rows, the table {found}"
            raise Halt(me.partition, HaltReason.COUNT_MISMATCH, detail)
        yield Wait(pause)
        waited, pause = waited + pause, min(2 * pause, LONGEST_PAUSE_S)


def patiently(action: Action) -> Generator[Action, Any, Any]:
    """Repeat a repeatable action until it is answered; what the answer says is the caller's to judge."""
    while True:
        try:
            return (yield action)
        except AccessDenied as error:
            yield denied(error)
        except (Unavailable, QuotaExceeded, BrokerError):
            yield Wait(RETRY_S)
