"""A Kafka cluster in memory: one topic, one consumer group, and the faults that tests script."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from streaming.adapters.clock import ManualClock
from streaming.adapters.memory_group import Group
from streaming.adapters.memory_log import Log
from streaming.ports import BrokerError, Clock, Commit, CommitOutcome, TopicFacts, TopicMissing


class CommitFault(Enum):
    """What happens to one commit request; its sender learns nothing (`CommitOutcome.UNKNOWN`)."""

    LOSE_REQUEST = "never applied"
    LOSE_ANSWER = "applied"
    DELAY = "applied by `deliver_delayed`, unless the sender was fenced by then"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends a commit: static id, number of the client, the generation it believes in."""

    member: str
    client: int
    generation: int | None


class MemoryCluster:
    """Deterministic and thread-safe. `MemoryBroker` is its client; tests write, break and move it by hand.

    `waits`: polls wait for records in real time, as the real client does. Off by default, so that tests
    with a manual clock take none.
    """

    def __init__(
        self, topic: str = "payments", partitions: int = 6, *, clock: Clock | None = None, waits: bool = False
    ) -> None:
        self.name = topic
        self.clock: Clock = clock or ManualClock()
        self.waits = waits
        self.cleanup_policy = "delete"
        self.timestamp_type = "LogAppendTime"
        self.changed = threading.Condition(threading.RLock())
        self.group = Group()
        self.logs = [Log() for _ in range(partitions)]
        self.running = True
        self.exists = True
        self._topics_made = 1
        self._faults: deque[CommitFault] = deque()
        self._delayed: list[tuple[Sender, int, Commit]] = []

    @property
    def topic_id(self) -> str:
        """Changes with `recreate`."""
        return f"memory-topic-{self._topics_made}"

    # --- what producers and operators do ---

    def produce(self, partition: int, *values: bytes | None, timestamp_ms: int | None = None) -> int:
        """Append records, stamped with the cluster's clock unless a time is given. Returns the last offset."""
        stamp = int(self.clock.now().timestamp() * 1000) if timestamp_ms is None else timestamp_ms
        with self.changed:
            offsets = [self.logs[partition].append(value, stamp) for value in values]
            self.changed.notify_all()
        return offsets[-1] if offsets else self.logs[partition].end - 1

    def gap(self, partition: int, count: int = 1) -> None:
        """Use up offsets without a record: transaction markers, aborted data."""
        with self.changed:
            self.logs[partition].skip(count)

    def begin_transaction(self, partition: int) -> None:
        """Hold the last stable offset here until `end_transaction`."""
        with self.changed:
            self.logs[partition].begin()

    def end_transaction(self, partition: int, *, commit: bool = True) -> None:
        """Let what was produced since be delivered, or turn it into a gap."""
        with self.changed:
            self.logs[partition].finish(commit=commit)
            self.changed.notify_all()

    def delete_records(self, partition: int, before: int) -> None:
        """Raise the low watermark, as retention does."""
        with self.changed:
            self.logs[partition].delete_before(before)

    def add_partitions(self, total: int) -> None:
        """Grow the topic; the group rebalances."""
        with self.changed:
            self.logs += [Log() for _ in range(total - len(self.logs))]
            self.group.rebalance(len(self.logs))
            self.changed.notify_all()

    def recreate(self, partitions: int | None = None) -> None:
        """Delete the topic and create it anew: another id, empty logs, commits gone, members not told."""
        with self.changed:
            self.logs = [Log() for _ in range(len(self.logs) if partitions is None else partitions)]
            self.group.commits.clear()
            self._topics_made += 1
            self.exists = True

    def delete_topic(self) -> None:
        """Delete the topic."""
        with self.changed:
            self.exists = False
            self.group.commits.clear()
            self.logs = [Log() for _ in self.logs]

    def stop(self) -> None:
        """No broker answers: polls bring nothing, commits stay unknown, questions raise."""
        with self.changed:
            self.running = False

    def start(self) -> None:
        """Undo `stop`."""
        with self.changed:
            self.running = True
            self.changed.notify_all()

    def expire_session(self, member: str) -> None:
        """The coordinator gives up on a member: others get its partitions. A zombie learns by polling."""
        with self.changed:
            self.group.expel(member, len(self.logs))
            self.changed.notify_all()

    def orphan(self, *partitions: int) -> None:
        """Nobody has these, and nobody shall, until the next rebalance. Seen on a real broker after a member died
        between giving partitions up in a rebalance and joining for the next one, and was back before anybody missed
        it."""
        with self.changed:
            for partition in partitions:
                self.group.target.pop(partition, None)
                self.group.owner.pop(partition, None)

    def rebalance(self) -> None:
        """Start a new generation, as any membership change does."""
        with self.changed:
            self.group.rebalance(len(self.logs))

    def forget_commits(self) -> None:
        """The group's commits expire (offsets.retention.minutes)."""
        with self.changed:
            self.group.commits.clear()

    # --- commits ---

    def script(self, *faults: CommitFault) -> None:
        """The next commits (one per partition) that would be applied meet these faults, in order."""
        with self.changed:
            self._faults.extend(faults)

    def deliver_delayed(self) -> int:
        """Let delayed commits arrive now, out of order as a network may. Returns how many were applied."""
        with self.changed:
            arrived, self._delayed = self._delayed, []
            return sum(
                self._apply(sender, partition, commit)[0] is CommitOutcome.APPLIED
                for sender, partition, commit in arrived
            )

    def commit(self, sender: Sender, partition: int, commit: Commit) -> tuple[CommitOutcome, str]:
        """One partition's commit as the coordinator, or the network before it, answers it."""
        with self.changed:
            if not self.running:
                return CommitOutcome.UNKNOWN, "no broker answered"
            outcome = self.group.answer(sender.member, sender.client, sender.generation, commit)[0]
            if outcome is not CommitOutcome.APPLIED or not self._faults:
                return self._apply(sender, partition, commit)
            fault = self._faults.popleft()
            if fault is CommitFault.LOSE_ANSWER:
                self._apply(sender, partition, commit)
            elif fault is CommitFault.DELAY:
                self._delayed.append((sender, partition, commit))
            return CommitOutcome.UNKNOWN, "timed out"

    def _apply(self, sender: Sender, partition: int, commit: Commit) -> tuple[CommitOutcome, str]:
        outcome, detail = self.group.answer(sender.member, sender.client, sender.generation, commit)
        if outcome is CommitOutcome.APPLIED:
            self.group.commits[partition] = commit
        return outcome, detail

    # --- questions ---

    def ask(self, partitions: Sequence[int] = ()) -> None:
        """What every question runs into first. Raises BrokerError, TopicMissing."""
        if not self.running:
            raise BrokerError("no broker answered")
        if not self.exists:
            raise TopicMissing(f"topic {self.name} does not exist")
        for partition in partitions:
            if not 0 <= partition < len(self.logs):
                raise BrokerError(f"topic {self.name} has no partition {partition}")

    def facts(self) -> TopicFacts:
        """Topic facts. Raises TopicMissing, BrokerError."""
        with self.changed:
            self.ask()
            return TopicFacts(self.topic_id, len(self.logs), self.cleanup_policy, self.timestamp_type)
