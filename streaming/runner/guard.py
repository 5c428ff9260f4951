"""Is it still the topic and the table that we started on? A successor of the same name takes our requests silently:
a recreated topic is read on at the old position (kafka.md of the design; measured), and an emulator appends to the
new table.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from streaming.ports import BrokerError, TopicFacts, TopicMissing, WarehouseError
from streaming.protocol.halts import Halt, HaltReason
from streaming.protocol.recovery import Start
from streaming.runner.lanes import Lane
from streaming.runner.world import World

TOPIC_S: Final = 1.0
"""Between looks at the topic's id (about 1 ms each): as long as rows of a successor can land under the old id."""
TABLE_S: Final = 10.0
"""Between looks at the table's creation time, a REST call."""
MISSING_S: Final = 10.0
"""Between looks, and complaints, while there is no topic."""
LIMIT_S: Final = 10.0

Landed: TypeAlias = dict[int, tuple[Start, int]]
"""By partition: the start of its delivery, and the offset after what is landed."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A question under way, and what was landed when it was asked: that much is certainly of what the answer names."""

    future: "Future[Any]"
    landed: Landed


class Guard:
    """Asked by the polling thread each turn; the questions wait in the pool."""

    def __init__(self, world: World, topic: TopicFacts, on_event: Callable[..., None]) -> None:
        self._world, self._topic, self._on_event = world, topic, on_event
        self._looks: dict[str, _Look] = {}
        self._next = {"topic": 0.0, "table": TABLE_S + world.clock.monotonic()}
        self._sure: dict[str, Landed] = {"topic": {}, "table": {}}
        self.answers = 0
        """Looks at the topic that the broker answered, at most one a second: seconds during which it was there."""
        self._new_topic: str | None = None
        self._new_table: tuple[str, Landed] | None = None

    def halts(self, lanes: Iterable[Lane]) -> list[Halt]:
        """Ask what is due. Returns the halts of partitions whose topic or table is gone, each once no append of it is
        under way: until then what has landed is not known. Their lanes begin no other append, so that one ends."""
        lanes = list(lanes)
        self._take(self._answer("topic"), self._answer("table"))
        self._ask("topic", TOPIC_S, lanes, lambda: self._world.broker.topic(LIMIT_S))
        self._ask("table", TABLE_S, lanes, lambda: self._world.warehouse.table_created(LIMIT_S))
        halts = []
        for lane in lanes:
            halt = self._judge(lane) if lane.partition.halt is None else None
            lane.held = halt is not None
            if halt is not None and lane.future is None:
                halts.append(halt)
        return halts

    def _judge(self, lane: Lane) -> Halt | None:
        return self._of_topic(lane, self._new_topic) if self._new_topic is not None else self._of_table(lane)

    def _ask(self, what: str, every_s: float, lanes: list[Lane], call: Callable[[], Any]) -> None:
        now = self._world.clock.monotonic()
        if what in self._looks or now < self._next[what]:
            return
        self._next[what] = now + every_s
        parts = [lane.partition for lane in lanes]
        landed = {p.number: (p.start, p.landed.offset) for p in parts if p.start is not None and p.landed is not None}
        self._looks[what] = _Look(self._world.pool.submit(call), landed)

    def _answer(self, what: str) -> tuple[Any, Landed] | None:
        """The answer that has come, if one has. No answer says nothing: what needs the service says so itself."""
        look = self._looks.get(what)
        if look is None or not look.future.done():
            return None
        del self._looks[what]
        error = look.future.exception()
        if error is None:
            return look.future.result(), look.landed
        if isinstance(error, TopicMissing):
            self._next[what] = self._world.clock.monotonic() + MISSING_S
            self._on_event("topic_missing", level="error", why=str(error))
        elif not isinstance(error, BrokerError | WarehouseError):
            self._on_event("guard_failed", level="error", why=f"{type(error).__name__}: {error}")
        return None

    def _take(self, topic: tuple[Any, Landed] | None, table: tuple[Any, Landed] | None) -> None:
        self.answers += topic is not None
        if topic is not None and topic[0].topic_id != self._topic.topic_id:
            self._new_topic = topic[0].topic_id
        elif topic is not None:
            self._sure["topic"] = topic[1]
        if table is not None and any(start.metadata.table_created != table[0] for start, _ in table[1].values()):
            self._new_table = table
        elif table is not None:
            self._sure["table"] = table[1]

    def _of_topic(self, lane: Lane, found: str) -> Halt:
        said = f"topic id was {self._topic.topic_id}, is {found}"
        tail = "landed under the old id since the last look and may be the new topic's: delete those rows"
        return Halt(lane.partition.number, HaltReason.TOPIC_REPLACED, said + self._since("topic", lane, tail))

    def _of_table(self, lane: Lane) -> Halt | None:
        """Only of what was delivering when asked: a partition that recovers compares by itself."""
        created, landed = self._new_table or ("", {})
        start, _ = landed.get(lane.partition.number, (None, 0))
        if start is None or start is not lane.partition.start or start.metadata.table_created == created:
            return None
        said = f"its stream is of the table created {start.metadata.table_created}, this one was {created}"
        tail = "landed since the last look, in the old table or in this one"
        return Halt(lane.partition.number, HaltReason.TABLE_REPLACED, said + self._since("table", lane, tail))

    def _since(self, what: str, lane: Lane, tail: str) -> str:
        """Which offsets landed after the last look that found all well, in words."""
        partition = lane.partition
        if partition.start is None or partition.landed is None:
            return ""
        start, sure = self._sure[what].get(partition.number, (None, 0))
        first = sure if start is partition.start else partition.start.offset
        if partition.landed.offset <= first:
            return f"; it had landed up to offset {partition.landed.offset}"
        return f"; offsets {first} to {partition.landed.offset - 1} {tail}"
