"""No chance in it: one fault at each step there is, and a zombie that wakes at each step of its successor."""

import random
from collections.abc import Callable, Iterator

import pytest
from mutants import MUTANTS, Mutant
from simulated_worker import Worker
from simulated_world import World

RECORDS = 9
ENOUGH = 400
"""Steps in which nine records are landed many times over."""
SEEDS = range(2)
"""Of offsets, gaps and the sizes of batches."""
SOUND = Mutant("none")


class Quiet(World):
    """Nothing goes wrong but what is asked for: the request of that number has that fate."""

    def __init__(self, seed: int, asked: dict[int, str] | None = None) -> None:
        super().__init__(random.Random(seed), calm=True)
        self.asked, self.requests = asked or {}, 0
        self.log = self.log[:RECORDS]
        self.shown = RECORDS

    def fate(self, what: str) -> str | None:
        self.requests += 1
        kind = self.asked.get(self.requests)
        return None if kind == "rebalancing" and what != "commit" else kind


def owner(world: World, mutant: Mutant) -> Worker:
    return mutant.worker(world, mutant.partition)


def turns(worker: Worker, count: int) -> bool:
    return all(worker.step() for _ in range(count))


def landed(world: World, worker: Worker) -> bool:
    """All of it, and committed: from now on this owner only waits, and makes no request."""
    return worker.partition.committed == world.log[-1] + 1


def land(world: World, mutant: Mutant, worker: Worker | None = None) -> None:
    """The owner, or one after the other, until all is landed and committed; then every late request arrives."""
    for _ in range(ENOUGH):
        worker = worker or owner(world, mutant)
        if not worker.step():
            assert worker.partition.halt is None, str(worker.partition.halt)
            worker = None
        elif landed(world, worker):
            break
    while world.wire:
        world.deliver_late()
    assert sorted(world.table()) == world.log


def steps_to_the_end(seed: int) -> int:
    world = Quiet(seed)
    worker = owner(world, SOUND)
    return next(n for n in range(ENOUGH) if landed(world, worker) or not worker.step())


# --- what happens at a step: each yields as many runs as there are steps -------------------------------------


def a_crash(mutant: Mutant, seed: int) -> Iterator[None]:
    """Before a commit that is due, and right after it."""
    for step in range(steps_to_the_end(seed)):
        for committed in (False, True):
            world = Quiet(seed)
            worker = owner(world, mutant)
            if turns(worker, step) and committed and worker.position is not None:
                worker._commit()
            yield land(world, mutant)


def a_crash_and_another_at_once(mutant: Mutant, seed: int) -> Iterator[None]:
    for first in range(steps_to_the_end(seed)):
        for second in range(10):
            world = Quiet(seed)
            turns(owner(world, mutant), first)
            turns(owner(world, mutant), second)
            yield land(world, mutant)


def leaving_in_order(mutant: Mutant, seed: int) -> Iterator[None]:
    for step in range(steps_to_the_end(seed)):
        world = Quiet(seed)
        worker = owner(world, mutant)
        if turns(worker, step):
            worker.give_up()
        yield land(world, mutant)


def a_stream_that_expires(mutant: Mutant, seed: int) -> Iterator[None]:
    for step in range(steps_to_the_end(seed)):
        world = Quiet(seed)
        worker = owner(world, mutant)
        turns(worker, step)
        for stream in world.streams.values():
            stream.gone = True
        yield land(world, mutant, worker)


def a_zombie_that_wakes_at_each_step_of_its_successor(mutant: Mutant, seed: int) -> Iterator[None]:
    last = steps_to_the_end(seed)
    for step in range(1, last):
        for later in range(1, last):
            for crashes in (False, True):
                world = Quiet(seed)
                zombie = owner(world, mutant)
                if not turns(zombie, step):
                    continue
                world.generation += 1
                successor = owner(world, mutant)
                alive = turns(successor, later) and not crashes
                turns(zombie, 4)
                yield land(world, mutant, successor if alive else None)


def a_request_without_an_answer(mutant: Mutant, seed: int) -> Iterator[None]:
    """Lost, applied, or on its way until a later step; its sender goes on, or crashes."""
    last = steps_to_the_end(seed)
    for number in range(1, last):
        for kind in ("lost", "applied, answer lost", "late", "rebalancing"):
            for crashes in (False, True):
                for later in (0, 1, 2, 4, 7, 11) if kind == "late" else (0,):
                    world = Quiet(seed, {number: kind})
                    yield _unanswered(mutant, world, number, crashes, later)


def _unanswered(mutant: Mutant, world: Quiet, number: int, crashes: bool, later: int) -> None:
    worker = owner(world, mutant)
    for _ in range(ENOUGH):
        if world.requests >= number or landed(world, worker) or not worker.step():
            break
    if crashes or worker.action is None:
        worker = owner(world, mutant)
    alive = turns(worker, later)
    world.deliver_late()
    land(world, mutant, worker if alive else None)


HAPPENINGS: tuple[Callable[[Mutant, int], Iterator[None]], ...] = (
    a_crash,
    a_crash_and_another_at_once,
    leaving_in_order,
    a_stream_that_expires,
    a_zombie_that_wakes_at_each_step_of_its_successor,
    a_request_without_an_answer,
)


@pytest.mark.parametrize("happening", HAPPENINGS)
def test_at_every_step(happening):
    runs = sum(1 for seed in SEEDS for _ in happening(SOUND, seed))
    assert runs > 30


# --- mutants --------------------------------------------------------------------------------------------------

SEEN_BY = {
    "commit before the ack": a_crash,
    "append before publishing": a_crash_and_another_at_once,
    "publish (k, 0)": a_crash_and_another_at_once,
    "publish after the skip": a_crash_and_another_at_once,
    "resume at k + count": a_crash,
    "skip twice": a_crash,
    "drop the counter after a fetch": a_crash,
    "ignore NOT_FOUND": a_stream_that_expires,
    "a new stream on FINALIZED": a_zombie_that_wakes_at_each_step_of_its_successor,
    "count without finalizing": a_zombie_that_wakes_at_each_step_of_its_successor,
    "commit what it does not own": a_zombie_that_wakes_at_each_step_of_its_successor,
    "epochs from a counter": a_crash,
}


@pytest.mark.parametrize("name", SEEN_BY)
def test_a_shortcut_fails_at_some_step(name):
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    runs = (run for seed in SEEDS for run in SEEN_BY[name](mutant, seed))
    with mutant.alive(), pytest.raises(AssertionError):
        assert all(run is None for run in runs)
