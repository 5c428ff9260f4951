"""The Broker port on a `MemoryCluster`: one member of its group."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from streaming.adapters.memory_cluster import MemoryCluster, Sender
from streaming.ports import (
    OFFSET_BEGINNING,
    Commit,
    CommitAnswer,
    LogRange,
    Polled,
    Rebalances,
    Records,
    Stalled,
    TopicFacts,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MemoryBroker:
    """A member with a static id. Rebalances happen inside `poll`, cooperatively, as the real client's do."""

    def __init__(self, cluster: MemoryCluster, member: str = "member-0") -> None:
        self._cluster = cluster
        self._member = member
        self._rebalances: Rebalances | None = None
        self._drop_client()

    def _drop_client(self) -> None:
        self._client = 0
        self._generation: int | None = None
        self._owned: set[int] = set()
        self._positions: dict[int, int] = {}
        self._paused: set[int] = set()
        self._stalled: set[int] = set()
        self._answers: dict[int, CommitAnswer] = {}
        self._turn = 0
        self._stranded = False

    def join(self, rebalances: Rebalances) -> None:
        """Join the group; assignments arrive during `poll`."""
        self._rebalances = rebalances
        with self._cluster.changed:
            self._client = self._cluster.group.join(self._member, len(self._cluster.logs))

    def rejoin(self) -> None:
        """Drop this client and join anew under the same id. `lost` is not called."""
        if self._rebalances is None:
            raise RuntimeError("rejoin before join")
        self._drop_client()
        self.join(self._rebalances)

    def unowned(self, timeout_s: float) -> list[int]:
        """Partitions that no member shall have, if this member is the first by name."""
        self._cluster.ask()
        with self._cluster.changed:
            group = self._cluster.group
            first = min(group.members, default=None) == self._member
            return [p for p in range(len(self._cluster.logs)) if first and p not in group.target]

    def deal_again(self) -> None:
        """Leave the group and join it anew."""
        if self._rebalances is None:
            raise RuntimeError("deal again before join")
        if not self._is_current():
            return  # the next poll says that we are dead
        if self._owned:
            self._rebalances.revoked(sorted(self._owned))
        self._drop_client()
        self._cluster.expire_session(self._member)
        self.join(self._rebalances)

    def leave(self) -> None:
        """Close: `revoked` for what is owned. A static member stays in the group until its session expires."""
        if self._client and self._rebalances is not None and self._is_current():
            gone = sorted(self._owned)
            if gone:
                self._rebalances.revoked(gone)
        self._drop_client()

    def crash(self) -> None:
        """Vanish without a word, as SIGKILL does. The group learns when the session expires."""
        self._drop_client()

    def strand(self) -> None:
        """This client's session ends and its next join is never answered; a new client under its id gets out of it.
        Seen on a real broker that was stopped for a minute."""
        self._stranded = True
        self._cluster.expire_session(self._member)

    # --- polling ---

    def poll(self, max_records: int, timeout_s: float) -> Polled:
        """Rebalance if one is due, then take what is there."""
        if not self._client:
            raise RuntimeError("poll before join or after leave")
        with self._cluster.changed:
            if not self._is_current() and self._member in self._cluster.group.members:
                return Polled(Records(), dead=f"member {self._member} was fenced by a newer client of its static id")
        if self._cluster.running:
            self._rebalance()
        with self._cluster.changed:
            answers = [self._answers[partition] for partition in sorted(self._answers)]
            self._answers.clear()
            if self._cluster.waits and not answers:
                self._cluster.changed.wait_for(self._anything_new, timeout_s)
            stalled = self._find_stalled()
            return Polled(self._take(max_records), answers, stalled)

    def _is_current(self) -> bool:
        return self._cluster.group.members.get(self._member) == self._client

    def _rebalance(self) -> None:
        rebalances = self._rebalances
        assert rebalances is not None
        if self._lost_membership() and (gone := sorted(self._owned)):
            self._forget(gone)
            rebalances.lost(gone)
        if self._stranded:
            return
        with self._cluster.changed:
            group = self._cluster.group
            if not self._is_current():
                self._client = group.join(self._member, len(self._cluster.logs))
            self._generation = group.generation
            leaving = sorted(p for p in self._owned if group.target.get(p) != self._member)
            # What only this id's former client held, and which moved on meanwhile, is nobody's to wait for.
            held = [p for p, name in group.owner.items() if name == self._member and p not in self._owned]
            self._release([p for p in held if group.target.get(p) != self._member])
        if leaving:  # outside the lock: the callback waits for appends and commits
            rebalances.revoked(leaving)
            self._forget(leaving)
            self._release(leaving)
        if coming := self._claim():
            rebalances.assigned(coming)

    def _lost_membership(self) -> bool:
        with self._cluster.changed:
            return self._member not in self._cluster.group.members

    def _release(self, partitions: Sequence[int]) -> None:
        with self._cluster.changed:
            for partition in partitions:
                if self._cluster.group.owner.get(partition) == self._member:
                    del self._cluster.group.owner[partition]
            self._cluster.changed.notify_all()

    def _claim(self) -> list[int]:
        with self._cluster.changed:
            group = self._cluster.group
            mine = (p for p, name in group.target.items() if name == self._member and p not in self._owned)
            coming = sorted(p for p in mine if group.owner.get(p, self._member) == self._member)
            for partition in coming:
                group.owner[partition] = self._member
            self._owned.update(coming)
            return coming

    def _forget(self, partitions: Sequence[int]) -> None:
        for partition in partitions:
            self._owned.discard(partition)
            self._paused.discard(partition)
            self._answers.pop(partition, None)
        self.hold(partitions)

    def _anything_new(self) -> bool:
        fetching = [p for p in self._positions if p not in self._paused | self._stalled]
        return bool(self._find_due()) or any(
            self._cluster.logs[p].read(self._positions[p], 1) for p in fetching if p < len(self._cluster.logs)
        )

    def _find_due(self) -> bool:
        group = self._cluster.group
        return any(group.target.get(p) != self._member for p in self._owned) or any(
            name == self._member and p not in self._owned and group.owner.get(p, self._member) == self._member
            for p, name in group.target.items()
        )

    def _find_stalled(self) -> list[Stalled]:
        found = []
        for partition, position in sorted(self._positions.items()):
            if partition in self._stalled | self._paused or partition >= len(self._cluster.logs):
                continue
            log = self._cluster.logs[partition]
            if position == OFFSET_BEGINNING:
                self._positions[partition] = log.low
            elif not log.low <= position <= log.end and self._cluster.running:
                self._stalled.add(partition)
                found.append(Stalled(partition, f"offset {position} is outside the log {log.low}..{log.end} (-140)"))
        return found

    def _take(self, max_records: int) -> Records:
        records = Records()
        if not self._cluster.running:
            return records
        ready = sorted(p for p in self._positions if p not in self._paused | self._stalled)
        # The first partition changes from poll to poll, so that a full one cannot starve the others.
        start = self._turn % len(ready) if ready else 0
        self._turn += 1
        for partition in ready[start:] + ready[:start]:
            for entry in self._cluster.logs[partition].read(self._positions[partition], max_records - len(records)):
                records.partitions.append(partition)
                records.offsets.append(entry.offset)
                records.timestamps_ms.append(entry.timestamp_ms)
                records.values.append(entry.value)
                self._positions[partition] = entry.offset + 1
        return records

    # --- fetching ---

    def fetch_from(self, starts: Mapping[int, int]) -> None:
        """Start fetching held partitions; those no longer held are passed over."""
        for partition, offset in starts.items():
            if partition in self._owned:
                self._positions[partition] = offset
                self._stalled.discard(partition)
                self._paused.discard(partition)

    def hold(self, partitions: Sequence[int]) -> None:
        """Stop fetching, stay the owner."""
        for partition in partitions:
            self._positions.pop(partition, None)
            self._stalled.discard(partition)

    def pause(self, partitions: Sequence[int]) -> None:
        """Deliver nothing of these for now."""
        self._paused.update(p for p in partitions if p in self._positions)

    def resume(self, partitions: Sequence[int]) -> None:
        """Undo `pause`."""
        self._paused.difference_update(partitions)

    # --- commits ---

    def commit(self, offsets: Mapping[int, Commit]) -> None:
        """Send commits; the answers come with the next `poll`. Raises ValueError for a second one outstanding."""
        if twice := sorted(set(offsets) & set(self._answers)):
            raise ValueError(f"partitions {twice} have a commit outstanding")
        for answer in self.commit_now(offsets, 0):
            self._answers[answer.partition] = answer

    def commit_now(self, offsets: Mapping[int, Commit], timeout_s: float) -> list[CommitAnswer]:
        """Commit and wait."""
        sender = Sender(self._member, self._client, self._generation)
        return [CommitAnswer(p, *self._cluster.commit(sender, p, commit)) for p, commit in sorted(offsets.items())]

    def committed(self, partitions: Sequence[int], timeout_s: float) -> dict[int, Commit | None]:
        """The group's commits."""
        with self._cluster.changed:
            self._cluster.ask(partitions)
            return {partition: self._cluster.group.commits.get(partition) for partition in partitions}

    # --- questions ---

    def log_ranges(self, partitions: Sequence[int], timeout_s: float) -> dict[int, LogRange]:
        """Low watermark and last stable offset."""
        with self._cluster.changed:
            self._cluster.ask(partitions)
            return {p: LogRange(self._cluster.logs[p].low, self._cluster.logs[p].stable_end) for p in partitions}

    def offsets_at(self, partitions: Sequence[int], at: datetime, timeout_s: float) -> dict[int, int]:
        """First offset at or after a broker timestamp."""
        stamp = -((_EPOCH - at) // timedelta(milliseconds=1))  # the broker's times are whole milliseconds: round up
        with self._cluster.changed:
            self._cluster.ask(partitions)
            return {p: self._cluster.logs[p].first_at(stamp) for p in partitions}

    def topic(self, timeout_s: float) -> TopicFacts:
        """Topic facts."""
        return self._cluster.facts()
