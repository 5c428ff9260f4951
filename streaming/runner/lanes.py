"""Lanes: each assigned partition's protocol steps, advanced by the polling thread, performed by a pool.

A lane is at rest on exactly one thing: a call in the pool, a time, its next block, or a commit's answer.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from typing import Any, Final, Protocol

from streaming.ports import (
    AccessDenied,
    Clock,
    Commit,
    CommitAnswer,
    CommitOutcome,
    NoCredentials,
    QuotaExceeded,
    Unavailable,
    WarehouseError,
)
from streaming.protocol import actions as a
from streaming.protocol.halts import Halt, HaltReason
from streaming.protocol.partition import Partition
from streaming.runner.bell import Bell
from streaming.runner.performer import Performer
from streaming.runner.take import take_block

COUNT_GATHER_S: Final = 0.25
"""How long a count waits for other recovering partitions to join its query."""


class Fetching(Protocol):
    """What lanes ask of the polling thread's side of the broker."""

    def start(self, partition: int, offset: int) -> None:
        """Deliver from this offset."""

    def stop(self, partition: int) -> None:
        """Deliver nothing, drop what is polled and not enriched."""

    def publish(self, partition: int, commit: Commit) -> None:
        """Send this commit; its answer comes through `Lanes.answered`."""


@dataclass(slots=True)
class Lane:
    """One partition and what its steps rest on."""

    partition: Partition
    steps: a.Steps
    action: a.Action | None = None
    future: "Future[Any] | None" = None
    until: float | None = None
    interrupt: Exception | None = None
    beside: bool = False
    """A check that runs beside the partition's own lane (RECOVERY_CHECK=behind)."""
    closing: bool = False
    held: bool = False
    """Takes no further block: the guard waits for the append under way."""
    denied: str = ""
    """What an operator must mend before the refused call is made again and succeeds."""
    done: bool = False

    @property
    def shown_state(self) -> str:
        """The partition's state as a heartbeat shows it: a wait for quota counts as paused."""
        paused = isinstance(self.action, a.Wait) and self.action.paused
        return "paused" if paused else self.partition.state.value


class Lanes:
    """All lanes of this member. Every method is for the polling thread alone."""

    def __init__(self, performer: Performer, pool: Executor, clock: Clock, fetching: Fetching, bell: Bell) -> None:
        self._performer, self._pool, self._clock, self._fetching = performer, pool, clock, fetching
        self._bell = bell
        self._calls: set[Future[Any]] = set()
        self._lanes: dict[int, Lane] = {}
        self._counts: dict[int, tuple[a.CountLive, float]] = {}

    def add(self, partition: Partition) -> None:
        """Begin recovering a newly assigned partition."""
        lane = Lane(partition, partition.steps())
        self._lanes[partition.number] = lane
        self._resume(lane, None)

    def get(self, number: int) -> Lane | None:
        """The lane of a partition, if assigned."""
        return self._lanes.get(number)

    def __iter__(self) -> Iterator[Lane]:
        return iter([lane for lane in self._lanes.values() if not lane.beside])

    def discard(self, numbers: Iterable[int]) -> list[Lane]:
        """Forget lanes. Calls in flight end unheard."""
        keys = [key for number in numbers for key in (number, _beside(number)) if key in self._lanes]
        gone = [self._lanes.pop(key) for key in keys]
        for key, lane in zip(keys, gone, strict=True):
            self._counts.pop(key, None)
            lane.steps.close()
        return [lane for lane in gone if not lane.beside]

    def advance_one(self, lane: Lane) -> None:
        """Resume the lane, and the check beside it, if what they wait for has come. Raises Ousted."""
        number = lane.partition.number
        for key in (number, _beside(number)):
            if key in self._lanes:
                self._advance(self._lanes[key])

    def answered(self, answer: CommitAnswer) -> None:
        """A commit's answer: of a publish (the lane goes on) or a periodic one. Raises Ousted."""
        lane = self._lanes.get(answer.partition)
        if lane is None:
            return
        if isinstance(lane.action, a.Publish) and lane.partition.outstanding is lane.action.commit:
            lane.partition.outstanding = None
            self._resume(lane, answer.outcome)
        elif answer.outcome is CommitOutcome.INVALID:
            lane.partition.outstanding = None
            detail = f"the broker refused the commit's metadata: {answer.detail}"
            self.interrupt(answer.partition, Halt(answer.partition, HaltReason.DEFECT, detail))
        else:
            lane.partition.commit_answered(answer)

    def interrupt(self, number: int, error: Exception) -> None:
        """Throw this into the lane's steps at their next rest, unless they are recovering or halted already."""
        lane = self._lanes.get(number)
        if lane is not None and not lane.done:
            lane.interrupt = error

    def close(self, numbers: Iterable[int], limit_s: float) -> list[Lane]:
        """Let appends in flight end, start nothing new, and hand the lanes back at rest or out of time."""
        closing = [self._lanes[number] for number in numbers if number in self._lanes]
        for lane in closing:
            lane.closing = True
            lane.partition.queue.clear()
        deadline = self._clock.monotonic() + limit_s
        while True:
            calls = [lane.future for lane in closing if lane.future and isinstance(lane.action, a.Append)]
            left = deadline - self._clock.monotonic()
            if not calls or left <= 0:
                return closing
            wait(calls, timeout=min(left, 0.1), return_when="FIRST_COMPLETED")
            for lane in closing:
                self._advance(lane)

    # --- one lane ------------------------------------------------------------------------------------

    def _advance(self, lane: Lane) -> None:
        if lane.done:
            return
        if lane.future is not None:
            if lane.future.done():
                self._resume_with(lane, lane.future)
        elif lane.interrupt is not None and isinstance(lane.action, a.NextBlock | a.Wait):
            self._throw(lane, None)
        elif lane.closing:
            return
        elif lane.until is not None:
            if self._clock.monotonic() >= lane.until:
                self._resume(lane, None)
        elif isinstance(lane.action, a.NextBlock) and lane.partition.queue and not lane.held:
            self._resume(lane, take_block(lane.partition.queue))
        elif isinstance(lane.action, a.StopFetch) and lane.partition.outstanding is None:
            self._resume(lane, None)

    def _resume_with(self, lane: Lane, future: "Future[Any]") -> None:
        lane.future = None
        error = future.exception()
        if isinstance(error, AccessDenied):  # said once for all partitions, not at each attempt
            self._throw(lane, error)
            return
        if _proves_access(error):
            self._granted(lane)
        if error is not None:
            facts = {"call": type(lane.action).__name__, "why": f"{type(error).__name__}: {error}"}
            lane.partition.on_event("call_failed", level="warning", partition=lane.partition.number, **facts)
            self._throw(lane, error)
        elif isinstance(lane.action, a.CountLive):
            self._resume(lane, future.result()[lane.partition.number])
        else:
            self._resume(lane, future.result())

    def _throw(self, lane: Lane, error: BaseException | None) -> None:
        if error is None:
            error, lane.interrupt = lane.interrupt, None
        assert error is not None
        self._step(lane, lambda: lane.steps.throw(error))

    def _resume(self, lane: Lane, result: Any) -> None:
        self._step(lane, lambda: lane.steps.send(result))

    def _step(self, lane: Lane, step: Callable[[], a.Action]) -> None:
        lane.action, lane.future, lane.until = None, None, None
        try:
            action = step()
        except StopIteration:
            lane.done = True
            return
        except Halt as halt:
            if not lane.beside:
                raise
            lane.done = True
            self.interrupt(lane.partition.number, halt)
            return
        lane.action = action
        self._begin(lane, action)

    def _begin(self, lane: Lane, action: a.Action) -> None:
        partition = lane.partition
        match action:
            case a.NextBlock() | a.StopFetch():
                if isinstance(action, a.StopFetch):
                    lane.interrupt = None
                    self._fetching.stop(partition.number)
                self._advance(lane)
            case a.Wait(seconds):
                lane.until = self._clock.monotonic() + seconds
                if action.why:
                    self._denied(lane, action.why)
            case a.StartFetch(offset):
                self._fetching.start(partition.number, offset)
                if not partition.check_first:
                    self._check_beside(partition)
                self._resume(lane, None)
            case a.Publish(commit):
                partition.commit_sent(commit)
                self._fetching.publish(partition.number, commit)
            case a.CountLive():
                key = _beside(partition.number) if lane.beside else partition.number
                self._counts[key] = (action, self._clock.monotonic() + COUNT_GATHER_S)
            case _:
                topic_id = partition.identity.topic_id
                lane.future = self._pool.submit(self._performer.perform, partition.number, topic_id, action)
                self._ring_after(lane.future, lane)

    def _denied(self, lane: Lane, why: str) -> None:
        first = not any(other.denied for other in self._lanes.values())
        lane.denied = why
        if first:
            then = "delivery goes on by itself once that is mended"
            lane.partition.on_event("access_denied", level="error", partition=lane.partition.number, why=why, then=then)

    def _granted(self, lane: Lane) -> None:
        was, lane.denied = lane.denied, ""
        if was and not any(other.denied for other in self._lanes.values()):
            lane.partition.on_event("access_restored", partition=lane.partition.number)

    def send_counts(self) -> None:
        """Send the gathered counts when no other lane can join them soon, or the first has waited enough."""
        if not self._counts:
            return
        joining = any(isinstance(lane.action, a.ReadPosition | a.Finalize | a.OpenStream | a.Publish) for lane in self)
        if joining and self._clock.monotonic() < min(due for _, due in self._counts.values()):
            return
        wanted = [(self._lanes[key].partition.number, action) for key, (action, _) in self._counts.items()]
        topic_id = self._lanes[next(iter(self._counts))].partition.identity.topic_id
        future = self._pool.submit(self._performer.count_live, topic_id, wanted)
        self._ring_after(future)
        for key in self._counts:
            self._lanes[key].future = future
        self._counts.clear()

    def _ring_after(self, future: "Future[Any]", lane: Lane | None = None) -> None:
        """Ring when this call has ended and something follows from it at once: the lane's next block waits, or no other
        call is in flight. The appends of one window end close together: one turn then takes all their answers."""

        def ended(call: "Future[Any]") -> None:
            self._calls.discard(call)
            if not self._calls or lane is None or lane.partition.queue or not isinstance(lane.action, a.Append):
                self._bell.ring()

        self._calls.add(future)
        future.add_done_callback(ended)

    def _check_beside(self, partition: Partition) -> None:
        lane = Lane(partition, partition.check_landed(), beside=True)
        self._lanes[_beside(partition.number)] = lane
        self._resume(lane, None)


def _proves_access(error: BaseException | None) -> bool:
    """Whether the warehouse took the call and judged it. No answer, or 'later', says nothing of permissions."""
    silent = isinstance(error, Unavailable | QuotaExceeded | NoCredentials | AccessDenied)
    return error is None or (isinstance(error, WarehouseError) and not silent)


def _beside(number: int) -> int:
    """Key of a partition's second lane: below zero, where no partition's number is."""
    return -1 - number
