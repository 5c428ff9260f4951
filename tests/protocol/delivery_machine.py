"""The same world driven by Hypothesis: the committed statement is true after every step, whatever the order.

A subclass may put a mutant in the place of the protocol; `noticed` then says in which example it was seen.
"""

import random
from typing import ClassVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from mutants import Mutant
from simulated_worker import ChecksBehind, Worker
from simulated_world import World

from streaming.protocol.metadata import decode

SETTLING = 900
"""Steps in which everything must be landed once the storm is over."""
SOUND = Mutant("the protocol as it is")


class Delivery(RuleBasedStateMachine):
    mutant: ClassVar[Mutant] = SOUND
    begun: ClassVar[int] = 0
    noticed: ClassVar[int | None] = None

    @initialize(seed=st.integers(0, 2**16), behind=st.booleans())
    def begin(self, seed, behind):
        type(self).begun += 1
        self.world: World = self.mutant.world(random.Random(seed))
        self.worker: Worker | None = None
        self.zombies: list[Worker] = []
        self.worker_of = ChecksBehind if behind and self.mutant.worker is Worker else self.mutant.worker

    def claim(self, true: bool, what: str) -> None:
        if not true:
            cls = type(self)
            cls.noticed = cls.noticed or cls.begun
            raise AssertionError(what)

    def turn(self) -> bool:
        """One step of the owner, or of the process that follows it."""
        self.worker = self.worker or self.worker_of(self.world, self.mutant.partition)
        if not self.worker.step():
            self.claim(self.worker.partition.halt is None, str(self.worker.partition.halt))
            self.worker = None
        return self.worker is not None

    @rule(turns=st.integers(1, 12))
    def owner_works(self, turns):
        for _ in range(turns):
            if not self.turn():
                return

    @precondition(lambda self: self.zombies)
    @rule(which=st.integers(0), turns=st.integers(1, 6))
    def a_zombie_wakes(self, which, turns):
        zombie = self.zombies[which % len(self.zombies)]
        if not all(zombie.step() for _ in range(turns)):
            self.zombies.remove(zombie)

    @rule()
    def crash(self):
        self.worker = None

    @precondition(lambda self: self.worker)
    @rule()
    def pause_past_the_session(self):
        self.zombies.append(self.worker)  # type: ignore[arg-type]  # the precondition
        self.worker = None
        self.world.generation += 1

    @precondition(lambda self: self.worker)
    @rule()
    def leave_in_order(self):
        self.worker.give_up()  # type: ignore[union-attr]  # the precondition
        self.worker = None
        self.world.generation += 1

    @rule()
    def produce(self):
        self.world.produce()

    @rule()
    def a_late_request_arrives(self):
        self.world.deliver_late()

    @rule()
    def retention(self):
        self.world.trim()

    @precondition(lambda self: self.world.streams)
    @rule(back=st.integers(1, 3))
    def a_stream_expires(self, back):
        self.world.streams[list(self.world.streams)[-min(back, len(self.world.streams))]].gone = True

    @invariant()
    def no_row_is_doubled(self):
        rows = self.world.table()
        self.claim(len(rows) == len(set(rows)), "a row twice")

    @invariant()
    def the_commit_is_a_true_statement(self):
        """The first record delivered at or after k is row `row` of the stream; what a negative row skips exists."""
        meta = decode(self.world.commit.metadata) if self.world.commit else None
        if meta is None or self.world.commit is None or self.mutant.loses_by_design:
            return
        landed, rows = set(self.world.table()), self.world.streams[meta.stream or ""].rows
        before = (o for o in self.world.log if o < self.world.commit.offset)
        self.claim(landed.issuperset(before), "committed beyond what is landed")
        after = [o for o in self.world.log if o >= self.world.commit.offset]
        skipped = max(0, -meta.row)
        self.claim(landed.issuperset(after[:skipped]), "skips what is not landed")
        rest = rows[max(0, meta.row) :]
        self.claim(rest == after[skipped:][: len(rest)], "the row beside the offset is another record's")

    @invariant()
    def only_the_published_stream_can_take_rows(self):
        meta = decode(self.world.commit.metadata) if self.world.commit else None
        named = meta.stream if meta else None
        others = [s for name, s in self.world.streams.items() if name != named]
        self.claim(not [s for s in others if s.rows and not s.final and not s.gone], "a stream is left open")

    def settled(self) -> bool:
        """Everything is shown, delivered and committed: whoever turns now only waits."""
        shown = self.world.shown == len(self.world.log)
        end = self.world.log[-1] + 1
        return shown and not self.world.wire and self.worker is not None and self.worker.partition.committed == end

    def teardown(self):
        if not hasattr(self, "world"):
            return
        self.world.calm = True
        for _ in range(SETTLING):
            self.world.produce()
            self.world.deliver_late()
            if self.turn() and self.settled():
                break
        landed = self.world.table()
        self.claim(len(landed) == len(set(landed)), "a row twice")
        self.claim(sorted(landed) == self.world.log or self.mutant.loses_by_design, "a record is missing")


def examples_until_noticed(mutant: Mutant, most: int) -> int | None:
    """In which example of the machine the mutant is seen; None if in none of `most`. The same each time."""
    machine = type("Mutated", (Delivery,), {"mutant": mutant})
    chosen = settings(
        max_examples=most,
        stateful_step_count=30,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        print_blob=False,
    )
    with mutant.alive():
        try:
            run_state_machine_as_test(machine, settings=chosen)
        except Exception:
            if machine.noticed is None:  # not by a claim: a defect of the machine, or the mutant's own end
                machine.noticed = machine.begun
    found: int | None = machine.noticed
    return found
