"""Performs protocol actions that wait on Kafka or BigQuery: blocking calls, made from the pool's threads."""

from collections.abc import Sequence
from typing import Any, Final

from streaming.failpoints import Passing, Point, unarmed
from streaming.ports import Broker, Commit, CountQuery, Warehouse
from streaming.protocol import actions as a
from streaming.protocol.metadata import decode

CALL_S: Final = 15.0
"""Time limit of a call that should take milliseconds: long enough for a stalled service to come back,
short enough that a lost answer is asked for again before anybody is paged."""
QUERY_S: Final = 60.0
"""Time limit of a query over the landing table."""

STEPS: Final[dict[type[a.Action], tuple[Point | None, Point | None]]] = {
    a.Append: (Point.BEFORE_APPEND, Point.APPEND_ANSWERED),
    a.Finalize: (Point.BEFORE_FENCE, Point.FENCED),
    a.OpenStream: (Point.BEFORE_OPEN, Point.OPENED),
    a.HighestLive: (None, Point.TABLE_ASKED),
}
"""Steps passed before an action and after its answer; an error is no answer."""


class Performer:
    """One per process. Safe to call from several threads, as the ports' methods used here are."""

    def __init__(
        self,
        broker: Broker,
        warehouse: Warehouse,
        topic: str,
        append_deadline_s: float,
        passing: Passing = unarmed,
    ) -> None:
        self._broker = broker
        self._warehouse = warehouse
        self._topic = topic
        self._append_deadline_s = append_deadline_s
        self._passing = passing

    def perform(self, partition: int, topic_id: str, action: a.Action) -> Any:
        """The action's result; raises the port's errors for the protocol to judge."""
        before, after = STEPS.get(type(action), (None, None))
        if before is not None:
            self._passing(before)
        result = self._perform(partition, topic_id, action)
        if after is not None:
            self._passing(after)
        return result

    def _perform(self, partition: int, topic_id: str, action: a.Action) -> Any:
        match action:
            case a.Append(stream, offset, payload):
                return self._warehouse.append(stream, offset, payload, self._append_deadline_s)
            case a.ReadPosition():
                return self._position(partition)
            case a.Finalize(stream):
                return self._warehouse.finalize(stream, CALL_S)
            case a.OpenStream():
                return self._warehouse.open_stream(CALL_S)
            case a.HighestLive():
                return self._warehouse.highest_live(topic_id, partition, QUERY_S)
            case a.TopicIdsLanded():
                return self._warehouse.topic_ids_landed(self._topic, partition, QUERY_S)
            case a.OffsetAt(at):
                return self._broker.offsets_at([partition], at, CALL_S)[partition]
        raise TypeError(f"{type(action).__name__} is performed by the polling thread")

    def count_live(self, topic_id: str, wanted: Sequence[tuple[int, a.CountLive]]) -> dict[int, int]:
        """All partitions that recover together, counted in one query."""
        self._passing(Point.BEFORE_CHECK)
        queries = [CountQuery(number, w.offset, w.since, w.besides_epoch) for number, w in wanted]
        return self._warehouse.count_live(topic_id, queries, QUERY_S)

    def _position(self, partition: int) -> a.Position:
        facts = self._broker.topic(CALL_S)
        commits = self._broker.committed(range(facts.partitions), CALL_S)
        return a.Position(
            commit=commits.get(partition),
            log=self._broker.log_ranges([partition], CALL_S)[partition],
            topic_id=facts.topic_id,
            partitions=facts.partitions,
            table_created=self._warehouse.table_created(CALL_S),
            started_with=_started_with(list(commits.values())),
        )


def _started_with(commits: Sequence[Commit | None]) -> int | None:
    known = [meta.started_with for commit in commits if commit and (meta := decode(commit.metadata))]
    return max(known, default=None)
