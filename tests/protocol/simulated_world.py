"""A deterministic Kafka and BigQuery for one partition, hostile by seed: the production protocol runs in it.

Crashes, zombies that wake up, requests lost, answered late or applied late, streams that expire, offsets with
gaps, retention, readers with an old end of log. Rows are offsets, so loss and duplication show by counting.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from streaming.ports import (
    AlreadyExists,
    Commit,
    CommitAnswer,
    CommitOutcome,
    LogRange,
    OffsetOutOfRange,
    StreamFinalized,
    StreamNotFound,
    Unavailable,
)
from streaming.protocol import actions as a
from streaming.protocol.halts import FenceAgain, Halt, Ousted
from streaming.protocol.metadata import decode
from streaming.protocol.partition import Partition
from streaming.protocol.recovery import Identity

TODAY = datetime(2026, 11, 23, tzinfo=UTC)
TOPIC_ID = "topic-1"
RECORDS = 40


@dataclass(frozen=True)
class Offsets:
    """A stand-in for `plan.Block` with nothing in it but offsets."""

    offsets: tuple[int, ...]
    partition: int = 0
    nbytes: int = 0

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def first_offset(self) -> int:
        return self.offsets[0]

    @property
    def next_offset(self) -> int:
        return self.offsets[-1] + 1

    @property
    def last_timestamp(self) -> datetime:
        return TODAY + timedelta(seconds=self.offsets[-1])

    def tail(self, skip: int) -> Self:
        return type(self)(self.offsets[skip:])


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
        self.member = self.generation = 0
        self.streams: dict[str, Stream] = {}
        self.wire: list[Callable[[], None]] = []
        self.happened: Counter[str] = Counter()

    # --- the log ---

    def produce(self) -> None:
        self.shown = min(len(self.log), self.shown + self.random.randint(1, 3))

    def fetch(self, position: int) -> tuple[int, ...]:
        behind = 0 if self.calm else self.random.randint(0, 3)
        seen = [o for o in self.log[: max(0, self.shown - behind)] if o >= max(position, self.low)]
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

        fate = self.random.random()
        if not self.calm and fate < 0.04:
            return self._said("commit lost", CommitOutcome.UNKNOWN)
        if not self.calm and fate < 0.08:
            self.wire.append(apply)
            return self._said("commit late", CommitOutcome.UNKNOWN)
        if not self.calm and fate < 0.10:
            return self._said("rebalancing", CommitOutcome.REBALANCING)
        apply()
        if not self.calm and fate > 0.96:
            return self._said("commit applied, answer lost", CommitOutcome.UNKNOWN)
        return CommitOutcome.APPLIED

    def _said(self, what: str, outcome: CommitOutcome) -> CommitOutcome:
        self.happened[what] += 1
        return outcome

    # --- the warehouse ---

    def table(self, besides: str | None = None) -> list[int]:
        return [row for stream in self.streams.values() if stream.epoch != besides for row in stream.rows]

    def open_stream(self) -> str:
        name = f"s{len(self.streams)}"
        self.streams[name] = Stream()
        return name

    def _may_go_unanswered(self, what: str, apply: Callable[[], None]) -> None:
        """In a storm: the request is lost, its answer is, or it is still on the wire."""
        if self.calm or self.random.random() >= 0.15:
            return
        kind = self.random.choice(("lost", "applied, answer lost", "late"))
        self.happened[f"{what} {kind}"] += 1
        if kind == "applied, answer lost":
            apply()
        elif kind == "late":
            self.wire.append(apply)
        raise Unavailable(kind)

    def append(self, name: str, offset: int, rows: list[int], epoch: str) -> None:
        stream = self.streams[name]

        def apply() -> None:
            if self.takes(stream) and offset == len(stream.rows):
                self.land(stream, self.arriving(rows), epoch)

        self._may_go_unanswered("append", apply)
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


class TrimsOften(World):
    """Retention close behind the pipeline."""

    trim_rate = 0.1


class LandsPrefixes(World):
    """An unanswered append may land in part: BigQuery does not say that it cannot."""

    def arriving(self, rows: list[int]) -> list[int]:
        return rows[: self.random.randint(0, len(rows))]


class Miscounts(World):
    """Finalize answers a wrong count, the same when asked again: what the CHECK is there for."""

    by, rate = 0, 0.7

    def __init__(self, chance: random.Random, calm: bool = False) -> None:
        super().__init__(chance, calm)
        self.off: dict[int, int] = {}

    def count(self, stream: Stream) -> int:
        wrong = self.random.random() < self.rate
        off = self.off.setdefault(id(stream), self.by * self.random.randint(1, 2) * wrong)
        return max(0, len(stream.rows) + off)


class CountsTooMany(Miscounts):
    by = 1


class CountsTooFew(Miscounts):
    by = -1


class AppliesAfterFinalize(World):
    """A request that was long on its way is applied to a finalized stream."""

    def takes(self, stream: Stream) -> bool:
        return not stream.gone


class Compacts(World):
    """`cleanup.policy=compact`: a record that was landed is not delivered again."""

    def deliver_late(self) -> None:
        super().deliver_late()
        landed = [o for o in self.table() if o in self.log[:-1]]
        if landed and self.random.random() < 0.1:
            self.log.remove(self.random.choice(landed))
            self.shown = min(self.shown, len(self.log))


ANSWERS = (Unavailable, AlreadyExists, StreamFinalized, StreamNotFound, OffsetOutOfRange, FenceAgain)


class Worker:
    """A process that owns the partition, or believes so."""

    honest = True
    """Whether it heeds the broker's word that its position is outside the log."""

    def __init__(self, world: World, partition: type[Partition] = Partition) -> None:
        self.world, self.generation, self.member = world, world.generation, world.join()
        self.opened = 0
        identity = Identity(0, TOPIC_ID, "earliest", 30.0, self._new_epoch, lambda: TODAY)
        self.partition = partition(identity, _serialise)  # type: ignore[arg-type]
        self.steps = self.partition.steps()
        self.action: a.Action | None = next(self.steps)
        self.position: int | None = None

    def _new_epoch(self) -> str:
        self.opened += 1
        return f"e{self.member}-{self.opened}"

    def step(self) -> bool:
        """Perform one action. False when this worker is over."""
        if self.position is not None and self.world.random.random() < 0.3 and not self._commit():
            return False
        try:
            result = self._perform(self.action)
        except ANSWERS as error:
            thrown = error
            return self._go_on(lambda: self.steps.throw(thrown))
        except Ousted:
            return False
        if result is NOTHING_YET:
            return True
        return self._go_on(lambda: self.steps.send(result))

    def _go_on(self, step: Callable[[], a.Action]) -> bool:
        try:
            self.action = step()
        except (StopIteration, Ousted):
            self.action = None
            return False
        return True

    def _commit(self) -> bool:
        commit = self.partition.commit_due()
        if commit is None:
            return True
        self.partition.commit_sent(commit)
        outcome = self.world.send_commit(commit, self.generation, self.member)
        if outcome is CommitOutcome.UNKNOWN and self.world.random.random() < 0.5:
            return True  # nobody has noticed yet: the commit stays outstanding
        try:
            self.partition.commit_answered(CommitAnswer(0, outcome))
        except Ousted:
            return False
        return True

    def _perform(self, action: a.Action | None) -> Any:
        world = self.world
        match action:
            case a.ReadPosition():
                log = LogRange(world.low, world.log[world.shown - 1] + 1)
                known = decode(world.commit.metadata) if world.commit else None
                return a.Position(world.commit, log, TOPIC_ID, 1, "t0", known.started_with if known else None)
            case a.Finalize(stream):
                return world.finalize(stream)
            case a.OpenStream():
                return world.open_stream()
            case a.Publish(commit):
                return world.send_commit(commit, self.generation, self.member)
            case a.CountLive(offset, _, besides):
                return sum(row >= offset for row in world.table(besides))
            case a.HighestLive():
                return max(world.table(), default=None)
            case a.TopicIdsLanded():
                return {TOPIC_ID} if world.table() else set()
            case a.Append(stream, offset, payload):
                sent = json.loads(payload)
                return world.append(stream, offset, sent["rows"], sent["epoch"])
            case a.StartFetch(offset):
                self.position = offset
                return None
            case a.StopFetch():
                self.position = None
                if self.partition.outstanding is not None:  # its fate never came: a new client
                    raise Ousted("unanswered commit", rejoin=True)
                return None
            case a.NextBlock():
                return self._next_block()
        return None

    def _next_block(self) -> Any:
        assert self.position is not None
        if self.position < self.world.low and self.honest:  # the broker says so once (-140); the runner interrupts
            raise FenceAgain("offset out of range")
        offsets = self.world.fetch(self.position)
        if not offsets:
            return NOTHING_YET
        self.position = offsets[-1] + 1
        return Offsets(offsets)


class ChecksBehind(Worker):
    """RECOVERY_CHECK=behind: the check runs beside the appends, as a lane of its own."""

    def __init__(self, world: World, partition: type[Partition] = Partition) -> None:
        super().__init__(world, partition)
        self.partition.check_first = False
        self.beside: a.Steps | None = None
        self.asked: a.Action | None = None
        self.found: Halt | None = None

    def _perform(self, action: a.Action | None) -> Any:
        answer = super()._perform(action)
        if isinstance(action, a.StartFetch):
            self._check(self.partition.check_landed(), None)
        elif isinstance(action, a.StopFetch):
            self.beside = self.found = None
        return answer

    def step(self) -> bool:
        if (found := self.found) is not None and isinstance(self.action, a.NextBlock | a.Wait):
            self.found = None
            return self._go_on(lambda: self.steps.throw(found))
        if self.beside is None or self.world.random.random() < 0.7:
            return super().step()
        try:
            self._check(self.beside, super()._perform(self.asked))
        except Halt as halt:
            self.beside, self.found = None, halt
        return True

    def _check(self, steps: a.Steps, answer: Any) -> None:
        try:
            self.asked, self.beside = steps.send(answer), steps
        except StopIteration:
            self.beside = None


NOTHING_YET = object()


def _serialise(block: Any, epoch: str, loaded_at: datetime) -> bytes:
    return json.dumps({"epoch": epoch, "rows": block.offsets}).encode()


def offsets_of(payload: bytes) -> list[int]:
    return [int(offset) for offset in json.loads(payload)["rows"]]


@dataclass(frozen=True)
class Outcome:
    lost: int
    """Records passed over: not landed, although later ones are or the commit says so."""
    missing: int
    """All that is not landed, be it that the pipeline never came so far."""
    doubled: int
    halted: Halt | None
    happened: Counter[str]


def run(
    seed: int,
    partition: type[Partition] = Partition,
    *,
    worker_of: type[Worker] = Worker,
    world_of: type[World] = World,
    storm: int = 600,
    calm: int = 600,
) -> Outcome:
    """A storm of faults, then calm in which the pipeline must land everything that is in the log."""
    world = world_of(random.Random(seed))
    worker: Worker | None = None
    zombies: list[Worker] = []
    for step in range(storm + calm):
        world.calm = step >= storm
        if not world.calm:
            worker = _weather(world, worker, zombies)
        if world.calm or world.random.random() < 0.05:
            world.produce()
        if world.random.random() < 0.3:
            world.deliver_late()
        worker = worker or worker_of(world, partition)
        acting = world.random.choice([worker, *zombies])
        if not acting.step():
            if acting.partition.halt is not None and acting is worker:
                return _outcome(world, acting.partition.halt)
            zombies[:] = [z for z in zombies if z is not acting]
            worker = None if acting is worker else worker
    return _outcome(world, None)


def _weather(world: World, worker: Worker | None, zombies: list[Worker]) -> Worker | None:
    fate = world.random.random()
    if fate < 0.04:
        world.happened["crash"] += 1
        return None
    if fate < 0.08 and worker is not None:
        zombies.append(worker)
        world.generation += 1
        world.happened["zombie"] += 1
        return None
    if 1 - world.trim_rate - world.expiry_rate < fate < 1 - world.trim_rate and world.streams:
        world.streams[world.random.choice(list(world.streams)[-3:])].gone = True
        world.happened["expired"] += 1
    elif fate > 1 - world.trim_rate:
        world.trim()
    return worker


def _outcome(world: World, halt: Halt | None) -> Outcome:
    landed = Counter(world.table())
    missing = [o for o in world.log if not landed[o]]
    passed = max([*landed, world.commit.offset - 1 if world.commit else 0])
    doubled = sum(count - 1 for count in landed.values())
    return Outcome(sum(o <= passed for o in missing), len(missing), doubled, halt, world.happened)
