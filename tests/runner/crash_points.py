"""One life of two members that passes every step of the protocol; the process dies at a chosen passing of one."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from runner_rig import Rig

from streaming.failpoints import Point
from streaming.runner.world import World


class Died(BaseException):
    """SIGKILL: nothing of the process may catch it."""


class CrashRig(Rig):
    """`point` None: nobody dies. `passed` counts the passings of all members."""

    def __init__(self, point: Point | None = None, nth: int = 1, **settings: object) -> None:
        self.passed: Counter[Point] = Counter()
        self.point, self.nth, self.died = point, nth, 0
        super().__init__(2, commit_interval_s=0.3, **settings)

    def world(self, name: str) -> World:
        return replace(super().world(name), passing=self.pass_by)

    def pass_by(self, point: Point) -> None:
        self.passed[point] += 1
        if point is self.point and self.passed[point] == self.nth:
            raise Died

    def or_die(self, name: str, step: Callable[[], object]) -> bool:
        """Let the member do something. If it dies of it, it is started again. Returns whether it lives."""
        try:
            step()
        except Died:
            self.died += 1
            self.kill(name)
            self.start(name)
            return False
        return True

    def turn(self, turns: int = 1) -> None:
        for _ in range(turns):
            for name, consumer in list(self.members.items()):
                self.or_die(name, consumer.turn)
            self.clock.advance(0.06)

    def produce_some(self) -> None:
        for partition in range(2):
            self.produce(partition, 3)

    def live(self) -> None:
        """Deliver, crash with rows uncommitted, lose a stream, share with a second member, drain."""
        self.start("member-0")
        self.turn(6)
        for _ in range(3):
            self.produce_some()
            self.turn(3)
        self.kill("member-0")
        self.start("member-0")
        self.turn(8)
        self.produce_some()
        self.turn(1)
        for stream in self.warehouse.open_streams:
            self.warehouse.expire(stream)
        self.produce_some()
        self.turn(12)
        self.start("member-1")
        self.turn(12)
        self.produce_some()
        self.turn(2)
        if self.or_die("member-0", self.members["member-0"].stop):
            self.kill("member-0")
            self.cluster.expire_session("member-0")
        self.produce_some()
        self.settle()
