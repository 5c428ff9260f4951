"""What can go wrong between us and a warehouse, as scripts for `MemoryWarehouse`."""

import threading
from dataclasses import dataclass
from enum import Enum


class Effect(Enum):
    """What becomes of one request. Every lost answer shows to the caller as `Unavailable`."""

    NONE = "answered as usual (for a `gate` alone)"
    LOSE_REQUEST = "not applied, no answer"
    LOSE_ANSWER = "applied, no answer"
    DELAY = "no answer; applied by `deliver_delayed`, never after the stream was finalized"
    DUPLICATE = "applied and answered; the network delivers it again at `deliver_delayed`"
    GHOST = "no answer; the stream's count advances without the rows (the stock emulator's defect)"
    EXPIRE = "the stream is gone: NOT_FOUND; its rows stay"
    QUOTA = "not applied: resource exhausted"
    REJECT_ROWS = "not applied: the rows `Fault.rows` are refused"
    REFUSE = "not applied: an operator must act"
    DENY = "not applied: the credentials lack a permission"
    MISCOUNT = "finalize answers a count that is off by `Fault.by`, now and when asked again"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault for one request.

    `operation` is a method name of the Warehouse port (`append`, `finalize`, `open_stream`, `count_live`...),
    `stream` narrows it to one stream. With a `gate` the request first waits for that event, at most its own
    time limit: a test holds an append in flight with it.
    """

    operation: str
    effect: Effect = Effect.NONE
    stream: str | None = None
    rows: tuple[int, ...] = ()
    by: int = 0
    gate: threading.Event | None = None


class Script:
    """Faults waiting for the requests they match, in order. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Queue faults behind those already there."""
        with self._lock:
            self._faults.extend(faults)

    def take(self, operation: str, stream: str | None = None) -> Fault | None:
        """The first fault for this request, taken off the queue."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.operation == operation and fault.stream in (None, stream):
                    return self._faults.pop(index)
            return None

    @property
    def left(self) -> int:
        """Faults that nothing has met yet: a test that expects them all asserts 0."""
        with self._lock:
            return len(self._faults)
