"""Seeded schedules of faults for the whole consumer: two members that come and go, and services that misbehave."""

import random
from collections import Counter

from runner_rig import Rig

from streaming.adapters.memory_cluster import CommitFault
from streaming.adapters.memory_faults import Effect, Fault

PARTITIONS = 3
MEMBERS = ("member-0", "member-1")
STEPS = 22
APPEND_FAULTS = (Effect.LOSE_REQUEST, Effect.LOSE_ANSWER, Effect.DELAY, Effect.DUPLICATE, Effect.QUOTA, Effect.EXPIRE)
CALL_FAULTS = (Effect.LOSE_REQUEST, Effect.LOSE_ANSWER, Effect.DELAY)


class Schedule:
    """`run` ends with every fault healed and all records landed, or raises."""

    def __init__(self, seed: int, **settings: object) -> None:
        self.random = random.Random(seed)
        behind = {"recovery_check": self.random.choice(("before", "behind"))}
        interval = {"commit_interval_s": self.random.choice((0.06, 0.3, 1.5))}
        window = {"window_ms": self.random.choice((10, 150))}
        self.rig = Rig(PARTITIONS, **(behind | interval | window | settings))
        self.rig.warehouse.states_expected = self.random.random() < 0.7
        self.zombies: list[str] = []
        self.happened: Counter[str] = Counter()
        self.steps = {
            self.produce: 6,
            self.start: 3,
            self.kill: 2,
            self.drain: 1,
            self.pause_past_the_session: 1,
            self.wake: 1,
            self.break_an_append: 4,
            self.break_a_finalize: 2,
            self.break_a_commit: 2,
            self.expire_a_stream: 1,
            self.stall_the_broker: 1,
            self.rebalance: 1,
            self.leave_a_gap: 1,
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
        self.rig.settle()
        self.rig.warehouse.deliver_delayed()
        self.rig.cluster.deliver_delayed()
        return self.rig

    def heal(self) -> None:
        self.wake()
        self.rig.cluster.start()
        for name in MEMBERS:
            if name not in self.rig.members and name in self.rig.cluster.group.members:
                self.rig.start(name)
        if not self.rig.members:
            self.rig.start("member-0")
        for partition in range(PARTITIONS):
            self.rig.produce(partition)

    # --- what may happen ---

    def produce(self) -> None:
        self.rig.produce(self.random.randrange(PARTITIONS), self.random.randint(1, 4))

    def start(self) -> None:
        absent = [name for name in MEMBERS if name not in self.rig.members and name not in self.zombies]
        if absent:
            self.rig.start(self.random.choice(absent))

    def kill(self) -> None:
        if self.rig.members:
            self.rig.kill(self.random.choice(list(self.rig.members)))

    def drain(self) -> None:
        if self.rig.members:
            name = self.random.choice(list(self.rig.members))
            self.rig.members[name].stop()
            self.rig.kill(name)

    def pause_past_the_session(self) -> None:
        """Others get its partitions; it still believes that they are its own."""
        if self.rig.members and not self.zombies:
            name = self.random.choice(list(self.rig.members))
            self.zombies.append(name)
            self.paused = self.rig.members.pop(name)
            self.rig.cluster.expire_session(name)

    def wake(self) -> None:
        while self.zombies:
            self.rig.members[self.zombies.pop()] = self.paused

    def break_an_append(self) -> None:
        self.rig.warehouse.script(Fault("append", self.random.choice(APPEND_FAULTS)))

    def break_a_finalize(self) -> None:
        self.rig.warehouse.script(Fault("finalize", self.random.choice((*CALL_FAULTS, Effect.EXPIRE))))

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

    def leave_a_gap(self) -> None:
        self.rig.cluster.gap(self.random.randrange(PARTITIONS), 2)

    def deliver_late(self) -> None:
        self.rig.warehouse.deliver_delayed()
        self.rig.cluster.deliver_delayed()
