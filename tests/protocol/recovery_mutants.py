"""Mutants of recovery and delivery: where the rows go on, and which of a block's rows are skipped."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from meddled_steps import meddled
from offset_blocks import Offsets

from streaming.ports import Commit, CommitOutcome
from streaming.protocol import actions as a
from streaming.protocol import delivery, recovery
from streaming.protocol.halts import Ousted
from streaming.protocol.metadata import decode


def publish_without_the_skip(me: recovery.Identity) -> recovery.Recovering:
    def forget(action: a.Action) -> a.Action:
        if not isinstance(action, a.Publish):
            return action
        meta = decode(action.commit.metadata)
        assert meta is not None
        return a.Publish(Commit(action.commit.offset, replace(meta, row=0).encode()))

    return meddled(recovery.recover(me), forget)


def publish_after_the_skip_with_the_old_row(me: recovery.Identity) -> recovery.Recovering:
    start = yield from recovery.recover(me)
    if not start.landed:
        return start
    after = int((yield from recovery.patiently(a.HighestLive()))) + 1
    if (yield a.Publish(Commit(after, start.metadata.encode()))) is not CommitOutcome.APPLIED:
        raise Ousted("publish", rejoin=True)
    return replace(start, offset=after)


def resume_by_adding_the_count(me: recovery.Identity) -> recovery.Recovering:
    """Offsets have gaps."""
    start = yield from recovery.recover(me)
    after, meta = start.offset + start.landed, replace(start.metadata, row=0)
    if (yield a.Publish(Commit(after, meta.encode()))) is not CommitOutcome.APPLIED:
        raise Ousted("publish", rejoin=True)
    return recovery.Start(after, meta, landed=0)


def open_without_publishing(me, position, before, offset, row):  # type: ignore[no-untyped-def]  # as the original
    stream = yield from recovery.patiently(a.OpenStream())
    meta = recovery.CommitMetadata(stream, me.new_epoch(), me.topic_id, "t0", row, before and before.at, 1)
    return recovery.Start(offset, meta, landed=-row)


def nothing_from_the_table(floor: int) -> Iterator[Any]:
    """NOT_FOUND ignored: as if there were nothing to skip."""
    yield from ()
    return floor


def skip_twice(partition: int, stream: str, row: int, block: Any, serialise: Any) -> Any:
    skipped = min(max(0, -row), len(block))
    if skipped == len(block):
        return row, None
    return (yield from delivery.deliver(partition, stream, row, block.tail(skipped), serialise))


def filter_before_landing(partition: int, stream: str, row: int, block: Any, serialise: Any) -> Any:
    skipped = min(max(0, -row), len(block))
    row += skipped
    kept = tuple(offset for offset in block.offsets[skipped:] if offset % 5)
    if kept:
        yield from delivery._append(partition, stream, row, Offsets(kept), serialise)  # type: ignore[arg-type]
    return row + len(kept), None


def no_check(me: recovery.Identity, start: recovery.Start) -> Iterator[Any]:
    """For worlds that break the service's promises: what the check is there for."""
    yield from ()
