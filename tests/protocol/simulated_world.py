"""A deterministic Kafka and BigQuery for one partition, hostile by seed: the production protocol runs in it.

Requests lost, answered late or applied late, refused for want of quota or of a permission, rows refused, streams that
expire, offsets with gaps, retention, readers with an old end of log. hostile_worlds.py has those that break promises.
"""

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from streaming.ports import (
    AccessDenied,
    AlreadyExists,
    BrokerError,
    Commit,
    CommitOutcome,
    OffsetOutOfRange,
    QuotaExceeded,
    RowsRejected,
    StreamFinalized,
    StreamNotFound,
    Unavailable,
)

RECORDS = 40


@dataclass
class Stream:
    rows: list[int] = field(default_factory=list)
    epoch: str = ""
    final: bool = False
    gone: bool = False


class World:
    """What survives every crash: the log, the group's commit, the streams, and what is still on the wire."""

    trim_rate = 0.005
    expiry_rate = 0.01

    def __init__(self, chance: random.Random, calm: bool = False) -> None:
        self.random = chance
        self.calm = calm
        offset, self.log = 0, []
        for _ in range(RECORDS):
            offset += self.random.choice((1, 1, 1, 2, 3))
            self.log.append(offset)
        self.shown, self.low = self.random.randint(1, 8), self.log[0]
        self.commit: Commit | None = None
        self.member = self.generation = self.opened = 0
        self.streams: dict[str, Stream] = {}
        self.now_s = 0.0
        self.wire: list[Callable[[], None]] = []
        self.rewritten: set[int] = set()
        self.happened: Counter[str] = Counter()

    def fate(self, what: str) -> str | None:
        """What becomes of a request, None for nothing odd: `lost`, `applied, answer lost`, `late` (applied by
        `deliver_late`) or, of a commit, `rebalancing`."""
        if self.calm:
            return None
        drawn = self.random.random()
        if what == "commit":
            bounds = ((0.04, "lost"), (0.08, "late"), (0.10, "rebalancing"), (0.14, "applied, answer lost"))
        else:
            bounds = ((0.05, "lost"), (0.10, "late"), (0.15, "applied, answer lost"))
        found = next((kind for bound, kind in bounds if drawn < bound), None)
        if found:
            self.happened[f"{what} {found}"] += 1
        return found

    # --- the log ---

    def produce(self) -> None:
        self.shown = min(len(self.log), self.shown + self.random.randint(1, 3))

    def fetch(self, position: int) -> tuple[int, ...]:
        behind = 0 if self.calm else self.random.randint(0, 3)
        seen = self.log[bisect_left(self.log, max(position, self.low)) : max(0, self.shown - behind)]
        return tuple(seen[: self.random.randint(1, 7)])

    def trim(self) -> None:
        """Retention: deletes landed records only, as a pipeline that keeps up sees it."""
        landed, count = set(self.table()), 0
        while count < len(self.log) and self.log[count] in landed:
            count += 1
        if count > 1:
            self.low = max(self.low, self.log[self.random.randrange(count)])
            self.happened["trim"] += 1

    # --- the group ---

    def join(self) -> int:
        self.member += 1
        return self.member

    def send_commit(self, commit: Commit, generation: int, member: int) -> CommitOutcome:
        if (generation, member) != (self.generation, self.member):
            return CommitOutcome.FENCED

        def apply() -> None:
            if (generation, member) == (self.generation, self.member):
                self.commit = commit

        kind = self.fate("commit")
        if kind == "rebalancing":
            return CommitOutcome.REBALANCING
        if kind == "late":
            self.wire.append(apply)
        elif kind != "lost":
            apply()
        return CommitOutcome.UNKNOWN if kind else CommitOutcome.APPLIED

    def may_not_answer(self, question: str) -> None:
        """Raises for a question that changes nothing."""
        if not self.calm and self.random.random() < 0.03:
            self.happened[f"{question} unanswered"] += 1
            raise BrokerError(question) if question == "position" else Unavailable(question)

    # --- the warehouse ---

    def table(self, besides: str | None = None) -> list[int]:
        return [row for stream in self.streams.values() if stream.epoch != besides for row in stream.rows]

    def seen(self, besides: str | None = None) -> list[int]:
        """What a query finds."""
        return self.table(besides)

    def open_stream(self) -> str:
        self.opened += 1
        name = f"s{self.opened}"

        def apply() -> None:
            self.streams[name] = Stream()

        self._may_go_unanswered("open", apply)
        apply()
        return name

    def _may_go_unanswered(self, what: str, apply: Callable[[], None]) -> None:
        kind = self.fate(what)
        if kind is None:
            return
        if kind == "applied, answer lost":
            apply()
        elif kind == "late":
            self.wire.append(apply)
        raise Unavailable(kind)

    def _may_be_refused(self, what: str, rows: list[int]) -> None:
        """Nothing is applied, and the same request is fine later; or is without one row, which is refused once."""
        drawn = 1.0 if self.calm else self.random.random()
        if drawn < 0.02:
            self.happened[f"{what} over quota"] += 1
            raise QuotaExceeded(what)
        if drawn < 0.03:
            self.happened[f"{what} denied"] += 1
            raise AccessDenied(what)
        refused = [place for place, row in enumerate(rows) if row not in self.rewritten]
        if drawn < 0.05 and refused:
            self.happened["rows rejected"] += 1
            place = self.random.choice(refused)
            self.rewritten.add(rows[place])
            raise RowsRejected(what, {place: "no such day"})

    def append(self, name: str, offset: int, rows: list[int], epoch: str) -> None:
        stream = self.streams[name]

        def apply() -> None:
            if self.takes(stream) and offset == len(stream.rows):
                self.land(stream, self.arriving(rows), epoch)

        self._may_go_unanswered("append", apply)
        self._may_be_refused("append", rows)
        if stream.gone:
            raise StreamNotFound(name)
        if stream.final:
            raise StreamFinalized(name)
        if offset > len(stream.rows):
            raise OffsetOutOfRange(name)
        if offset < len(stream.rows):
            self.happened["already exists"] += 1
            known = self.random.random() < 0.7
            raise AlreadyExists(name, len(stream.rows) if known else None)
        self.land(stream, rows, epoch)

    def takes(self, stream: Stream) -> bool:
        """Whether a request that was long on its way is still applied."""
        return not stream.final and not stream.gone

    def arriving(self, rows: list[int]) -> list[int]:
        """What of an unanswered append is applied."""
        return rows

    def land(self, stream: Stream, rows: list[int], epoch: str) -> None:
        stream.rows += rows
        stream.epoch = epoch

    def finalize(self, name: str) -> int:
        stream = self.streams[name]

        def apply() -> None:
            stream.final = stream.final or not stream.gone

        self._may_go_unanswered("finalize", apply)
        if stream.gone:
            self.happened["stream not found"] += 1
            raise StreamNotFound(name)
        self.happened["finalize again"] += stream.final
        apply()
        return self.count(stream)

    def count(self, stream: Stream) -> int:
        return len(stream.rows)

    def deliver_late(self) -> None:
        if self.wire:
            self.wire.pop(self.random.randrange(len(self.wire)))()
