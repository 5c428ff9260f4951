"""Whoever performs the protocol's steps in the simulated world: a process that owns the partition, or believes so."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from offset_blocks import TODAY, Offsets, serialise
from simulated_world import World

from streaming.ports import (
    AccessDenied,
    AlreadyExists,
    BrokerError,
    CommitAnswer,
    CommitOutcome,
    LogRange,
    OffsetOutOfRange,
    QuotaExceeded,
    RowsRejected,
    StreamFinalized,
    StreamNotFound,
    Unavailable,
)
from streaming.protocol import actions as a
from streaming.protocol.halts import FenceAgain, Halt, Ousted
from streaming.protocol.metadata import decode
from streaming.protocol.partition import Partition
from streaming.protocol.recovery import Identity

TOPIC_ID = "topic-1"
STEP_S = 0.05
"""Of the world's clock, which waits move on as well."""
NOTHING_YET = object()
ANSWERS = (
    *(Unavailable, AlreadyExists, StreamFinalized, StreamNotFound, OffsetOutOfRange, FenceAgain),
    *(QuotaExceeded, AccessDenied, RowsRejected, BrokerError),
)


class Worker:
    """A process that owns the partition, or believes so."""

    honest = True
    """Whether it heeds the broker's word that its position is outside the log."""

    def __init__(self, world: World, partition: type[Partition] = Partition) -> None:
        self.world, self.generation, self.member = world, world.generation, world.join()
        self.opened = 0
        identity = Identity(0, TOPIC_ID, "earliest", 30.0, self._new_epoch, self._now)
        self.partition = partition(identity, serialise)  # type: ignore[arg-type]
        self.steps = self.partition.steps()
        self.action: a.Action | None = next(self.steps)
        self.position: int | None = None

    def _new_epoch(self) -> str:
        self.opened += 1
        return f"e{self.member}-{self.opened}"

    def _now(self) -> datetime:
        return TODAY + timedelta(seconds=self.world.now_s)

    def step(self) -> bool:
        """Perform one action. False when this worker is over."""
        self.world.now_s += STEP_S
        if self.position is not None and self.world.random.random() < 0.3 and not self._commit():
            return False
        try:
            result = self._perform(self.action)
        except ANSWERS as error:
            thrown = error
            return self._go_on(lambda: self.steps.throw(thrown))
        except Ousted:
            return False
        if result is NOTHING_YET:
            return True
        return self._go_on(lambda: self.steps.send(result))

    def _go_on(self, step: Callable[[], a.Action]) -> bool:
        try:
            self.action = step()
        except (StopIteration, Ousted):
            self.action = None
            return False
        return True

    def give_up(self) -> None:
        """A revocation, or the end of the process: commit what is acknowledged, finalize, whatever the answers."""
        if due := self.partition.commit_due(last=True):
            self.partition.commit_sent(due)
            self.world.send_commit(due, self.generation, self.member)
        if self.partition.stream:
            with suppress(*ANSWERS):
                self.world.finalize(self.partition.stream)

    def _commit(self) -> bool:
        commit = self.partition.commit_due()
        if commit is None:
            return True
        self.partition.commit_sent(commit)
        outcome = self.world.send_commit(commit, self.generation, self.member)
        if outcome is CommitOutcome.UNKNOWN and self.world.random.random() < 0.5:
            return True  # nobody has noticed yet: the commit stays outstanding
        try:
            self.partition.commit_answered(CommitAnswer(0, outcome))
        except Ousted:
            return False
        return True

    def _perform(self, action: a.Action | None) -> Any:
        world = self.world
        match action:
            case a.ReadPosition():
                world.may_not_answer("position")
                return self._position()
            case a.Finalize(stream):
                return world.finalize(stream)
            case a.OpenStream():
                return world.open_stream()
            case a.Publish(commit):
                return world.send_commit(commit, self.generation, self.member)
            case a.CountLive(offset, _, besides):
                world.may_not_answer("count")
                return sum(row >= offset for row in world.seen(besides))
            case a.HighestLive():
                world.may_not_answer("highest")
                return max(world.seen(), default=None)
            case a.TopicIdsLanded():
                return {TOPIC_ID} if world.seen() else set()
            case a.Append(stream, offset, payload):
                sent = json.loads(payload)
                return world.append(stream, offset, sent["rows"], sent["epoch"])
            case a.StartFetch(offset):
                self.position = offset
                return None
            case a.StopFetch() | a.NextBlock() | a.Wait():
                return self._bide(action)
        return None

    def _position(self) -> a.Position:
        world = self.world
        log = LogRange(world.low, world.log[world.shown - 1] + 1)
        known = decode(world.commit.metadata) if world.commit else None
        return a.Position(world.commit, log, TOPIC_ID, 1, "t0", known.started_with if known else None)

    def _bide(self, action: a.StopFetch | a.NextBlock | a.Wait) -> Any:
        if isinstance(action, a.NextBlock):
            return self._next_block()
        if isinstance(action, a.Wait):
            self.world.now_s += action.seconds
            return None
        self.position = None
        if self.partition.outstanding is not None:  # its fate never came: a new client
            raise Ousted("unanswered commit", rejoin=True)
        return None

    def _next_block(self) -> Any:
        assert self.position is not None
        if self.position < self.world.low and self.honest:  # the broker says so once (-140); the runner interrupts
            raise FenceAgain("offset out of range")
        offsets = self.world.fetch(self.position)
        if not offsets:
            return NOTHING_YET
        self.position = offsets[-1] + 1
        return Offsets(offsets)


class ChecksBehind(Worker):
    """RECOVERY_CHECK=behind: the check runs beside the appends, as a lane of its own."""

    def __init__(self, world: World, partition: type[Partition] = Partition) -> None:
        super().__init__(world, partition)
        self.partition.check_first = False
        self.beside: a.Steps | None = None
        self.asked: a.Action | None = None
        self.found: Halt | None = None

    def _perform(self, action: a.Action | None) -> Any:
        answer = super()._perform(action)
        if isinstance(action, a.StartFetch):
            self._check(self.partition.check_landed(), None)
        elif isinstance(action, a.StopFetch):
            self.beside = self.found = None
        return answer

    def step(self) -> bool:
        if (found := self.found) is not None and isinstance(self.action, a.NextBlock | a.Wait):
            self.found = None
            return self._go_on(lambda: self.steps.throw(found))
        if self.beside is None or self.world.random.random() < 0.7:
            return super().step()
        try:
            self._check(self.beside, super()._perform(self.asked))
        except ANSWERS as error:
            self._check(self.beside, error)
        return True

    def _check(self, steps: a.Steps, answer: Any) -> None:
        try:
            self.asked = steps.throw(answer) if isinstance(answer, ANSWERS) else steps.send(answer)
            self.beside = steps
        except StopIteration:
            self.beside = None
        except Halt as halt:
            self.beside, self.found = None, halt
