"""The same world, driven by Hypothesis: the committed statement is true after every step, whatever the order."""

import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from simulated_world import Worker, World

from streaming.protocol.metadata import decode


class Delivery(RuleBasedStateMachine):
    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed):
        self.world = World(random.Random(seed))
        self.worker: Worker | None = None
        self.zombies: list[Worker] = []

    @rule(turns=st.integers(1, 12))
    def owner_works(self, turns):
        self.worker = self.worker or Worker(self.world)
        for _ in range(turns):
            if not self.worker.step():
                assert self.worker.partition.halt is None, str(self.worker.partition.halt)
                self.worker = None
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
        assert len(rows) == len(set(rows))

    @invariant()
    def the_commit_is_a_true_statement(self):
        """The first record delivered at or after k is row `row` of the stream; what a negative row skips exists."""
        meta = decode(self.world.commit.metadata) if self.world.commit else None
        if meta is None or self.world.commit is None:
            return
        landed, rows = set(self.world.table()), self.world.streams[meta.stream or ""].rows
        assert landed.issuperset(o for o in self.world.log if o < self.world.commit.offset)
        after = [o for o in self.world.log if o >= self.world.commit.offset]
        skipped = max(0, -meta.row)
        assert landed.issuperset(after[:skipped])
        assert rows[max(0, meta.row) :] == after[skipped:][: len(rows) - max(0, meta.row)]

    @invariant()
    def only_the_published_stream_can_take_rows(self):
        meta = decode(self.world.commit.metadata) if self.world.commit else None
        named = meta.stream if meta else None
        others = [s for name, s in self.world.streams.items() if name != named]
        assert not [s for s in others if s.rows and not s.final and not s.gone]

    def teardown(self):
        if not hasattr(self, "world"):
            return
        self.world.calm = True
        for _ in range(900):
            self.world.produce()
            self.world.deliver_late()
            self.worker = self.worker or Worker(self.world)
            if not self.worker.step():
                assert self.worker.partition.halt is None, str(self.worker.partition.halt)
                self.worker = None
        assert sorted(self.world.table()) == self.world.log


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
