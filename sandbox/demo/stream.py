"""The demo's middle: payments flow, a consumer is killed halfway, the viewer watches; then everything drains."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from sandbox.demo import latency
from sandbox.demo.failure import DemoFailed
from sandbox.demo.ledger import LedgerTail
from sandbox.demo.members import Members
from sandbox.demo.options import Options
from sandbox.demo.positions import KafkaSilent, Positions
from sandbox.demo.producing import ProducerFailed, Source
from sandbox.demo.samples import Sightings
from sandbox.demo.snapshot import DRAINING, RECOVERING, STREAMING, Happening, History, Pace, Snapshot

TURN_S: Final = 0.05
SHOW_EVERY_S: Final = 0.25
RECENT_S: Final = 10.0
"""Live percentiles are of the events that became queryable in the last so many seconds."""
READS_KEPT: Final = 40
DRAIN_STALLED_S: Final = 30.0
"""Nothing new has landed for so long, although the log holds more: something is wrong."""
DRAIN_CHECK_S: Final = 0.25


@dataclass(slots=True)
class Kill:
    """One SIGKILL: whom, when (microseconds since the epoch), what was his, and who came after him."""

    member: str
    pid: int
    killed_us: int
    partitions: list[int]
    next_pid: int | None = None
    next_us: int | None = None
    """When the supervisor's next process held the lease."""
    live_recovery_s: float | None = None


class Stream:
    """One production run. Everything here happens in the main thread."""

    def __init__(
        self,
        options: Options,
        members: Members,
        source: Source,
        seen: Sightings,
        *,
        show: Callable[[Snapshot], None],
        healthy: Callable[[], None],
        trouble: Callable[[], str | None],
        address: Callable[[], str | None],
    ) -> None:
        self._options, self._members, self._source, self._seen = options, members, source, seen
        self._show, self._healthy, self._trouble, self._address = show, healthy, trouble, address
        self.kills: list[Kill] = []
        self.happenings: list[Happening] = []
        self.tail: LedgerTail | None = None
        self._phase = STREAMING
        self._began = time.monotonic()
        self._history, self._pace = History(), Pace()
        self._percentiles: dict[str, float | None] = {"p50": None, "p95": None}
        self._events_per_s = 0.0
        self._next_show = self._next_read = self._next_note = 0.0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the order to produce."""
        return time.monotonic() - self._began

    def happened(self, text: str, tone: str = "plain") -> None:
        """Add a line for the viewer."""
        self.happenings.append(Happening(self.elapsed_s, text, tone))

    def flow(self) -> dict[str, Any]:
        """Run until the producer has ended; kill a consumer halfway. Returns the producer's summary."""
        while (summary := self._source.summary) is None:
            progress = self._turn()
            halfway = progress.get("elapsed_s", 0.0) >= self._options.seconds / 2
            if self._options.kill and halfway and not self.kills and self._members.pid(self._members.names[0]):
                self._kill()
        self.happened(f"the producer has ended: {summary['acked']:,} records acknowledged")
        return summary

    def _kill(self) -> None:
        member = self._members.names[0]
        owned = self._members.beats().get(member, {}).get("partitions", [])
        killed_us = time.time_ns() // 1_000
        pid = self._members.kill(member)
        self.kills.append(Kill(member, pid, killed_us, owned))
        self._phase = RECOVERING
        self.happened(f"kill -9 {member} (pid {pid})", "bad")

    def drain(self, positions: Positions) -> str | None:
        """Wait until all is committed, landed and seen in the view. Returns what is missing, None if nothing is."""
        self._phase = DRAINING if self._phase == STREAMING else self._phase
        moved, landed = time.monotonic(), -1
        while (missing := self._missing(positions)) is not None:
            census = self._seen.census
            if census is not None and census.landed != landed:
                moved, landed = time.monotonic(), census.landed
            if time.monotonic() - moved > DRAIN_STALLED_S:
                return missing
            until = time.monotonic() + DRAIN_CHECK_S
            while time.monotonic() < until:
                self._turn()
        self._phase = DRAINING
        self.happened("drained: every record is committed, landed and seen by a query", "good")
        self._next_show = 0.0
        self._turn()
        return None

    def _missing(self, positions: Positions) -> str | None:
        try:
            undone = positions.undone().records
        except KafkaSilent as error:
            return f"Kafka does not answer: {error}"
        if undone:
            return f"{undone:,} records are not committed by the consumer group"
        census = self._seen.census
        if census is None or census.lag:
            return f"{census.lag if census else 'all':,} records have no row in the table"
        self._read_ledger()
        if self.tail is None:
            return "no ledger was written"
        seen = latency.with_queryable(latency.measured(self.tail.records()), self._seen.samples())
        unseen = seen["queryable_us"].null_count()
        return f"{unseen:,} payments are not in the view" if unseen else None

    def _turn(self) -> dict[str, Any]:
        self._members.tend()
        if refusals := self._members.refusals():
            raise DemoFailed(refusals[0])
        self._look_for_the_next()
        self._healthy()
        try:
            progress = self._source.look()
        except ProducerFailed as error:
            raise DemoFailed(str(error)) from None
        now = time.monotonic()
        if now >= self._next_read:
            self._next_read = now + SHOW_EVERY_S
            self._look_closely()
        if now >= self._next_show:
            self._next_show = now + SHOW_EVERY_S
            self._show(self._snapshot(progress))
        time.sleep(TURN_S)
        return progress

    def _look_for_the_next(self) -> None:
        for kill in self.kills:
            pid = self._members.pid(kill.member)
            if kill.next_us is None and pid not in {None, kill.pid}:
                kill.next_pid, kill.next_us = pid, time.time_ns() // 1_000

    def _read_ledger(self) -> None:
        if self.tail is None and (path := self._source.ledger()) is not None:
            self.tail = LedgerTail(path)
        if self.tail is not None:
            self.tail.read()

    def _look_closely(self) -> None:
        """Read what the ledger has new and derive the live percentiles and whether a recovery is over."""
        self._read_ledger()
        if self.tail is None:
            return
        horizon = time.time_ns() // 1_000 - int(RECENT_S * 1e6)
        events = latency.measured(self.tail.records(READS_KEPT)).filter(pl.col("broker_ms") * 1_000 >= horizon)
        samples = self._seen.samples(horizon)
        seen = latency.with_queryable(events, samples)
        self._percentiles = latency.between(seen, "occurred_us", "queryable_us")
        if self._phase == RECOVERING:
            self._look_recovered(events, samples)
        self._note_second()

    def _look_recovered(self, events: pl.DataFrame, samples: pl.DataFrame) -> None:
        kill = self.kills[-1]
        if not self._members.ready():
            return
        lags = latency.lag_seconds(events, samples)
        started_us = kill.killed_us + 1
        done = latency.recovered_us(lags.filter(pl.col("moved").cum_sum() > 0), started_us, started_us)
        census = self._seen.census
        if done is None or census is None or census.at_us < done or census.lag > max(self._options.rate, 10):
            return
        kill.live_recovery_s = (max(done, census.at_us) - kill.killed_us) / 1e6
        self._phase = STREAMING
        self.happened(f"caught up {kill.live_recovery_s:.1f} s after the kill", "good")

    def _note_second(self) -> None:
        census = self._seen.census
        if census is not None:
            self._events_per_s = self._pace.note(census.at_us / 1e6, census.landed)
        if self.elapsed_s >= self._next_note:
            self._next_note = self.elapsed_s + 1.0
            lag = census.lag if census else 0
            self._history.note(lag, self._events_per_s, self._percentiles["p95"])

    def _snapshot(self, progress: dict[str, Any]) -> Snapshot:
        census, beats = self._seen.census, self._members.beats()
        members = []
        for name in self._members.names:
            beat, pid = beats.get(name, {}), self._members.pid(name)
            members.append((name, pid, beat["state"] if beat.get("pid") == pid else "starting"))
        resident = [beat.get("process", {}).get("rss_bytes", 0) for beat in beats.values()]
        return Snapshot(
            phase=self._phase,
            elapsed_s=self.elapsed_s,
            duration_s=self._options.seconds,
            rate=self._options.rate,
            produced=progress.get("acked", 0),
            landed=census.landed if census else 0,
            lag=census.lag if census else 0,
            events_per_s=self._events_per_s,
            p50_ms=self._percentiles["p50"],
            p95_ms=self._percentiles["p95"],
            quarantined=census.quarantined if census else {},
            collapsed=census.collapsed if census else 0,
            behind_ms=progress.get("behind_ms", 0),
            members=members,
            rss_mb=max(resident, default=0) / 1e6,
            happenings=list(self.happenings),
            lag_history=list(self._history.lag),
            rate_history=list(self._history.rate),
            p95_history=list(self._history.p95),
            trouble=self._trouble(),
            address=self._address(),
        )
