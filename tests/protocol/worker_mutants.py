"""Mutants of whoever performs the steps."""

from dataclasses import replace
from typing import Any

from simulated_worker import Worker

from streaming.ports import Commit, LogRange
from streaming.protocol import actions as a
from streaming.protocol.metadata import decode


class LastEpochOnly(Worker):
    def _perform(self, action: a.Action | None) -> Any:
        meta = decode(self.world.commit.metadata) if self.world.commit else None
        if isinstance(action, a.HighestLive) and meta and meta.stream:
            return max(self.world.streams[meta.stream].rows, default=None)
        return super()._perform(action)


class CountsWithoutFinalizing(Worker):
    def _perform(self, action: a.Action | None) -> Any:
        if isinstance(action, a.Finalize) and not self.world.streams[action.stream].gone:
            return len(self.world.streams[action.stream].rows)
        return super()._perform(action)


class IgnoresTheLogsStart(Worker):
    honest = False

    def _perform(self, action: a.Action | None) -> Any:
        answer = super()._perform(action)
        return replace(answer, log=LogRange(0, answer.log.end)) if isinstance(answer, a.Position) else answer


class CommitsWhatItDoesNotOwn(Worker):
    """A member in good standing, whose partition is another's by now: the broker takes its commits (measured)."""

    def _commit(self) -> bool:
        self.generation, self.member = self.world.generation, self.world.member
        return super()._commit()


class CountsEpochs(Worker):
    """A counter that each process starts anew."""

    def _new_epoch(self) -> str:
        self.opened += 1
        return f"e{self.opened}"


class CommitsInTwoParts(Worker):
    """The offset, then the metadata: a store for the row outside the commit."""

    def _commit(self) -> bool:
        due, before = self.partition.commit_due(), self.world.commit
        if due and before and self.world.random.random() < 0.3:
            self.world.send_commit(Commit(due.offset, before.metadata), self.generation, self.member)
            return False
        return super()._commit()
