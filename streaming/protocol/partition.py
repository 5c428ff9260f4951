"""One assigned partition from assignment to revocation: its states, its counter, what it may commit."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from streaming.failpoints import Passing, Point, unarmed
from streaming.ports import Commit, CommitAnswer, CommitOutcome, Refused
from streaming.protocol.actions import NextBlock, StartFetch, Steps, StopFetch
from streaming.protocol.delivery import deliver
from streaming.protocol.halts import FenceAgain, Halt, HaltReason, Ousted
from streaming.protocol.recovery import Identity, Start, check, recover
from streaming.stages.plan import Block


class State(Enum):
    """What a heartbeat shows."""

    RECOVERING = "recovering"
    RUNNING = "running"
    HALTED = "halted"


Serialiser = Callable[[Block, str, datetime], bytes]
"""(block, ownership epoch, loaded_at) -> one Arrow record batch."""


@dataclass(slots=True)
class Progress:
    """What of the partition is landed: the next offset after it, the next row, the last broker timestamp."""

    offset: int
    row: int
    at: datetime | None


@dataclass(slots=True)
class Partition:
    """The protocol of section 4 of the design for one partition. Pure: `steps` says what it wants done.

    Everything else here is asked by the runner between steps: what may be committed now, what is buffered.
    """

    identity: Identity
    serialiser: Serialiser
    check_first: bool = True
    on_landed: Callable[[Block], None] = lambda block: None
    on_event: Callable[..., None] = lambda event, **facts: None
    passing: Passing = unarmed
    state: State = State.RECOVERING
    halt: Halt | None = None
    queue: deque[Block] = field(default_factory=deque)
    start: Start | None = None
    checked: Start | None = None
    """The start whose check has passed: until then the old commit stays, so that a crash has it checked again."""
    landed: Progress | None = None
    committed: int | None = None
    outstanding: Commit | None = None

    @property
    def number(self) -> int:
        """The partition's number in its topic."""
        return self.identity.partition

    @property
    def stream(self) -> str | None:
        """The stream this owner appends to, once opened and published."""
        return self.start.metadata.stream if self.start else None

    @property
    def position(self) -> int | None:
        """The offset after what is landed; None before it is known."""
        return self.landed.offset if self.landed else self.committed

    @property
    def buffered(self) -> int:
        """Records enriched and not yet taken for an append."""
        return sum(len(block) for block in self.queue)

    @property
    def buffered_bytes(self) -> int:
        """Their estimated size."""
        return sum(block.nbytes for block in self.queue)

    def steps(self) -> Steps:
        """Recover, then append blocks in order, back to Fence whenever ownership is in doubt. Ends when halted."""
        while True:
            try:
                self.state = State.RECOVERING
                self.start = yield from recover(self.identity)
                self.passing(Point.PUBLISHED)
                self.committed = self.start.offset
                self.landed = Progress(self.start.offset, self.start.metadata.row, self.start.metadata.at)
                if self.check_first:
                    yield from self.check_landed()
                self._said("recovered", offset=self.start.offset, skip=self.start.landed)
                yield StartFetch(self.start.offset)
                self.state = State.RUNNING
                yield from self._land_blocks(self.landed)
            except FenceAgain as doubt:
                self._said("fence_again", level="warning", why=str(doubt))
                yield from self._stop()
            except (Halt, Refused) as error:
                self.halt = error if isinstance(error, Halt) else Halt(self.number, HaltReason.REFUSED, str(error))
                self.state = State.HALTED
                self._said("halt", level="error", why=str(self.halt))
                yield from self._stop()
                return

    def _land_blocks(self, landed: Progress) -> Steps:
        while True:
            block: Block = yield NextBlock()
            if block.first_offset < landed.offset:  # rows are numbered by counting: a record twice would be a row twice
                raise FenceAgain(f"offset {block.first_offset} came again, {landed.offset} was next")
            assert self.start is not None
            assert self.start.metadata.stream is not None
            if landed.row < 0:
                self.passing(Point.SKIP)
            epoch = self.start.metadata.epoch

            def serialise(rows: Block, epoch: str = epoch) -> bytes:
                return self.serialiser(rows, epoch, self.identity.now())

            steps = deliver(self.number, self.start.metadata.stream, landed.row, block, serialise)
            row, appended = yield from steps
            landed.offset, landed.row, landed.at = block.next_offset, row, block.last_timestamp
            if appended is not None:
                self.on_landed(appended)

    def _stop(self) -> Steps:
        """Drop what is not landed: it is delivered again, or an operator decides. Nothing more is committed."""
        self.landed = None
        yield StopFetch()
        self.queue.clear()

    def check_landed(self) -> Steps:
        """Compare the table with what the fenced streams counted; beside running appends with RECOVERY_CHECK=behind.
        Raises Halt."""
        start = self.start
        assert start is not None
        try:
            yield from check(self.identity, start)
        except Refused as error:
            raise Halt(self.number, HaltReason.REFUSED, f"counting its rows: {error}") from error
        self.passing(Point.CHECKED)
        self.checked = start

    def commit_due(self, last: bool = False) -> Commit | None:
        """What the group should be told next: offset and row of what is acknowledged, never ahead of it.

        `last`: before giving the partition up, so even while another commit's answer is outstanding.
        """
        if self.landed is None or self.start is None or self.landed.offset == self.committed:
            return None
        if self.checked is not self.start:
            return None
        if self.outstanding and not last:
            return None
        meta = self.start.metadata.at_row(self.landed.row, self.landed.at)
        return Commit(self.landed.offset, meta.encode())

    def commit_sent(self, commit: Commit) -> None:
        """A commit is on its way; no other until its answer."""
        self.outstanding = commit

    def commit_answered(self, answer: CommitAnswer) -> None:
        """Raises Ousted when the group has another owner, or might have."""
        sent, self.outstanding = self.outstanding, None
        if answer.outcome is CommitOutcome.APPLIED and sent is not None:
            self.committed = sent.offset
        elif answer.outcome not in (CommitOutcome.APPLIED, CommitOutcome.REBALANCING):
            raise Ousted(f"commit {answer.outcome.value}: {answer.detail}", answer.outcome is not CommitOutcome.FENCED)

    def _said(self, event: str, **facts: object) -> None:
        self.on_event(event, partition=self.number, **facts)
