"""The consumer's loop: poll -> decode .. plan (`walk.enrich`) -> append (lanes) -> commit.

One thread polls and decides; a second one walks the window that was polled before.
"""

from concurrent.futures import Future
from typing import Final

import polars as pl

from streaming.failpoints import Point
from streaming.ports import Polled, TopicFacts
from streaming.protocol.halts import FenceAgain, Ousted
from streaming.protocol.partition import Partition, State
from streaming.protocol.recovery import Identity
from streaming.reference.tables import Reference
from streaming.runner.guard import Guard
from streaming.runner.lanes import Lanes
from streaming.runner.meters import Meters
from streaming.runner.orphans import REVOKED_S, Orphans
from streaming.runner.ownership import Ownership
from streaming.runner.performer import Performer
from streaming.runner.references import References
from streaming.runner.rivals import Rivals
from streaming.runner.window import Window
from streaming.runner.world import World
from streaming.settings import Settings
from streaming.stages.plan import Block, serialise, split
from streaming.walk import Enriched, Policy, Source, enrich

POLL_S: Final = 0.02
"""Longest rest while a partition recovers: group and protocol take a few steps, each of which waits for a turn."""
POLL_RECORDS: Final = 5_000
REST_S: Final = 0.25
"""Longest rest: bounds how late a stop, a rebalance or a dead client is noticed."""
CROWDED_S: Final = 1.0
"""How long a full window waits for the walk before it, unpolled; then partitions pause, and polls serve the group."""
CROWDED_RECORDS: Final = 1
"""A poll of none serves nobody; a pause takes effect within a second, until then each poll may bring as many."""
SETTLE_SHARE: Final = 0.35
"""Of the drain's time limit: how long appends in flight are waited for; the rest is for commits and closing."""


class Consumer:
    """One member. `turn` is one round of the loop; whoever runs it decides when to stop."""

    def __init__(self, world: World, settings: Settings, topic: TopicFacts, references: References) -> None:
        self._world, self._settings, self._topic, self._references = world, settings, topic, references
        self.meters = Meters(world.clock)
        self.window = Window()
        performer = Performer(
            world.broker, world.warehouse, settings.kafka_topic, settings.append_deadline_s, world.passing
        )
        self.ownership = Ownership(world, self.window, self._partition, settle_s=settings.drain_s * SETTLE_SHARE)
        self.lanes = Lanes(performer, world.pool, world.clock, self.ownership, world.bell)
        self.ownership.lanes = self.lanes
        self._policy = Policy.of(settings)
        self._source = Source(settings.kafka_topic, topic.topic_id)
        self._next_commit = 0.0
        self.rivals = Rivals(world.clock)
        self._guard = Guard(world, topic, self._event)
        self._orphans = Orphans(world, patience_s=settings.drain_s + REVOKED_S)
        self._walk: Future[tuple[Enriched, list[Block]]] | None = None
        self._crowded_at: float | None = None
        self.walking_since: float | None = None
        """Monotonic time at which the walk under way began."""

    def start(self) -> None:
        """Join the group."""
        self._world.broker.join(self.ownership)

    def turn(self) -> None:
        """Rest, poll once, walk a window if one is due, advance every partition, commit if it is time.

        Records gather in the client meanwhile: taking them one by one as they come would wake this thread, and
        everything that waits for it, hundreds of times a second.
        """
        self._world.bell.rest(self._rest_s())
        shut = self._poll()
        self._walk_on()
        for halt in self._guard.halts(self.lanes):
            self.lanes.interrupt(halt.partition, halt)
        self.ownership.stay_no_longer(self._guard.answers)
        if orphans := self._orphans.found():
            self.ownership.deal_again(orphans)
        self._advance()
        self.ownership.balance(self._settings.max_buffered_rows, self._settings.max_buffered_bytes, shut)
        now = self._world.clock.monotonic()
        periodic = now >= self._next_commit
        if periodic:
            self._next_commit = now + self._settings.commit_interval_s
        self.meters.commits += self.ownership.send_commits(periodic)

    def stop(self) -> None:
        """Give every partition up in order: no new polls, appends in flight end, commit, finalize, leave."""
        self._world.passing(Point.DRAINING)
        self._world.broker.leave()
        self._world.passing(Point.DRAINED)

    def refused(self) -> bool:
        """Every partition of this member halted, or waits for a permission, before it delivered anything."""
        lanes = list(self.lanes)
        return bool(lanes) and self.meters.polled == 0 and all(lane.done or lane.denied for lane in lanes)

    def reference_versions(self) -> dict[str, str]:
        """Published versions in use."""
        reference = self._references.current()
        return {"merchants": reference.merchants_version, "fx_rates": reference.fx_version}

    def _poll(self) -> bool:
        """Take what has come, if the window has room. Returns whether partitions must pause until it has."""
        if not self._crowded():
            self._crowded_at = None
            self._take(self._world.broker.poll(POLL_RECORDS, 0))
            return False
        now = self._world.clock.monotonic()
        self._crowded_at = now if self._crowded_at is None else self._crowded_at
        if now - self._crowded_at < CROWDED_S:
            return False
        if self.ownership.fetching <= self.ownership.paused:
            self._take(self._world.broker.poll(CROWDED_RECORDS, 0))
        return True

    def _crowded(self) -> bool:
        """Whether the window is full while the one before it is still walked."""
        return self._walk is not None and self.window.full(self._bounds()[1])

    def _take(self, polled: Polled) -> None:
        if polled.dead is not None:
            self.rivals.put_out(polled.dead)
            if not self.rivals.found():  # else it ends, and to join once more would put the rival out again
                self.ownership.start_over(polled.dead)
            return
        self.ownership.answered(polled.commits)
        for stalled in polled.stalled:
            self.lanes.interrupt(stalled.partition, FenceAgain(f"cannot fetch: {stalled.detail}"))
        if len(polled.records):
            self._world.passing(Point.AFTER_POLL)
        self.meters.polled += len(polled.records)
        self.window.add(polled.records, self.ownership.fetching, self._world.clock.monotonic())

    def _rest_s(self) -> float:
        """How long nothing needs this thread, unless a call that finishes rings."""
        now = self._world.clock.monotonic()
        rest = REST_S  # crowded: until the walk's end rings
        if not self._crowded():
            rest = min(rest, self.window.rest_s(now, *self._bounds(), self._backlog(), self._walk is not None))
        for lane in self.lanes:
            if lane.partition.state is State.RECOVERING:
                rest = min(rest, POLL_S)
            if lane.until is not None:
                rest = min(rest, lane.until - now)
        return rest if any(self.lanes) else min(rest, POLL_S)

    def _bounds(self) -> tuple[float, int]:
        """How old and how large a window grows. Where blocks wait for their append, a larger window would gain nothing
        and hold more: half as large is enough."""
        most = self._settings.window_max_rows
        return self._settings.window_ms / 1000, max(1, most // 2) if self._backlog() else most

    def _backlog(self) -> bool:
        return any(lane.partition.queue for lane in self.lanes)

    def _walk_on(self) -> None:
        """Hand out the blocks of a window whose walk has ended, and begin the next one if it is due.

        One window walks at a time, in a thread of its own: most of its work leaves the interpreter to this one, which
        polls meanwhile. A full window waits for the one before; nothing else does.
        """
        self._walked_off()
        now = self._world.clock.monotonic()
        if self._walk is None and self.window.due(now, *self._bounds(), self._backlog()):
            self._walk = self._world.walker.submit(self._walked, self.window.take(now), self._references.current())
            self.walking_since = now
            self._walked_off()
            if self._walk is not None:
                self._walk.add_done_callback(lambda _: self._world.bell.ring())

    def _walked_off(self) -> None:
        if self._walk is not None and self._walk.done():
            enriched, blocks = self._walk.result()
            self._walk = self.walking_since = None
            self._hand_out(enriched, blocks)

    def _walked(self, window: pl.DataFrame, reference: Reference) -> tuple[Enriched, list[Block]]:
        """decode .. plan. Reads nothing that the polling thread changes."""
        enriched = enrich(window, self._source, reference, self._policy, passing=self._world.passing)
        return enriched, split(enriched.rows, enriched.payloads, self._settings.window_max_rows)

    def _hand_out(self, enriched: Enriched, blocks: list[Block]) -> None:
        """Blocks to their partitions, but for those dropped during the walk: theirs are delivered again."""
        self.meters.windows += 1
        self.meters.unknown_fields += enriched.unknown_fields
        if enriched.internal:  # landed as QUARANTINED_INTERNAL: nothing is lost, but it is a defect of ours
            self._event(
                "stage_failed", level="error", records=len(enriched.internal), kinds=sorted(set(enriched.internal))
            )
        for block in blocks:
            lane = self.lanes.get(block.partition)
            kept = block.partition in self.ownership.fetching and block.partition not in self.window.dropped
            if lane is not None and kept:
                lane.partition.queue.append(block)

    def _advance(self) -> None:
        for lane in self.lanes:
            try:
                self.lanes.advance_one(lane)
            except Ousted as ousted:
                self.ownership.ousted(lane.partition.number, ousted)
        self.lanes.send_counts()

    def _partition(self, number: int) -> Partition:
        identity = Identity(
            partition=number,
            topic_id=self._topic.topic_id,
            start_at=self._settings.start_at,
            append_deadline_s=self._settings.append_deadline_s,
            new_epoch=self._world.new_epoch,
            now=self._world.clock.now,
            max_past=self._policy.max_past,
        )
        return Partition(
            identity,
            serialise,
            check_first=self._settings.recovery_check == "before",
            on_landed=self.meters.landed,
            on_event=self._event,
            passing=self._world.passing,
        )

    def _event(self, event: str, **facts: object) -> None:
        self.meters.events[event] += 1
        if event == "recovered":
            self.meters.events["skipped_at_recovery"] += int(str(facts["skip"]))
        self._world.journal.say(event, **facts)
