"""The consumer's view of itself for the heartbeat: states, lag, halts, counters."""

from concurrent.futures import Future

from streaming.adapters.heartbeat import Beat
from streaming.ports import BrokerError, LogRange
from streaming.protocol.halts import FenceAgain
from streaming.protocol.partition import State
from streaming.runner.consumer import Consumer
from streaming.runner.stalls import STALLED_S, Stalls
from streaming.runner.world import World

LOG_RANGE_S = 5.0
"""Time limit of asking for log ends."""


class Vitals:
    """Makes one `Beat` a second. Asks for log ends in the pool, so a stalled broker does not stall the beat."""

    def __init__(self, consumer: Consumer, world: World, member: str) -> None:
        self._consumer, self._world, self._member = consumer, world, member
        self._asking: Future[dict[int, LogRange]] | None = None
        self._ranges: dict[int, LogRange] = {}
        self._stalls = Stalls()

    def beat(self, state: str | None = None) -> Beat:
        """What to write now; `state` overrides what the partitions say (draining, stopped)."""
        lanes = list(self._consumer.lanes)
        numbers = sorted(lane.partition.number for lane in lanes)
        self._refresh(numbers)
        meters = self._consumer.meters
        return Beat(
            member=self._member,
            at=self._world.clock.now(),
            state=state or self.state(),
            partitions=numbers,
            lag=self._lag(numbers),
            rows_landed=meters.rows_landed,
            latency_ms=meters.latency_ms(),
            by_status=dict(meters.by_status),
            partition_states={str(lane.partition.number): lane.shown_state for lane in lanes},
            halts=self.halts(),
            warnings=self.warnings(),
            counters=self._counters(),
            reference=self._consumer.reference_versions(),
        )

    def halts(self) -> list[dict[str, object]]:
        """Halted partitions: number, reason, one line with the recovery command."""
        halts = [lane.partition.halt for lane in self._consumer.lanes if lane.partition.halt]
        return [{"partition": h.partition, "reason": h.reason.name, "message": str(h)} for h in halts]

    def warnings(self) -> list[str]:
        """What an operator must mend although nothing is halted, one line each."""
        lost = self._world.journal.lost
        unwritten = f"its log cannot be written ({lost} lines lost): make room, or look at who reads its stderr"
        waiting = {lane.partition.number: lane.denied for lane in self._consumer.lanes if lane.denied}
        which = ", ".join(str(number) for number in sorted(waiting))
        denied = [f"partitions {which} wait: {why}" for why in list(waiting.values())[:1]]
        return denied + ([unwritten] if lost else [])

    def state(self) -> str:
        """`starting`, `recovering`, `running` or `halted`: the worst of the partitions'."""
        states = {lane.partition.state for lane in self._consumer.lanes}
        for state in (State.HALTED, State.RECOVERING):
            if state in states:
                return str(state.value)
        return "running" if states else "starting"

    def _counters(self) -> dict[str, int]:
        meters = self._consumer.meters
        counters = {name: getattr(meters, name) for name in ("polled", "windows", "appends", "commits")}
        return counters | {"unknown_fields": meters.unknown_fields} | dict(meters.events)

    def _refresh(self, numbers: list[int]) -> None:
        if self._asking is not None and self._asking.done():
            error = self._asking.exception()
            if error is None:
                self._ranges = self._asking.result()
                self._report_stalls()
            elif not isinstance(error, BrokerError):
                self._world.journal.say("log_ranges_failed", level="warning", why=f"{type(error).__name__}: {error}")
            self._asking = None
        if self._asking is None and numbers:
            self._asking = self._world.pool.submit(self._world.broker.log_ranges, numbers, LOG_RANGE_S)

    def _report_stalls(self) -> None:
        """Fence and fetch anew what delivers nothing although the log goes on."""
        ownership, now = self._consumer.ownership, self._world.clock.monotonic()
        for number in self._stalls.look(self._consumer.lanes, self._ranges, ownership.paused, now):
            why = f"nothing delivered for {STALLED_S:g} s although the log goes on"
            self._world.journal.say("stalled", level="error", partition=number, why=why)
            self._consumer.lanes.interrupt(number, FenceAgain(why))

    def _lag(self, numbers: list[int]) -> int | None:
        known = [n for n in numbers if n in self._ranges]
        if not known:
            return None
        lag = 0
        for number in known:
            lane = self._consumer.lanes.get(number)
            at = lane.partition.position if lane else None
            lag += max(0, self._ranges[number].end - at) if at is not None else 0
        return lag
