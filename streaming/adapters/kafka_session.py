"""One life of a Kafka consumer: from subscribing to being closed, fenced or dropped.

The callbacks of the client run inside `poll`, on the polling thread. One that raised would make the client
assign partitions at offsets of its own choosing, so ours keep the exception and `poll` raises it afterwards.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streaming.adapters.kafka_commits import Commits, refused, sort_out, to_client
from streaming.adapters.kafka_config import AUTO_OFFSET_RESET, FATAL, QUIET, Complaints
from streaming.ports import Commit, CommitAnswer, CommitOutcome, Polled, Rebalances, Records, Stalled

_CLOSE_LIMIT_S: Final = 2.0
_READ_BACK_EVERY_S: Final = 0.005


class KafkaSession:
    """Not thread-safe: the polling thread's alone. `rebalances` hears what happens to the assignment."""

    def __init__(
        self,
        config: Mapping[str, Any],
        topic: str,
        rebalances: Rebalances,
        complaints: Complaints,
        read_back: Callable[[Sequence[int], float], Mapping[int, Commit | None]],
    ) -> None:
        self._topic = topic
        self._read_back = read_back
        self._rebalances = rebalances
        self._complaints = complaints
        self._owned: set[int] = set()
        self._fetching: set[int] = set()
        self._gone: set[int] = set()
        self._commits = Commits()
        self._dead: str | None = None
        self._raised: BaseException | None = None
        self._muted = False
        hooks = {"error_cb": self._on_error, "on_commit": self._on_commit}
        self._consumer = Consumer({**config, **hooks}, logger=QUIET)
        self._subscribe()

    def _subscribe(self) -> None:
        hear = {"on_assign": self._on_assign, "on_revoke": self._on_revoke, "on_lost": self._on_lost}
        self._consumer.subscribe([self._topic], **hear)

    # --- polling ---

    def poll(self, max_records: int, timeout_s: float) -> Polled:
        """One wait for a first message, then what is queued already: `consume` alone would wait for a full batch."""
        self._gone.clear()
        messages = []
        try:
            first = self._consumer.poll(timeout_s) if timeout_s > 0 else None
            messages = [] if first is None else [first]
            if (messages or timeout_s <= 0) and len(messages) < max_records:
                messages += self._consumer.consume(max_records - len(messages), 0)
        except KafkaException as exception:
            self._on_error(exception.args[0])
        if self._raised:
            raised, self._raised = self._raised, None
            raise raised
        errors = [message for message in messages if message.error() is not None]
        stalled = [found for message in errors if (found := self._failed(message)) is not None]
        return Polled(self._records(messages, bool(errors)), self._commits.take(), stalled, self._dead)

    def _records(self, messages: Sequence[Any], errors: bool) -> Records:
        good = messages
        if errors or self._gone:
            # A partition revoked by this very poll is another member's: what came before the callback is dropped.
            good = [m for m in messages if m.error() is None and m.partition() not in self._gone]
        return Records(
            partitions=[message.partition() for message in good],
            offsets=[message.offset() for message in good],
            timestamps_ms=[message.timestamp()[1] for message in good],
            values=[message.value() for message in good],
        )

    def _failed(self, message: Any) -> Stalled | None:
        error = message.error()
        if error.code() == AUTO_OFFSET_RESET:
            return Stalled(message.partition(), f"{error.str()} at {message.offset()} ({error.code()})")
        self._on_error(error)
        return None

    # --- what the client calls ---

    def _on_error(self, error: KafkaError) -> None:
        if self._muted:
            return
        if error.fatal() or error.code() == FATAL:
            self._dead = self._dead or error.str()
        self._complaints.say(error.code(), f"kafka: {error.name()}: {error.str()}")

    def _on_commit(self, error: KafkaError | None, positions: list[TopicPartition]) -> None:
        if not self._muted:
            self._guarded(lambda: self._commits.answered(error, positions))

    def _on_assign(self, consumer: Consumer, positions: list[TopicPartition]) -> None:
        consumer.incremental_assign([])  # suppresses the client's own: the partitions are held until `fetch_from`
        partitions = sorted(position.partition for position in positions)
        if self._muted or not partitions:
            return
        self._owned.update(partitions)
        self._guarded(lambda: self._rebalances.assigned(partitions))

    def _on_revoke(self, consumer: Consumer, positions: list[TopicPartition]) -> None:
        self._give_up(positions, self._rebalances.revoked)

    def _on_lost(self, consumer: Consumer, positions: list[TopicPartition]) -> None:
        self._give_up(positions, self._rebalances.lost)

    def _give_up(self, positions: list[TopicPartition], say: Callable[[Sequence[int]], None]) -> None:
        partitions = sorted(position.partition for position in positions if position.partition in self._owned)
        if partitions and not self._muted:
            self._guarded(lambda: say(partitions))
        fetched = self._fetching.intersection(partitions)
        self._fetching -= fetched
        # Also with nothing to give up: a callback without this call makes the client unassign what it never had.
        self._consumer.incremental_unassign(self._positions(fetched))
        self._owned.difference_update(partitions)
        self._gone.update(partitions)
        self._commits.forget(partitions)

    def _guarded(self, call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as raised:  # a KeyboardInterrupt too: it is kept, not swallowed
            self._raised = self._raised or raised

    # --- fetching ---

    def fetch_from(self, starts: Mapping[int, int]) -> None:
        """Start fetching; what is fetched already starts anew, since a seek fails on a stalled partition."""
        mine = {partition: offset for partition, offset in starts.items() if partition in self._owned}
        self.hold(list(mine))
        if not mine:
            return
        self._consumer.incremental_assign([TopicPartition(self._topic, p, offset) for p, offset in mine.items()])
        self._consumer.resume(self._positions(mine))  # the client remembers a pause across assignments
        self._fetching.update(mine)

    def hold(self, partitions: Sequence[int]) -> None:
        """Stop fetching."""
        mine = self._fetching.intersection(partitions)
        if mine:
            self._consumer.incremental_unassign(self._positions(mine))
        self._fetching -= mine

    def pause(self, partitions: Sequence[int]) -> None:
        """Deliver nothing of these for now."""
        self._consumer.pause(self._positions(self._fetching.intersection(partitions)))

    def resume(self, partitions: Sequence[int]) -> None:
        """Undo `pause`."""
        self._consumer.resume(self._positions(self._fetching.intersection(partitions)))

    def _positions(self, partitions: Iterable[int]) -> list[TopicPartition]:
        return [TopicPartition(self._topic, partition) for partition in sorted(partitions)]

    # --- commits ---

    def commit(self, offsets: Mapping[int, Commit]) -> None:
        """Send; the answers come through `_on_commit` during later polls."""
        self._commits.send(offsets)
        good, invalid = sort_out(offsets)
        for answer in invalid + self._send(good):
            self._commits.settle(answer)

    def commit_now(self, offsets: Mapping[int, Commit], timeout_s: float) -> list[CommitAnswer]:
        """Send, then read the commit back: offset and metadata are one record, so what comes back as it was sent
        is applied. A refusal looks like a late answer.

        The client's own blocking commit knows no time limit, stalls through a whole broker outage, and holds every
        other call up meanwhile, also from another thread; its callback comes only with a poll, which would take
        records and, inside a rebalance, is not possible.
        """
        if self._dead is not None:
            return [CommitAnswer(partition, CommitOutcome.DEAD, self._dead) for partition in sorted(offsets)]
        good, answers = sort_out(offsets)
        if not good:
            return answers
        return answers + (self._send(good) or self._read_back_until(good, timeout_s))

    def _read_back_until(self, offsets: Mapping[int, Commit], timeout_s: float) -> list[CommitAnswer]:
        end = time.monotonic() + timeout_s
        found: Mapping[int, Commit | None] = {}
        while found != offsets and (left := end - time.monotonic()) > 0:
            found = self._read_back(sorted(offsets), left)
            if found != offsets:
                time.sleep(_READ_BACK_EVERY_S)
        late = f"not read back within {timeout_s:g} s"
        return [
            CommitAnswer(p, CommitOutcome.APPLIED)
            if found.get(p) == offsets[p]
            else CommitAnswer(p, CommitOutcome.UNKNOWN, late)
            for p in sorted(offsets)
        ]

    def _send(self, offsets: Mapping[int, Commit]) -> list[CommitAnswer]:
        try:
            if offsets:
                self._consumer.commit(offsets=to_client(self._topic, offsets), asynchronous=True)
        except KafkaException as exception:
            return refused(exception.args[0], offsets)
        return []

    def deal_again(self) -> None:
        """Leave the group, which a static member does not do when it closes, and join it as a new member: the group
        rebalances. What is polled meanwhile is of partitions that are given up."""
        if self._dead is not None:
            return
        try:
            self._consumer.unsubscribe()
            self._until_revoked(time.monotonic() + _CLOSE_LIMIT_S)
            if self._dead is None:
                self._subscribe()
        except KafkaException as exception:
            self._on_error(exception.args[0])  # fenced meanwhile, for one: the next poll says that we are dead

    def _until_revoked(self, end: float) -> None:
        while self._owned and time.monotonic() < end:
            message = self._consumer.poll(_READ_BACK_EVERY_S)  # serves the revocation
            if message is not None and message.error() is not None:
                self._failed(message)
        if self._owned:  # their records were dropped here, so nothing of them may be delivered any more
            self._give_up(self._positions(self._owned), self._rebalances.lost)

    # --- the end ---

    def leave(self) -> None:
        """Say `revoked` for what is owned, then close."""
        owned = sorted(self._owned)
        try:
            if owned and not self._muted:
                self._rebalances.revoked(owned)
        finally:
            self.drop()

    def drop(self) -> None:
        """Close without a word to `rebalances`. A client that cannot be closed in time is left to the process's end."""
        self._muted = True
        self._owned.clear()
        self._fetching.clear()
        closing = threading.Thread(target=self._consumer.close, name="kafka-close", daemon=True)
        closing.start()
        closing.join(_CLOSE_LIMIT_S)
