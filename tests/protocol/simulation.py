"""One seed of the simulation: a storm of crashes, zombies, orderly leaving and the world's own faults, then calm."""

import random
from collections import Counter
from dataclasses import dataclass

from simulated_worker import Worker
from simulated_world import World

from streaming.protocol.halts import Halt
from streaming.protocol.partition import Partition


@dataclass(frozen=True)
class Outcome:
    lost: int
    """Records passed over: not landed, although later ones are or the commit says so."""
    missing: int
    """All that is not landed, be it that the pipeline never came so far."""
    doubled: int
    halted: Halt | None
    happened: Counter[str]
    first_missing: int | None = None


def run(
    seed: int,
    partition: type[Partition] = Partition,
    *,
    worker_of: type[Worker] = Worker,
    world_of: type[World] = World,
    storm: int = 600,
    calm: int = 600,
) -> Outcome:
    """A storm of faults, then calm in which the pipeline must land everything that is in the log."""
    world = world_of(random.Random(seed))
    worker: Worker | None = None
    zombies: list[Worker] = []
    for step in range(storm + calm):
        world.calm = step >= storm
        if not world.calm:
            worker = _weather(world, worker, zombies)
        if world.calm or world.random.random() < 0.05:
            world.produce()
        if world.random.random() < 0.3:
            world.deliver_late()
        worker = worker or worker_of(world, partition)
        acting = world.random.choice([worker, *zombies])
        if not acting.step():
            if acting.partition.halt is not None and acting is worker:
                return _outcome(world, acting.partition.halt)
            zombies[:] = [z for z in zombies if z is not acting]
            worker = None if acting is worker else worker
    return _outcome(world, None)


def _weather(world: World, worker: Worker | None, zombies: list[Worker]) -> Worker | None:
    fate = world.random.random()
    if fate < 0.04:
        world.happened["crash"] += 1
        return None
    if fate < 0.08 and worker is not None:
        zombies.append(worker)
        world.generation += 1
        world.happened["zombie"] += 1
        return None
    if fate < 0.10 and worker is not None:
        worker.give_up()
        world.generation += 1
        world.happened["left in order"] += 1
        return None
    if 1 - world.trim_rate - world.expiry_rate < fate < 1 - world.trim_rate and world.streams:
        world.streams[world.random.choice(list(world.streams)[-3:])].gone = True
        world.happened["expired"] += 1
    elif fate > 1 - world.trim_rate:
        world.trim()
    return worker


def _outcome(world: World, halt: Halt | None) -> Outcome:
    landed = Counter(world.table())
    missing = [o for o in world.log if not landed[o]]
    passed = max([*landed, world.commit.offset - 1 if world.commit else 0])
    doubled = sum(count - 1 for count in landed.values())
    lost, first = sum(o <= passed for o in missing), min(missing, default=None)
    return Outcome(lost, len(missing), doubled, halt, world.happened, first)
