"""Rebalances and commits: what this member owns, what it gives up, what it tells the group."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import wait
from typing import Final

from streaming.failpoints import Point
from streaming.ports import Commit, CommitAnswer, CommitOutcome, WarehouseError
from streaming.protocol.halts import Ousted
from streaming.protocol.partition import Partition
from streaming.runner.lanes import Lane, Lanes
from streaming.runner.patience import Patience
from streaming.runner.window import Window
from streaming.runner.world import World

COMMIT_NOW_S: Final = 2.0
"""Time limit of the last commit before a partition is given up. With the two others and the client's own close it
keeps a drain under 10 s even where no service answers."""
FINALIZE_S: Final = 1.5
"""Time limit of finalizing a stream that is given up: the next owner finalizes it again in any case."""


class Ownership:
    """The polling thread's side of the group: implements `Rebalances` and `Fetching`."""

    def __init__(self, world: World, window: Window, make: Callable[[int], Partition], settle_s: float) -> None:
        self._broker, self._warehouse, self._pool, self._journal = (
            world.broker,
            world.warehouse,
            world.pool,
            world.journal,
        )
        self._window, self._make, self._settle_s = window, make, settle_s
        self._passing = world.passing
        self.fetching: set[int] = set()
        self.paused: set[int] = set()
        self.unresolved: str | None = None
        """Why a new client is needed as soon as the poll is over."""
        self.lanes: Lanes  # set once, right after construction: lanes and ownership know each other
        self._to_send: dict[int, Commit] = {}
        self._patience = Patience()

    # --- Rebalances, called inside Broker.poll ---------------------------------------------------------

    def assigned(self, partitions: Sequence[int]) -> None:
        """Begin recovering each; nothing is fetched until its lane says from where."""
        self._journal.say("assigned", partitions=sorted(partitions))
        self._patience.assigned()
        self._drop(partitions)
        for number in partitions:
            self.lanes.add(self._make(number))

    def revoked(self, partitions: Sequence[int]) -> None:
        """Stop, let the append in flight end, commit, finalize."""
        self._journal.say("revoked", partitions=sorted(partitions))
        self._passing(Point.REVOKING)
        lanes = self.lanes.close(partitions, self._settle_s)
        self._passing(Point.REVOKE_SETTLED)
        answers = self._commit_last(lanes)
        self._passing(Point.REVOKE_COMMITTED)
        open_fates = sorted(_open_fates(lanes, answers))
        self._finalize(lane.partition.stream for lane in lanes)
        self._passing(Point.REVOKE_FINALIZED)
        self._drop(partitions)
        self._journal.say("given_up", partitions=sorted(partitions), commits=answers)
        if open_fates:
            self.unresolved = f"a commit of given-up partitions {open_fates} was not answered"

    def lost(self, partitions: Sequence[int]) -> None:
        """Somebody else's already: forget, commit nothing."""
        self._journal.say("lost", level="warning", partitions=sorted(partitions))
        self._drop(partitions)
        if not any(self.lanes):
            self._patience.lost()

    def _commit_last(self, lanes: Sequence[Lane]) -> dict[int, str]:
        due = {lane.partition.number: commit for lane in lanes if (commit := lane.partition.commit_due(last=True))}
        answers = self._broker.commit_now(due, COMMIT_NOW_S) if due else []
        return {answer.partition: answer.outcome.value for answer in answers}

    def _finalize(self, streams: Iterable[str | None]) -> None:
        def finalize(stream: str) -> None:
            try:
                self._warehouse.finalize(stream, FINALIZE_S)
            except WarehouseError as error:  # the next owner fences it
                self._journal.say("not_finalized", level="warning", why=str(error))

        wait([self._pool.submit(finalize, stream) for stream in streams if stream], timeout=FINALIZE_S)

    def _drop(self, partitions: Sequence[int]) -> None:
        for number in partitions:
            self.fetching.discard(number)
            self.paused.discard(number)
            self._to_send.pop(number, None)
            self._window.drop(number)
        for lane in self.lanes.discard(partitions):
            if lane.partition.stream:
                self._warehouse.close_stream(lane.partition.stream)

    # --- Fetching, called by lanes ---------------------------------------------------------------------

    def start(self, partition: int, offset: int) -> None:
        """Deliver from this offset."""
        self.fetching.add(partition)
        self._broker.fetch_from({partition: offset})

    def stop(self, partition: int) -> None:
        """Deliver nothing; what is polled and not enriched is dropped."""
        if partition in self.fetching:
            self._broker.hold([partition])
        self.fetching.discard(partition)
        self.paused.discard(partition)
        self._window.drop(partition)

    def publish(self, partition: int, commit: Commit) -> None:
        """Send with the next round of commits: partitions that recover together publish in one request."""
        self._to_send[partition] = commit

    # --- commits ---------------------------------------------------------------------------------------

    def send_commits(self, periodic: bool) -> int:
        """Send publishes, and what is due where `periodic`. Returns how many were sent.

        First of all a commit whose fate stayed open in a revocation, where joining anew was not possible.
        """
        if self.unresolved is not None:
            self.start_over(self.unresolved)
        publishes = len(self._to_send)
        if periodic:
            for lane in self.lanes:
                commit = lane.partition.commit_due()
                if commit is not None and not lane.closing:
                    lane.partition.commit_sent(commit)
                    self._to_send[lane.partition.number] = commit
        sending, self._to_send = self._to_send, {}
        if sending:
            self._passing(Point.BEFORE_COMMIT)
            self._broker.commit(sending)
            self._passing(Point.COMMIT_SENT if len(sending) > publishes else Point.PUBLISH_SENT)
        return len(sending)

    def answered(self, answers: Sequence[CommitAnswer]) -> None:
        """Hand answers to their lanes; leave what the group says is not ours."""
        for answer in answers:
            if answer.outcome is not CommitOutcome.APPLIED:
                facts = {"partition": answer.partition, "outcome": answer.outcome.value, "why": answer.detail}
                self._journal.say("commit_refused", level="warning", **facts)
            try:
                self.lanes.answered(answer)
            except Ousted as ousted:
                self.ousted(answer.partition, ousted)

    def ousted(self, partition: int, ousted: Ousted) -> None:
        """Drop the partition (fenced: the client rejoins by itself), or everything where a commit's fate is open."""
        if ousted.rejoin:
            self.start_over(str(ousted))
        else:
            self._journal.say("ousted", level="warning", partition=partition, why=str(ousted))
            self._drop([partition])

    def start_over(self, why: str) -> None:
        """A new client under the same static id; every partition comes again through `assigned`."""
        self.unresolved = None
        self._journal.say("rejoin", level="warning", why=why)
        self._drop([lane.partition.number for lane in self.lanes])
        self._broker.rejoin()
        self._patience.lost()

    def stay_no_longer(self, answers: int) -> None:
        """Start over where nothing was assigned for long although the broker answers: `Guard.answers` so far."""
        if (waited := self._patience.over(answers)) is not None:
            self.start_over(f"assigned nothing while the broker answered {waited} times")

    def deal_again(self, partitions: Sequence[int]) -> None:
        """These are nobody's: give everything up in order and join anew, so that the group deals them."""
        why = "the group gave them to nobody"
        self._journal.say("deal_again", level="warning", partitions=list(partitions), why=why)
        self._broker.deal_again()
        self._patience.lost()

    # --- back-pressure ---------------------------------------------------------------------------------

    def balance(self, max_rows: int, max_bytes: int, shut: bool = False) -> None:
        """Pause partitions that hold too many rows, or all where together they hold too many bytes; resume with room.

        All where the window has no room (`shut`). Bytes are the member's, not the partition's: a window's blocks share
        one frame until all are appended.
        """
        held = {lane.partition.number: lane.partition for lane in self.lanes}
        size = sum(partition.buffered_bytes for partition in held.values())
        rows = {number: partition.buffered for number, partition in held.items()}
        full = [n for n in self.fetching - self.paused if shut or size > max_bytes or rows.get(n, 0) > max_rows]
        room = [n for n in self.paused & self.fetching if size < max_bytes // 2 and rows.get(n, 0) < max_rows // 2]
        if full:
            self._broker.pause(full)
            self.paused.update(full)
        if room and not shut:
            self._broker.resume(room)
            self.paused.difference_update(room)


def _open_fates(lanes: Sequence[Lane], answers: Mapping[int, str]) -> set[int]:
    """Partitions with a commit, periodic or of a publish, that may still be applied after they were given up."""
    unknown = {number for number, answer in answers.items() if answer == CommitOutcome.UNKNOWN.value}
    pending = {lane.partition.number for lane in lanes if lane.partition.outstanding is not None}
    return unknown | {number for number in pending if answers.get(number) != CommitOutcome.APPLIED.value}
