"""The protocol with one tempting shortcut each: what the tests must be able to see. `python mutants.py 500` counts in
how many examples they do.

A mutant is production code with a subclass or a patched function, and dies in a seed by a lost record, a doubled
one, or a partition that halts although nothing but crashes, zombies and lost answers happened to it.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hostile_worlds import LandsPrefixes, TrimsOften
from partition_mutants import (
    CommitsBeforeTheAck,
    CommitsTheRowAhead,
    DropsTheCounterAfterTheFirstFetch,
    TrustsAlreadyExists,
    carry_on_in_a_new_stream,
)
from recovery_mutants import (
    filter_before_landing,
    nothing_from_the_table,
    open_without_publishing,
    publish_after_the_skip_with_the_old_row,
    publish_without_the_skip,
    resume_by_adding_the_count,
    skip_twice,
)
from simulated_worker import Worker
from simulated_world import World
from simulation import Outcome, run
from worker_mutants import (
    CommitsInTwoParts,
    CommitsWhatItDoesNotOwn,
    CountsEpochs,
    CountsWithoutFinalizing,
    IgnoresTheLogsStart,
    LastEpochOnly,
)

from streaming.protocol import partition as owner
from streaming.protocol import recovery
from streaming.protocol.partition import Partition


@dataclass(frozen=True)
class Mutant:
    name: str
    partition: type[Partition] = Partition
    worker: type[Worker] = Worker
    world: type[World] = World
    patches: Mapping[tuple[Any, str], Any] = field(default_factory=dict)
    loses_by_design: bool = False
    """It leaves records out on purpose: only doubled rows and halts count against it."""

    @contextmanager
    def alive(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for (module, name), value in self.patches.items():
                patch.setattr(module, name, value)
            yield

    def outcome(self, seed: int) -> Outcome:
        with self.alive():
            return run(seed, self.partition, worker_of=self.worker, world_of=self.world)

    def dies_in(self, seed: int) -> str | None:
        outcome = self.outcome(seed)
        if outcome.doubled:
            return "doubled"
        if outcome.halted:
            return "halted"
        return "missing" if outcome.missing and not self.loses_by_design else None


MUTANTS = (
    Mutant("commit before the ack", CommitsBeforeTheAck),
    Mutant("ALREADY_EXISTS is success", TrustsAlreadyExists, world=LandsPrefixes),
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
    Mutant("no check of the log's start", worker=IgnoresTheLogsStart, world=TrimsOften),
    Mutant("commit what it does not own", worker=CommitsWhatItDoesNotOwn),
    Mutant("epochs from a counter", worker=CountsEpochs),
    Mutant("count without finalizing", worker=CountsWithoutFinalizing),
    Mutant("commit in two parts", worker=CommitsInTwoParts),
)


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[2]))
    from mutant_table import main

    sys.exit(main())
