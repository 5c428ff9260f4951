"""How each halt comes about on the in-memory services, and what a recovery then cannot land.

Five events are landed before each: `event-1` to `event-5`, at offsets 0 to 4. Names of events, not offsets, tell what
is lost: a topic that was made again uses its offsets again.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from runner_rig import Rig, live_row

from orchestration.recovering import apply, plan
from streaming.adapters import memory_group
from streaming.adapters.memory_broker import MemoryBroker
from streaming.adapters.memory_faults import Effect, Fault
from streaming.ports import Commit
from streaming.protocol.halts import HaltReason


def topic_replaced(rig: Rig) -> None:
    rig.produce(0, 2)
    rig.cluster.recreate()
    rig.produce(0, 2)


def table_replaced(rig: Rig) -> None:
    rig.warehouse.replace_table()


def below_log(rig: Rig) -> None:
    rig.produce(0, 4)
    rig.cluster.delete_records(0, 7)


def beyond_log(rig: Rig) -> None:
    rig.produce(0, 2)
    rig.cluster.group.commits[0] = Commit(99, "")  # a tool that resets offsets leaves no metadata


def count_mismatch(rig: Rig) -> None:
    rig.produce(0, 5)
    live_row(rig, 8)


def unknown_stream(rig: Rig) -> None:
    rig.produce(0, 2)
    rig.cluster.group.commits[0] = Commit(5, "")


def refused(rig: Rig) -> None:
    rig.produce(0, 2)
    rig.warehouse.script(Fault("append", Effect.REFUSE))


def defect(rig: Rig) -> None:
    rig.produce(0, 2)


@contextmanager
def small_metadata() -> Iterator[None]:
    """A broker whose limit on commit metadata was lowered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory_group, "MAX_METADATA_UNITS", 50)
        yield


@contextmanager
def another_writer(rig: Rig) -> Iterator[None]:
    """It lands the next record while the consumer waits for whoever that may be."""
    rig.turn(2)
    live_row(rig, 5)
    yield


@dataclass(frozen=True)
class World:
    """What happens before the start, and the numbers of the events that no recovery lands."""

    happens: Callable[[Rig], None]
    lost: frozenset[int] = frozenset()


WORLDS = {
    HaltReason.TOPIC_REPLACED: World(topic_replaced, frozenset({6, 7})),
    HaltReason.TABLE_REPLACED: World(table_replaced, frozenset({1, 2, 3, 4, 5})),
    HaltReason.BELOW_LOG: World(below_log, frozenset({6, 7})),
    HaltReason.BEYOND_LOG: World(beyond_log),
    HaltReason.COUNT_MISMATCH: World(count_mismatch, frozenset({6, 7, 8})),
    HaltReason.UNKNOWN_STREAM: World(unknown_stream),
    HaltReason.REFUSED: World(refused),
    HaltReason.DEFECT: World(defect),
}


def halted(rig: Rig, reason: HaltReason) -> str:
    """The consumer starts, halts, and is gone. Returns what it said; the cause is mended then."""
    if reason is HaltReason.DEFECT:
        with small_metadata():
            return _halts(rig)
    if reason is HaltReason.UNKNOWN_STREAM:
        rig.start()
        with another_writer(rig):
            return _halts(rig, started=True)
    return _halts(rig)


def _halts(rig: Rig, *, started: bool = False) -> str:
    if not started:
        rig.start()
    for _ in range(12):
        rig.turn(4)
        if rig.halts():
            break
        rig.clock.advance(15)  # an unknown writer, and rows that are slow to show, are waited for
    (said,) = rig.halts()
    rig.kill()
    return said


def recover(rig: Rig, source: str) -> list[str]:
    """`tidemark recover --partition 0 --from <source> --yes`; returns what it shows."""
    planned = plan(MemoryBroker(rig.cluster, "operator"), rig.warehouse, 0, source)
    apply(planned, rig.warehouse, lambda partition, commit: rig.cluster.group.commits.update({partition: commit}))
    return planned.lines()


def goes_on(rig: Rig) -> None:
    """The consumer starts again and lands all that is left, and three records more."""
    rig.start()
    rig.produce(0, 3)
    rig.settle()
    assert rig.halts() == []


def landed(rig: Rig) -> Counter[int]:
    """How often each event landed, by its number."""
    return Counter(int(event.removeprefix("event-")) for event in rig.warehouse.rows()["event_id"] if event)
