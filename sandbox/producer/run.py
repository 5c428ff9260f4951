"""A run: prepare a group of records, make its intents durable, send each record when it is due, note what came of it.

Open loop: records are due by the clock, whatever the broker does. One thread; syncing the ledger is the only work
done beside it.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from sandbox.producer.broker import Broker
from sandbox.producer.clock import Clock
from sandbox.producer.ledger import Acked, EndLine, NotAcked, Sink
from sandbox.producer.planning import Plan, Planned
from sandbox.world.events import micros_of

GROUP_S: Final = 0.05
"""Records prepared and made durable together: 50 ms, so an intent waits at most that for its sync."""
SLICE_S: Final = 0.01
"""Records due within this are waited for together: waking up for each one would cost more than sending it."""
HELD_MS: Final = 1_000
"""A run held its rate if no record left more than a second after it was due."""
PROGRESS_S: Final = 0.5
STOP_PATIENCE_S: Final = 5.0
"""How long an interrupted run still waits for delivery reports."""
NOT_SENT: Final = "not sent: the run was stopped before its time"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `behind_ms`: how late the latest record left."""

    planned: int
    sent: int
    acked: int
    failed: int
    unknown: int
    behind_ms: int
    elapsed_s: float


@dataclass(slots=True)
class Tally:
    """Counts of a run while it goes on."""

    intents: int = 0
    sent: int = 0
    acked: int = 0
    failed: int = 0
    unknown: int = 0
    behind_ms: int = 0
    behind_ms_max: int = 0
    by_label: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: Acked | NotAcked) -> None:
        """Count an outcome."""
        setattr(self, outcome.result, getattr(self, outcome.result) + 1)


@dataclass(frozen=True, slots=True)
class _Group:
    records: list[Planned]
    durable: Future[None]


class Run:
    """One run over a plan of `total` records. Call `go` once."""

    def __init__(self, plan: Plan, total: int, start: datetime, ledger: Sink, clock: Clock) -> None:
        self.tally = Tally()
        self._plan = plan
        self._total = total
        self._ledger = ledger
        self._clock = clock
        self._outcomes: list[bytes] = []
        self._encode = msgspec.json.Encoder().encode
        self._start = start
        self._origin = 0.0
        self._told = 0.0

    def _take(self, outcome: Acked | NotAcked) -> None:
        """Take what became of a record; durable with the next group."""
        self.tally.count(outcome)
        self._outcomes.append(self._encode(outcome))

    def go(self, broker: Broker, stop: threading.Event, tell: Callable[[Progress], None], patience_s: float) -> EndLine:
        """Send everything, wait up to `patience_s` for reports (5 s at a stop), write and return the end line."""
        # the monotonic clock keeps the pace; wall time fixes only where it begins
        self._origin = self._clock.monotonic() + (self._start - self._clock.now()).total_seconds()
        group: _Group | None = self._prepare()
        while group is not None:
            following = None if stop.is_set() else self._prepare()
            group.durable.result()
            self._send(group.records, broker, stop, tell)
            if stop.is_set():
                self._leave_out(following)
                break
            group = following
        seconds = self._elapsed()
        self._settle(broker, stop, tell, patience_s)
        return self._end(seconds)

    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._origin

    def _prepare(self) -> _Group | None:
        """The next group with its intents on their way to the disk, together with outcomes so far."""
        first = self.tally.intents
        if first >= self._total:
            return None
        begin = self._plan.due_us(first)
        records: list[Planned] = []
        while first + len(records) < self._total and self._plan.due_us(first + len(records)) - begin < GROUP_S * 1e6:
            records.append(self._plan.next())
        self.tally.intents += len(records)
        labels = self.tally.by_label
        for record in records:
            labels[record.intent.label] = labels.get(record.intent.label, 0) + 1
        self._ledger.write([*self._take_outcomes(), *(self._encode(record.intent) for record in records)])
        return _Group(records, self._ledger.sync())

    def _take_outcomes(self) -> list[bytes]:
        taken, self._outcomes = self._outcomes, []
        return taken

    def _send(
        self, records: list[Planned], broker: Broker, stop: threading.Event, tell: Callable[[Progress], None]
    ) -> None:
        start_us = micros_of(self._start)
        for at, record in enumerate(records):
            due_s = (record.due_us - start_us) / 1e6
            while (early := due_s - self._elapsed()) > 0 and not stop.is_set():
                broker.poll(min(early + SLICE_S / 2, 0.1))
            if not self._hand_over(record, due_s, broker, stop, tell):
                self._drop(records[at:])
                return
            self.tally.sent += 1
            if at % 64 == 0:
                self._note_delay(due_s)
        broker.poll(0)
        self._tell(tell)

    def _hand_over(
        self, record: Planned, due_s: float, broker: Broker, stop: threading.Event, tell: Callable[[Progress], None]
    ) -> bool:
        """Whether the client took the record. A stop may come at any moment: only this answer says if it left."""
        while not stop.is_set():
            if broker.send(record.intent.n, record.key, record.payload, self._take):
                return True
            broker.poll(0.1)  # the client's queue is full: the broker is slower than the rate
            self._note_delay(due_s)
            self._tell(tell)
        return False

    def _note_delay(self, due_s: float) -> None:
        self.tally.behind_ms = max(0, int((self._elapsed() - due_s) * 1_000))
        self.tally.behind_ms_max = max(self.tally.behind_ms_max, self.tally.behind_ms)

    def _drop(self, records: list[Planned]) -> None:
        for record in records:
            self._take(NotAcked(record.intent.n, "failed", NOT_SENT))

    def _leave_out(self, group: _Group | None) -> None:
        if group is not None:
            group.durable.result()
            self._drop(group.records)

    def _settle(
        self, broker: Broker, stop: threading.Event, tell: Callable[[Progress], None], patience_s: float
    ) -> None:
        """Wait for the reports still out; at a stop for a moment only."""
        began = self._clock.monotonic()
        while broker.outstanding():
            waited = self._clock.monotonic() - began
            if waited > patience_s or (stop.is_set() and waited > min(patience_s, STOP_PATIENCE_S)):
                broker.give_up()
                break
            broker.poll(0.1)
            if len(self._outcomes) > 1_000:
                self._ledger.write(self._take_outcomes())
            self._tell(tell)

    def _end(self, seconds: float) -> EndLine:
        tally = self.tally
        silent = tally.intents - tally.acked - tally.failed - tally.unknown
        end = EndLine(
            intents=tally.intents,
            acked=tally.acked,
            failed=tally.failed,
            unknown=tally.unknown + silent,
            seconds=round(seconds, 3),
            held_rate=tally.behind_ms_max <= HELD_MS,
            behind_ms_max=tally.behind_ms_max,
        )
        self._ledger.write([*self._take_outcomes(), self._encode(end)])
        self._ledger.sync().result()
        return end

    def _tell(self, tell: Callable[[Progress], None]) -> None:
        now = self._elapsed()
        if now - self._told >= PROGRESS_S:
            self._told = now
            tally = self.tally
            tell(Progress(self._total, tally.sent, tally.acked, tally.failed, tally.unknown, tally.behind_ms, now))
