"""Each kind of attack, done to a running pipeline. Afterwards every member is at work again."""

import os
import resource
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import psutil
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]  # not in its __all__

from benchmarks.chaos.plan import GIVING_UP, MEMBERS, Attack
from benchmarks.chaos.watching import Kill, Watch
from sandbox.demo.consumers import Member
from sandbox.platform.instance import RunningPlatform

PARTITIONS: Final = 6
REACH_S: Final = 60.0
"""To come to a failpoint; after that the armed process is killed as it is."""
BROKER_STOPPED_S: Final = 2.0
THIRD: Final = "member-3"
ADDED: Final = 2
"""Partitions that one attack adds: one for each member."""
MEMORY_LEFT: Final = 1 << 20
"""Bytes of address space: what is mapped stays, nothing is added."""
FULL_S: Final = 8.0
"""To end for want of memory; what the allocator keeps may be enough for one's work. Then it is killed."""
BACKLOG_S: Final = 4.0
"""Of traffic: its window and request are larger than what the allocator keeps; half of a session."""


class Attacker:
    """`others`: times of what is no kill with a restart at once. `not_reached`: failpoints that nothing came to."""

    def __init__(self, platform: RunningPlatform, watch: Watch) -> None:
        self.platform, self.watch = platform, watch
        self.partitions = PARTITIONS
        self.others: list[dict[str, Any]] = []
        self.not_reached: list[str] = []

    def do(self, attack: Attack) -> None:
        """Attack, and wait until the members are at work. Raises Failed."""
        self.watch.pause(attack.after_s)
        kinds: dict[str, Callable[[Attack], None]] = {
            "point": self._point, "drain": self._drain, "join": self._join, "table": self._table,
            "zombie": self._zombie, "pair": self._pair, "trio": self._trio, "term": self._term,
            "broker": self._broker, "restart": self._restart, "widen": self._widen, "memory": self._memory,
        }  # fmt: skip
        kinds[attack.kind](attack)
        self.recovered()

    def recovered(self) -> None:
        """Wait until all members are at work, and all partitions are somebody's."""
        names = [member.name for member in self.watch.crew.members]
        self.watch.until(lambda: all(self.watch.at_work(name) for name in names), "members at work")
        self.watch.until(lambda: self.watch.own(names, self.partitions), "all partitions delivered")
        self.watch.tend()  # which writes it down

    # --- kills at failpoints ---

    def _armed(self, attack: Attack) -> Kill:
        """Kill the member; its next process is armed, and expected to die of it."""
        name, failpoint = attack.member, attack.failpoint
        assert failpoint is not None
        self.watch.crew.next_start[name] = {"TIDEMARK_FAILPOINT": str(failpoint)}
        first = self.watch.kill(name)
        self.watch.until(lambda: self.watch.member(name).pid not in (None, first.pid), f"{name} started again")
        return self.watch.expect(name, str(failpoint.point), "failpoint", failpoint)

    def _dies(self, kill: Kill, attack: Attack, limit_s: float = REACH_S) -> None:
        if self.watch.within(lambda: kill.at is not None, limit_s):
            return
        self.not_reached.append(f"{attack.kind} {attack.failpoint or ''}".strip())
        kill.point, kill.how = "any moment", "sigkill"
        os.kill(kill.pid, signal.SIGKILL)
        self.watch.until(lambda: kill.at is not None, f"{kill.member} is dead")

    def _point(self, attack: Attack) -> None:
        self._dies(self._armed(attack), attack)

    def _drain(self, attack: Attack) -> None:
        kill = self._armed(attack)
        self.watch.until(lambda: self.watch.at_work(attack.member), f"{attack.member} at work")
        self.watch.pause(attack.after_s)
        self.watch.dismiss(attack.member)
        if attack.failpoint is not None:
            kill.point = (
                f"{attack.failpoint.point}, drain" if attack.failpoint.point.startswith("revok") else kill.point
            )
        self._dies(kill, attack)

    def _join(self, attack: Attack) -> None:
        """A third member joins, which takes partitions from the armed one; afterwards it leaves in order."""
        kill = self._armed(attack)
        self.watch.until(lambda: self.watch.at_work(attack.member), f"{attack.member} at work")
        third = self._joins()
        self._dies(kill, attack)
        if kill.point in GIVING_UP:
            kill.point += ", rebalance"
        self.recovered()
        self._leaves(third)

    def _joins(self) -> Member:
        crew = self.watch.crew
        third = Member(THIRD, crew.members[0].log.with_name("consumer-3.log"))
        crew.members.append(third)
        crew.start()
        return third

    def _leaves(self, third: Member) -> None:
        crew, process = self.watch.crew, third.process
        self.watch.dismiss(THIRD)
        began = time.monotonic()
        crew.members.remove(third)
        assert process is not None
        self.watch.until(lambda: process.poll() is not None, f"{THIRD} drained")
        self.watch.until(lambda: self.watch.own(list(MEMBERS), self.partitions), "its partitions taken over")
        self._took("a member leaves for good", began)

    def _table(self, attack: Attack) -> None:
        """The warehouse restarts: write streams are gone, nothing can be counted."""
        kill = self._armed(attack)
        self.watch.until(lambda: self.watch.at_work(attack.member), f"{attack.member} at work")
        os.kill(self.platform.bigquery_pid, signal.SIGKILL)
        self.platform.restart_emulator()  # back as soon as it answers, without which nobody comes to the failpoint
        self._dies(kill, attack)

    def _zombie(self, attack: Attack) -> None:
        """It stops at its failpoint until the group has given its partitions to others; then it wakes."""
        kill = self._armed(attack)
        self.watch.kills.remove(kill)
        name, process = attack.member, psutil.Process(kill.pid)
        if not self.watch.within(lambda: process.status() == psutil.STATUS_STOPPED, REACH_S):
            self.not_reached.append(f"{attack.kind} {attack.failpoint}")
            process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        self.watch.cut_short(name)
        others = [member for member in MEMBERS if member != name]
        try:
            self.watch.until(lambda: self.watch.own(others, self.partitions), "a zombie's partitions taken over")
            self._took("a zombie is replaced", began)
        finally:
            process.send_signal(signal.SIGCONT)
        began = time.monotonic()
        self.watch.until(lambda: self._shared(name), "the zombie has partitions of its own again")
        self._took("a zombie works again", began)

    def _shared(self, name: str) -> bool:
        beats = self.watch.crew.beats()
        others = {p for n, beat in beats.items() if n != name for p in beat["partitions"] if self.watch.at_work(n)}
        return self.watch.at_work(name) and not others.intersection(beats[name]["partitions"])

    # --- kills at any moment ---

    def _pair(self, attack: Attack) -> None:
        self._at_once(MEMBERS, "both at once")

    def _trio(self, attack: Attack) -> None:
        third = self._joins()
        self.recovered()
        self._at_once((*MEMBERS, THIRD), "three at once")
        self.recovered()
        self._leaves(third)

    def _at_once(self, names: Sequence[str], point: str) -> None:
        kills = [self.watch.expect(name, point, "sigkill") for name in names]
        for kill in kills:
            os.kill(kill.pid, signal.SIGKILL)
        self.watch.until(lambda: all(kill.at is not None for kill in kills), "all are dead")

    def _memory(self, attack: Attack) -> None:
        """A container's limit: no further mapping succeeds, and a backlog that needs some is waiting when it goes on.
        It ends by itself in whatever it was doing."""
        kill = self.watch.expect(attack.member, "out of memory", "no more memory")
        process = psutil.Process(kill.pid)
        process.rlimit(resource.RLIMIT_AS, (MEMORY_LEFT, MEMORY_LEFT))
        process.send_signal(signal.SIGSTOP)
        self.watch.pause(BACKLOG_S)
        process.send_signal(signal.SIGCONT)
        self._dies(kill, attack, FULL_S)

    def _term(self, attack: Attack) -> None:
        kill = self.watch.expect(attack.member, "after SIGTERM", "sigterm, sigkill")
        self.watch.dismiss(attack.member)
        process = self.watch.member(attack.member).process
        deadline = time.monotonic() + attack.delay_s
        while time.monotonic() < deadline and process is not None and process.poll() is None:
            time.sleep(0.01)
        if process is not None and process.poll() is None:
            os.kill(kill.pid, signal.SIGKILL)
        self.watch.until(lambda: self.watch.member(attack.member).pid not in (None, kill.pid), "started again")

    def _broker(self, attack: Attack) -> None:
        os.kill(self.platform.kafka_pid, signal.SIGSTOP)
        try:
            self.watch.pause(BROKER_STOPPED_S)
            self.watch.kill(attack.member, "broker stopped")
        finally:
            os.kill(self.platform.kafka_pid, signal.SIGCONT)

    def _restart(self, attack: Attack) -> None:
        """Kafka dies without a word and comes back on its data; a member dies in between."""
        os.kill(self.platform.kafka_pid, signal.SIGKILL)
        self.watch.kill(attack.member, "broker down")
        began = time.monotonic()
        self.platform.restart_broker()
        self.watch.until(lambda: self.watch.own(list(MEMBERS), self.partitions), "delivering after a broker's restart")
        self._took("a broker is started again", began)

    def _widen(self, attack: Attack) -> None:
        """Partitions are added; a member that was to get one is killed as the group deals them."""
        before, self.partitions = self.partitions, self.partitions + ADDED
        admin = AdminClient({"bootstrap.servers": self.platform.bootstrap_servers, "log_level": 0})
        admin.create_partitions([NewPartitions(self.platform.topic, self.partitions)])[self.platform.topic].result(60)
        began = time.monotonic()
        self.watch.until(lambda: self._dealt() > before, "an added partition is dealt")
        self.watch.kill(attack.member, "partitions added")
        self.watch.until(lambda: self.watch.own(list(MEMBERS), self.partitions), "added partitions are delivered")
        self._took("added partitions are delivered", began)

    def _dealt(self) -> int:
        return len({number for beat in self.watch.crew.beats().values() for number in beat["partitions"]})

    def _took(self, what: str, began: float) -> None:
        self.others.append({"what": what, "seconds": round(time.monotonic() - began, 2)})
