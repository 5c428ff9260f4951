"""Seeded schedules of faults for the whole consumer: members that come and go, and services that misbehave.

The real runner, protocol and stages on the in-memory Kafka and BigQuery; a seed decides everything.
"""

import random
from collections import Counter

import polars as pl
from runner_rig import Rig

from streaming.adapters.memory_cluster import CommitFault
from streaming.adapters.memory_faults import Effect, Fault
from streaming.runner.consumer import Consumer

PARTITIONS = 3
MOST_PARTITIONS = 5
MEMBERS = ("member-0", "member-1", "member-2")
STEPS = 26
SETTLING = 1_500
"""Turns of 60 ms in which everything is landed once all is healed: a denied permission alone is waited out for 5 s."""
APPEND_FAULTS = (
    *(Effect.LOSE_REQUEST, Effect.LOSE_ANSWER, Effect.DELAY, Effect.DUPLICATE, Effect.QUOTA, Effect.EXPIRE),
    Effect.DENY,
)
CALL_FAULTS = (Effect.LOSE_REQUEST, Effect.LOSE_ANSWER, Effect.DELAY)
QUESTIONS = ("table_created", "count_live", "highest_live", "topic_ids_landed")
ODD = (None, b"", b"{", b"\xff", b'{"schema_version":2}', b"x" * 70_000)


class Schedule:
    """`run` ends with every fault healed and all records landed, or raises."""

    def __init__(self, seed: int, **settings: object) -> None:
        self.random = random.Random(seed)
        behind = {"recovery_check": self.random.choice(("before", "behind"))}
        interval = {"commit_interval_s": self.random.choice((0.06, 0.3, 1.5))}
        window = {"window_ms": self.random.choice((10, 150))}
        self.rig = Rig(PARTITIONS, **(behind | interval | window | settings))
        self.rig.warehouse.states_expected = self.random.random() < 0.7
        self.zombies: dict[str, Consumer] = {}
        self.sent: set[tuple[int, int]] = set()
        """Partition and offset of every record that a consumer may be delivered."""
        self.uncertain: dict[int, list[int]] = {}
        """Offsets in transactions that are open."""
        self.rejected = False
        self.happened: Counter[str] = Counter()
        self.steps = {
            self.produce: 6,
            self.produce_odd_ones: 1,
            self.start: 3,
            self.kill: 2,
            self.kill_two_at_once: 1,
            self.drain: 1,
            self.pause_past_the_session: 1,
            self.wake: 1,
            self.break_an_append: 4,
            self.reject_a_row: 1,
            self.break_a_finalize: 2,
            self.break_an_opening: 1,
            self.break_a_question: 1,
            self.break_a_commit: 2,
            self.expire_a_stream: 1,
            self.stall_the_broker: 1,
            self.rebalance: 1,
            self.add_a_partition: 1,
            self.leave_a_gap: 1,
            self.begin_a_transaction: 1,
            self.end_a_transaction: 1,
            self.delete_what_is_committed: 1,
            self.deliver_late: 2,
        }

    def run(self) -> Rig:
        self.rig.start("member-0")
        for _ in range(STEPS):
            step = self.random.choices(list(self.steps), list(self.steps.values()))[0]
            step()
            self.happened[step.__name__] += 1
            self.rig.turn(self.random.randint(0, 3))
        self.heal()
        self.rig.settle(SETTLING)
        self.rig.warehouse.deliver_delayed()
        self.rig.cluster.deliver_delayed()
        return self.rig

    def assert_exactly_once(self) -> None:
        """One live row of each record that was delivered, none of any other: aborted ones, gaps."""
        landed = self.rig.landed()
        assert {key: count for key, count in landed.items() if count != 1} == {}
        assert set(landed) == self.sent

    def fingerprint(self) -> tuple[object, ...]:
        """The same for the same seed: what was said, where each row lies, what was committed."""
        rows = self.rig.warehouse.rows().select(pl.all().hash().sum()).row(0)
        return [*map(repr, self.rig.journal.events)], rows, repr(self.rig.cluster.group.commits)

    def heal(self) -> None:
        self.wake()
        self.rig.cluster.start()
        for partition in list(self.uncertain):
            self._end_transaction(partition, commit=True)
        for name in MEMBERS:
            if name not in self.rig.members and name in self.rig.cluster.group.members:
                self.rig.start(name)
        if not self.rig.members:
            self.rig.start("member-0")
        for partition in range(len(self.rig.cluster.logs)):
            self._sent(partition, lambda p=partition: self.rig.produce(p))

    def _sent(self, partition, produce) -> None:
        """What `produce` appends is to be landed, if its transaction does not abort."""
        log = self.rig.cluster.logs[partition]
        before = log.end
        produce()
        offsets = range(before, log.end)
        if partition in self.uncertain:
            self.uncertain[partition] += offsets
        else:
            self.sent.update((partition, offset) for offset in offsets)

    def _partition(self) -> int:
        return self.random.randrange(len(self.rig.cluster.logs))

    # --- what may happen ---

    def produce(self) -> None:
        partition, count = self._partition(), self.random.randint(1, 4)
        self._sent(partition, lambda: self.rig.produce(partition, count))

    def produce_odd_ones(self) -> None:
        partition, values = self._partition(), self.random.sample(ODD, 2)
        self._sent(partition, lambda: self.rig.cluster.produce(partition, *values))

    def start(self) -> None:
        absent = [name for name in MEMBERS if name not in self.rig.members and name not in self.zombies]
        if absent:
            self.rig.start(self.random.choice(absent))

    def kill(self) -> None:
        if self.rig.members:
            self.rig.kill(self.random.choice(list(self.rig.members)))

    def kill_two_at_once(self) -> None:
        """Both start again at once, or nobody does."""
        names = self.random.sample(list(self.rig.members), min(2, len(self.rig.members)))
        for name in names:
            self.rig.kill(name)
        if self.random.random() < 0.5:
            for name in names:
                self.rig.start(name)

    def drain(self) -> None:
        if self.rig.members:
            name = self.random.choice(list(self.rig.members))
            self.rig.members[name].stop()
            self.rig.kill(name)

    def pause_past_the_session(self) -> None:
        """Others get its partitions; it still believes that they are its own."""
        if self.rig.members:
            name = self.random.choice(list(self.rig.members))
            self.zombies[name] = self.rig.members.pop(name)
            self.rig.cluster.expire_session(name)

    def wake(self) -> None:
        self.rig.members |= self.zombies
        self.zombies.clear()

    def break_an_append(self) -> None:
        self.rig.warehouse.script(Fault("append", self.random.choice(APPEND_FAULTS)))

    def reject_a_row(self) -> None:
        """Once: a row that is refused even as quarantined halts its partition, as it should."""
        if not self.rejected:
            self.rig.warehouse.script(Fault("append", Effect.REJECT_ROWS, rows=(0,)))
            self.rejected = True

    def break_a_finalize(self) -> None:
        self.rig.warehouse.script(Fault("finalize", self.random.choice((*CALL_FAULTS, Effect.EXPIRE, Effect.DENY))))

    def break_an_opening(self) -> None:
        effects = (Effect.LOSE_REQUEST, Effect.LOSE_ANSWER, Effect.QUOTA, Effect.DENY)
        self.rig.warehouse.script(Fault("open_stream", self.random.choice(effects)))

    def break_a_question(self) -> None:
        effects = (Effect.LOSE_REQUEST, Effect.QUOTA, Effect.DENY)
        self.rig.warehouse.script(Fault(self.random.choice(QUESTIONS), self.random.choice(effects)))

    def break_a_commit(self) -> None:
        self.rig.cluster.script(self.random.choice(list(CommitFault)))

    def expire_a_stream(self) -> None:
        if self.rig.warehouse.open_streams:
            self.rig.warehouse.expire(self.random.choice(self.rig.warehouse.open_streams))

    def stall_the_broker(self) -> None:
        self.rig.cluster.stop()
        self.rig.turn(2)
        self.rig.cluster.start()

    def rebalance(self) -> None:
        self.rig.cluster.rebalance()

    def add_a_partition(self) -> None:
        if len(self.rig.cluster.logs) < MOST_PARTITIONS:
            self.rig.cluster.add_partitions(len(self.rig.cluster.logs) + 1)

    def leave_a_gap(self) -> None:
        self.rig.cluster.gap(self._partition(), 2)

    def begin_a_transaction(self) -> None:
        partition = self._partition()
        if partition not in self.uncertain:
            self.rig.cluster.begin_transaction(partition)
            self.uncertain[partition] = []
            self._sent(partition, lambda: self.rig.produce(partition, 2))

    def end_a_transaction(self) -> None:
        if self.uncertain:
            self._end_transaction(self.random.choice(list(self.uncertain)), commit=self.random.random() < 0.5)

    def _end_transaction(self, partition: int, *, commit: bool) -> None:
        self.rig.cluster.end_transaction(partition, commit=commit)
        offsets = self.uncertain.pop(partition)
        self.sent.update((partition, offset) for offset in offsets if commit)

    def delete_what_is_committed(self) -> None:
        """Retention close behind the group."""
        for partition, commit in self.rig.cluster.group.commits.items():
            self.rig.cluster.delete_records(partition, commit.offset)

    def deliver_late(self) -> None:
        self.rig.warehouse.deliver_delayed()
        self.rig.cluster.deliver_delayed()
