"""A clock that moves only when the run waits, a broker and a ledger sink that write down what happens when."""

from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

import msgspec

from sandbox.producer.ledger import Acked, NotAcked
from sandbox.producer.planning import Mix, Plan
from sandbox.producer.run import Run
from sandbox.world.merchants import MerchantBook

EPOCH = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
BOOK = MerchantBook.build(7, 200)


class ScriptedClock:
    """Wall and monotonic time, moved by `wait`."""

    def __init__(self):
        self.at = 100.0

    def now(self):
        return EPOCH + timedelta(seconds=self.at - 100.0)

    def monotonic(self):
        return self.at

    def wait(self, seconds):
        self.at += seconds


class RecordingSink:
    """Ledger lines in order. Lines are durable only once the future of a later `sync` was waited for."""

    def __init__(self):
        self.lines = []
        self.durable = 0
        self.durable_intents = set()
        self._pending = []

    def write(self, lines):
        fresh = [msgspec.json.decode(line) for line in lines]
        self._pending += [line["n"] for line in fresh if line["kind"] == "intent"]
        self.lines += fresh

    def sync(self):
        sink, upto, pending = self, len(self.lines), self._pending
        self._pending = []

        class Synced(Future):
            def result(self, timeout=None):
                sink.durable = max(sink.durable, upto)
                sink.durable_intents.update(pending)

        return Synced()

    def of(self, kind):
        return [line for line in self.lines if line["kind"] == kind]


class ScriptedBroker:
    """Acknowledges after `delay_s`; `deaf` from one time to another; a queue of `room` records; a cost per send."""

    def __init__(self, clock, sink, *, delay_s=0.01, room=10**9, deaf=(0.0, 0.0), cost_s=0.0):
        self.clock, self.sink = clock, sink
        self.delay_s, self.room, self.deaf, self.cost_s = delay_s, room, deaf, cost_s
        self.sent = []
        self.before_durable = []
        self.waiting = []
        self.on_send = lambda number: None

    def send(self, number, key, payload, report):
        if len(self.waiting) >= self.room:
            return False
        if number not in self.sink.durable_intents:
            self.before_durable.append(number)
        self.clock.wait(self.cost_s)
        self.sent.append((number, self.clock.at))
        self.waiting.append((self.clock.at + self.delay_s, number, report))
        self.on_send(number)
        return True

    def poll(self, timeout_s):
        self.clock.wait(timeout_s)
        now = self.clock.at - 100.0
        if self.deaf[0] <= now < self.deaf[1]:
            return
        ready = [entry for entry in self.waiting if entry[0] <= self.clock.at]
        self.waiting = [entry for entry in self.waiting if entry[0] > self.clock.at]
        for _, number, report in ready:
            report(Acked(number, number % 6, number // 6, 1_764_000_000_000 + number))

    def outstanding(self):
        return len(self.waiting)

    def give_up(self):
        for _, number, report in self.waiting:
            report(NotAcked(number, "unknown", "_PURGE_INFLIGHT"))
        self.waiting = []


class Stage:
    """Everything for one scripted run."""

    def __init__(self, *, rate=200, total=200, run_class=Run, **broker):
        self.clock = ScriptedClock()
        self.sink = RecordingSink()
        self.broker = ScriptedBroker(self.clock, self.sink, **broker)
        self.start = EPOCH + timedelta(milliseconds=200)
        self.rate = rate
        plan = Plan(seed=7, run="r", start=self.start, rate=rate, mix=Mix(), mac_key="k" * 32, book=BOOK)
        self.run = run_class(plan, total, self.start, self.sink, self.clock)
        self.told = []

    def go(self, stop, patience_s=310.0):
        return self.run.go(self.broker, stop, self.told.append, patience_s)

    def lateness(self):
        """Seconds after its due time that each record left."""
        return [at - (100.2 + number / self.rate) for number, at in self.broker.sent]
