"""A rig whose appends wait in real threads until a test lets them go, and clocks and journals that act when asked."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from runner_rig import Rig

from streaming.adapters.clock import ManualClock
from streaming.adapters.journal import MemoryJournal
from streaming.adapters.memory_faults import Effect, Fault
from streaming.protocol import actions as a
from streaming.runner.world import AtOnce

PATIENCE_S = 10.0


class AppendsInThreads(AtOnce):
    """Appends may be in flight; all else has answered at once."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(4)
        self.appends: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        if args and isinstance(args[-1], a.Append):
            self.appends.append(self.threads.submit(fn, *args, **kwargs))
            return self.appends[-1]
        return super().submit(fn, *args, **kwargs)


class ActingJournal(MemoryJournal):
    """Calls a test back when something is said."""

    def __init__(self) -> None:
        super().__init__()
        self.on: dict[str, Callable[[], None]] = {}

    def say(self, event: str, **facts: object) -> None:
        super().say(event, **facts)
        self.on.get(event, lambda: None)()


class TickingClock(ManualClock):
    """Once `ticking`, each look at it takes half a second."""

    ticking = False

    def monotonic(self) -> float:
        if self.ticking:
            self.advance(0.5)
        return super().monotonic()


class HeldAppends(Rig):
    """`gate` holds the next append of each `hold`."""

    def __init__(self, partitions: int = 1, **settings: Any) -> None:
        super().__init__(partitions, **settings)
        self.clock = self.cluster.clock = self.warehouse.clock = TickingClock(self.clock.now())
        self.journal = ActingJournal()
        self.pool: AppendsInThreads = AppendsInThreads()
        self.gate = threading.Event()
        self.holding = False

    def hold(self, appends: int = 1, effect: Effect = Effect.NONE) -> None:
        self.holding = True
        self.warehouse.script(*[Fault("append", effect, gate=self.gate)] * appends)

    def let_go(self) -> None:
        self.gate.set()
        wait(self.pool.appends, PATIENCE_S)

    def turn(self, turns: int = 1) -> None:
        """Appends that nothing holds are answered by the end of each turn."""
        for _ in range(turns):
            super().turn()
            if not self.holding or self.gate.is_set():
                wait(self.pool.appends, PATIENCE_S)

    def close(self) -> None:
        self.gate.set()
        self.pool.threads.shutdown(wait=True)
