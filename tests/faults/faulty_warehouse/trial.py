"""One fault under traffic: the script is followed, what the member says is kept, then everything sent is counted."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fault_report import record_fault
from fault_rig import DRAIN_S, Rig, until

from faulty_warehouse.grpc_door import Door
from faulty_warehouse.script import Rule
from streaming.adapters.kafka import KafkaBroker

PARTITIONS = 4
OVER_S = 40.0
"""Limit of waits for what takes a second or two."""
NEVER = frozenset({"halt", "text", "lost", "revoked", "rejoin", "stage_failed"})
"""Events that no fault of the warehouse may cause; `text` is a traceback's line."""


@dataclass(frozen=True)
class Outcome:
    """What was seen from the fault's beginning until everything sent during it was landed and committed."""

    events: list[dict[str, Any]]
    seconds: float
    counted: str
    lost: int
    doubled: int

    @property
    def kinds(self) -> Counter[str]:
        return Counter(event["event"] for event in self.events)

    def why(self, event: str) -> list[str]:
        return [found["why"] for found in self.events if found["event"] == event]

    @property
    def failed(self) -> set[str]:
        """Errors that calls of the consumer ended with, by the names the port gives them."""
        return {why.split(":")[0] for why in self.why("call_failed")}

    def skipped(self) -> int:
        """Records that a recovery knew to be landed already."""
        return sum(event["skip"] for event in self.events if event["event"] == "recovered")

    def told(self) -> str:
        """Every event, for a test that fails."""
        return "\n".join(" ".join(str(value) for value in event.values()) for event in self.events)

    def in_words(self) -> str:
        said = ", ".join(f"{name} x{count}" for name, count in sorted(self.kinds.items()))
        skipped = f"; {self.skipped()} records known to be landed" if self.skipped() else ""
        return (said or "nothing said") + skipped


class World:
    """The platform, its member that goes through the faulty doors, and the traffic."""

    def __init__(self, rig: Rig, door: Door) -> None:
        self.rig, self.door = rig, door
        self.broker = KafkaBroker(rig.settings)
        self.numbers = list(range(PARTITIONS))
        self.rejected: set[tuple[int, int]] = set()

    # --- one fault ---

    def fault(self, *rules: Rule, for_s: float | None = None, during: Callable[[], object] = lambda: None) -> Outcome:
        """Rules until they are spent, or for so long; then until everything sent meanwhile is landed."""
        before, began = len(self.rig.events()), time.monotonic()
        self.door.script.follow(*rules)
        if for_s is None:
            until(lambda: self.rig.crew.tend() or self.door.script.spent, OVER_S, "every fault met its request")
        else:
            until(lambda: self.rig.crew.tend() or time.monotonic() > began + for_s, for_s + 5, "the fault's end")
        during()
        self.door.script.follow()
        return self.over(before)

    def over(self, before: int) -> Outcome:
        ended, ends = time.monotonic(), self.ends()
        until(lambda: self.rig.crew.tend() or self.passed(ends), DRAIN_S, f"{self.rig.events()[-6:]}")
        seconds = time.monotonic() - ended
        until(lambda: self.rig.crew.tend() or self.running(), OVER_S, "every partition runs")
        lost, doubled, landed = self.counts(ends)
        counted = f"{sum(ends.values()):,} in the log, {landed:,} landed, {lost} lost, {doubled} doubled"
        return Outcome(self.rig.events()[before:], seconds, counted, lost, doubled)

    def ends(self) -> dict[int, int]:
        return {number: log.end for number, log in self.broker.log_ranges(self.numbers, 10).items()}

    def passed(self, ends: dict[int, int]) -> bool:
        commits = self.broker.committed(self.numbers, 10)
        return all((commit := commits[n]) is not None and commit.offset >= end for n, end in ends.items())

    def counts(self, ends: dict[int, int]) -> tuple[int, int, int]:
        """(lost, doubled, landed) of the records below these ends: the log has no gaps, each offset is a record."""
        below = " OR ".join(f"(kafka_partition = {n} AND kafka_offset < {end})" for n, end in ends.items())
        rows = self.rig.client.query_and_wait(
            "SELECT COUNT(*), COUNT(DISTINCT kafka_partition * 1000000000 + kafka_offset) FROM "
            f"`{self.rig.platform.dataset}.payments_landing` WHERE business_date >= DATE '2020-01-01' "
            f"AND replay_id IS NULL AND enrichment_revision = 0 AND ({below})"
        )
        ((live, landed),) = ((row[0], row[1]) for row in rows)
        records = sum(ends.values())
        assert records, "nothing was sent"
        return records - landed, live - landed, landed

    # --- what the member shows ---

    def beat(self) -> dict[str, Any]:
        return self.rig.crew.beats().get("member-1", {})

    def running(self) -> bool:
        states = self.beat().get("partition_states", {})
        return len(states) == PARTITIONS and set(states.values()) == {"running"}

    def seen(self, state: str) -> None:
        shown = lambda: state in self.beat().get("partition_states", {}).values()  # noqa: E731
        until(lambda: self.rig.crew.tend() or shown(), OVER_S, f"a partition that is {state}")


def record(outcome: Outcome, fault: str, done: str) -> None:
    """The checks that every fault has, and its row."""
    kinds = set(outcome.kinds)
    assert (outcome.lost, outcome.doubled) == (0, 0), outcome.counted
    assert not kinds & NEVER, outcome.told()
    figures = {"where": "broker and emulator", "lost": outcome.lost, "doubled": outcome.doubled}
    happened = outcome.in_words()
    record_fault(
        fault=fault, done=done, happened=happened, seconds=outcome.seconds, audit=outcome.counted, **figures
    )  # fmt: skip
