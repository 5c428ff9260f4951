"""The protocol with one tempting shortcut each: what the tests must be able to see. `python mutants.py 500` counts.

A mutant is production code with a subclass or a patched function, and dies in a seed by a lost record, a doubled
one, or a partition that halts although nothing but crashes, zombies and lost answers happened to it.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import simulated_world as sim

from streaming.ports import AlreadyExists, Commit, CommitOutcome, LogRange, StreamFinalized
from streaming.protocol import actions as a
from streaming.protocol import delivery, recovery
from streaming.protocol import partition as owner
from streaming.protocol.halts import FenceAgain, Ousted
from streaming.protocol.metadata import decode
from streaming.protocol.partition import Partition, Progress


def meddled(
    steps: a.Steps,
    change: Callable[[a.Action], a.Action] = lambda action: action,
    forgive: tuple[type[Exception], ...] = (),
) -> a.Steps:
    """The same steps with actions changed on their way out, and some errors answered as if all were well."""
    go_on, value = steps.send, None
    while True:
        try:
            action = go_on(value)
        except StopIteration as stop:
            return stop.value
        try:
            value, go_on = (yield change(action)), steps.send
        except forgive:
            value, go_on = None, steps.send
        except Exception as error:
            value, go_on = error, steps.throw


# --- mutants of the partition ----------------------------------------------------------------------------


class CommitsBeforeTheAck(Partition):
    def _land_blocks(self, landed: Progress) -> a.Steps:
        def taken(action: a.Action) -> a.Action:
            if isinstance(action, a.Append):
                sent = sim.offsets_of(action.payload)
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
        return self.serialiser(rows, self.start.metadata.epoch, sim.TODAY)  # type: ignore[union-attr]  # recovered

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
                fresh = replace(self.start.metadata, stream=(yield a.OpenStream()))
                self.start, landed.row = replace(self.start, metadata=fresh), min(0, landed.row)
        landed.offset, landed.row, landed.at = block.next_offset, row, block.last_timestamp


# --- mutants of recovery and delivery --------------------------------------------------------------------


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
    after = int((yield a.HighestLive())) + 1
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
        yield from delivery._append(partition, stream, row, sim.Offsets(kept), serialise)  # type: ignore[arg-type]
    return row + len(kept), None


def no_check(me: recovery.Identity, start: recovery.Start) -> Iterator[Any]:
    """For worlds that break the service's promises: what the check is there for."""
    yield from ()


# --- mutants of whoever performs the steps ----------------------------------------------------------------


class LastEpochOnly(sim.Worker):
    def _perform(self, action: a.Action | None) -> Any:
        meta = decode(self.world.commit.metadata) if self.world.commit else None
        if isinstance(action, a.HighestLive) and meta and meta.stream:
            return max(self.world.streams[meta.stream].rows, default=None)
        return super()._perform(action)


class CountsWithoutFinalizing(sim.Worker):
    def _perform(self, action: a.Action | None) -> Any:
        if isinstance(action, a.Finalize) and not self.world.streams[action.stream].gone:
            return len(self.world.streams[action.stream].rows)
        return super()._perform(action)


class IgnoresTheLogsStart(sim.Worker):
    honest = False

    def _perform(self, action: a.Action | None) -> Any:
        answer = super()._perform(action)
        return replace(answer, log=LogRange(0, answer.log.end)) if isinstance(answer, a.Position) else answer


class CommitsWhatItDoesNotOwn(sim.Worker):
    """A member in good standing, whose partition is another's by now: the broker takes its commits (measured)."""

    def _commit(self) -> bool:
        self.generation, self.member = self.world.generation, self.world.member
        return super()._commit()


class CountsEpochs(sim.Worker):
    """A counter that each process starts anew."""

    def _new_epoch(self) -> str:
        self.opened += 1
        return f"e{self.opened}"


class CommitsInTwoParts(sim.Worker):
    """The offset, then the metadata: a store for the row outside the commit."""

    def _commit(self) -> bool:
        due, before = self.partition.commit_due(), self.world.commit
        if due and before and self.world.random.random() < 0.3:
            self.world.send_commit(Commit(due.offset, before.metadata), self.generation, self.member)
            return False
        return super()._commit()


# --- the list --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    name: str
    partition: type[Partition] = Partition
    worker: type[sim.Worker] = sim.Worker
    world: type[sim.World] = sim.World
    patches: Mapping[tuple[Any, str], Any] = field(default_factory=dict)
    loses_by_design: bool = False
    """It leaves records out on purpose: only doubled rows and halts count against it."""

    @contextmanager
    def alive(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for (module, name), value in self.patches.items():
                patch.setattr(module, name, value)
            yield

    def outcome(self, seed: int) -> sim.Outcome:
        with self.alive():
            return sim.run(seed, self.partition, worker_of=self.worker, world_of=self.world)

    def dies_in(self, seed: int) -> str | None:
        outcome = self.outcome(seed)
        if outcome.doubled:
            return "doubled"
        if outcome.halted:
            return "halted"
        return "missing" if outcome.missing and not self.loses_by_design else None


MUTANTS = (
    Mutant("commit before the ack", CommitsBeforeTheAck),
    Mutant("ALREADY_EXISTS is success", TrustsAlreadyExists, world=sim.LandsPrefixes),
    Mutant("append before publishing", patches={(recovery, "_open_and_publish"): open_without_publishing}),
    Mutant("a new stream on FINALIZED", patches={(Partition, "_land_blocks"): carry_on_in_a_new_stream}),
    Mutant("publish (k, 0)", patches={(owner, "recover"): publish_without_the_skip}),
    Mutant("publish after the skip", patches={(owner, "recover"): publish_after_the_skip_with_the_old_row}),
    Mutant("resume at k + count", patches={(owner, "recover"): resume_by_adding_the_count}),
    Mutant("drop the counter after a fetch", DropsTheCounterAfterTheFirstFetch),
    Mutant("skip twice", patches={(owner, "deliver"): skip_twice}),
    Mutant("filter before landing", patches={(owner, "deliver"): filter_before_landing}, loses_by_design=True),
    Mutant("ignore NOT_FOUND", patches={(recovery, "_from_table"): nothing_from_the_table}),
    Mutant("fall back on the last epoch", worker=LastEpochOnly),
    Mutant("commit the row ahead", CommitsTheRowAhead),
    Mutant("no check of the log's start", worker=IgnoresTheLogsStart, world=sim.TrimsOften),
    Mutant("commit what it does not own", worker=CommitsWhatItDoesNotOwn),
    Mutant("epochs from a counter", worker=CountsEpochs),
    Mutant("count without finalizing", worker=CountsWithoutFinalizing),
    Mutant("commit in two parts", worker=CommitsInTwoParts),
)


def main(seeds: int) -> None:
    print(f"{'mutant, of ' + str(seeds) + ' seeds':34}{'missing':>8}{'doubled':>9}{'halted':>8}{'survived':>10}")
    for mutant in MUTANTS:
        deaths = [mutant.dies_in(seed) for seed in range(seeds)]
        columns = [deaths.count(kind) for kind in ("missing", "doubled", "halted", None)]
        print(f"{mutant.name:34}{columns[0]:8}{columns[1]:9}{columns[2]:8}{columns[3]:10}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
