"""Mutants of the partition: when it takes a row for landed, and what it commits."""

from dataclasses import replace
from typing import Any

from meddled_steps import meddled
from offset_blocks import TODAY, offsets_of

from streaming.ports import AlreadyExists, Commit, StreamFinalized
from streaming.protocol import actions as a
from streaming.protocol import delivery, recovery
from streaming.protocol.halts import FenceAgain
from streaming.protocol.metadata import decode
from streaming.protocol.partition import Partition, Progress


class CommitsBeforeTheAck(Partition):
    def _land_blocks(self, landed: Progress) -> a.Steps:
        def taken(action: a.Action) -> a.Action:
            if isinstance(action, a.Append):
                sent = offsets_of(action.payload)
                landed.offset, landed.row = sent[-1] + 1, landed.row + len(sent)
            return action

        return meddled(super()._land_blocks(landed), taken)


class CommitsTheRowAhead(Partition):
    ahead = 0

    def _land_blocks(self, landed: Progress) -> a.Steps:
        def counted(action: a.Action) -> a.Action:
            self.ahead = action.rows if isinstance(action, a.Append) else 0
            return action

        return meddled(super()._land_blocks(landed), counted)

    def commit_due(self, last: bool = False) -> Commit | None:
        due = super().commit_due(last)
        meta = decode(due.metadata) if due else None
        return due and meta and Commit(due.offset, replace(meta, row=meta.row + self.ahead).encode())


class TrustsAlreadyExists(Partition):
    def _land_blocks(self, landed: Progress) -> a.Steps:
        return meddled(super()._land_blocks(landed), forgive=(AlreadyExists,))


class DropsTheCounterAfterTheFirstFetch(Partition):
    def _land_blocks(self, landed: Progress) -> a.Steps:
        fetches = 0

        def forget(action: a.Action) -> a.Action:
            nonlocal fetches
            if isinstance(action, a.NextBlock):
                fetches += 1
                landed.row = landed.row if fetches == 1 else max(0, landed.row)
            return action

        return meddled(super()._land_blocks(landed), forget)


def carry_on_in_a_new_stream(self: Partition, landed: Progress) -> a.Steps:
    def serialise(rows: Any) -> bytes:
        return self.serialiser(rows, self.start.metadata.epoch, TODAY)  # type: ignore[union-attr]  # recovered

    while True:
        block = yield a.NextBlock()
        while True:
            try:
                row, _ = yield from delivery.deliver(0, self.stream or "", landed.row, block, serialise)
                break
            except FenceAgain as doubt:
                if not isinstance(doubt.__cause__, StreamFinalized):
                    raise
                assert self.start is not None
                fresh = replace(self.start.metadata, stream=(yield from recovery.patiently(a.OpenStream())))
                self.start, landed.row = replace(self.start, metadata=fresh), min(0, landed.row)
        landed.offset, landed.row, landed.at = block.next_offset, row, block.last_timestamp
