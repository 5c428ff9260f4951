"""A walk of a simulated clock over the calendar: what runs when, as a table.

`python -m orchestration.schedules.simulate` prints it for Easter 2026 and both changes of the clock of that year.
Nothing is started. Who asks the calendar is away for as long as one likes; publication is a function of the day.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from orchestration.schedules.calendar import (
    FRANKFURT,
    MERCHANTS,
    RULES,
    Rule,
    corrections_key,
    fx_attempts,
    run_key,
    superseded_by,
)
from orchestration.schedules.retries import merchants_attempt
from streaming.reference.calendar import publication

STEP: Final = timedelta(minutes=5)
"""Dagster looks more often, but everything in the calendar falls on a multiple of five minutes."""
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Ran:
    """One run: the instant it was started (UTC), its key, and what became of it."""

    at: datetime
    job: str
    key: str
    note: str = ""


@dataclass
class Walk:
    """The daemon's memory and the world's: which ticks were seen, which snapshots are out, which versions stand."""

    published_at: Callable[[date], datetime]
    seen: dict[str, datetime] = field(default_factory=dict)
    published: set[date] = field(default_factory=set)
    versions: dict[str, str] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    ran: list[Ran] = field(default_factory=list)
    snapshot_at: Callable[[date], datetime] = lambda day: datetime.combine(day, time(), UTC)
    """When the source leaves the merchants of a day."""
    loaded_at: datetime | None = None

    def look(self, now: datetime) -> None:
        """Ask the calendar once, and let everything that starts end at once."""
        for rule in RULES:
            for tick in rule.ticks(self.seen[rule.job], now):
                if superseded_by(rule, tick, now) is None:
                    self._start(now, rule.job, run_key(rule, tick), self._done(rule, now))
            self.seen[rule.job] = now
        key = merchants_attempt(now, self.loaded_at)
        if key is not None and key not in self.keys:
            self._start(now, MERCHANTS.job, key, self._merchants(now))
        for attempt in fx_attempts(now, self.published):
            out = self.published_at(attempt.day) <= now
            note = f"{attempt.day}: {'published' if out else 'not out yet'}"
            if self._start(now, "fx_rates", attempt.run_key, note) and out:
                self.published.add(attempt.day)
                self.versions["fx_rates"] = attempt.partition_key
        if key := corrections_key(self.versions):
            self._start(now, "payments_corrections", key)

    def _done(self, rule: Rule, now: datetime) -> str:
        return self._merchants(now) if rule is MERCHANTS else ""

    def _merchants(self, now: datetime) -> str:
        if self.snapshot_at(now.date()) > now:
            return "no snapshot"
        self.versions["merchants"], self.loaded_at = f"m{now.date()}", now
        return ""

    def _start(self, now: datetime, job: str, key: str, note: str = "") -> bool:
        """A key that was used starts nothing, as in Dagster."""
        if key in self.keys:
            return False
        self.keys.add(key)
        self.ran.append(Ran(now, job, key, note))
        return True


def walk(
    start: datetime,
    until: datetime,
    published_at: Callable[[date], datetime],
    published: Iterable[date] = (),
    down: Sequence[Span] = (),
    *,
    snapshot_at: Callable[[date], datetime] | None = None,
) -> list[Ran]:
    """Step a clock from `start` to `until` (UTC, the last included); nobody asks within `down` (ends excluded).

    `snapshot_at`: when the source leaves the merchants of a day, at 00:00 UTC if not given.
    """
    world = Walk(
        published_at, {rule.job: start for rule in RULES}, set(published), {"fx_rates": "f0", "merchants": "m0"}
    )
    world.loaded_at = start
    world.snapshot_at = snapshot_at or world.snapshot_at
    world.keys.add(corrections_key(world.versions) or "")
    now = start
    while now <= until:
        if not any(begins <= now < ends for begins, ends in down):
            world.look(now)
        now += STEP
    return world.ran


def punctual(day: date, minutes: int = 12) -> datetime:
    """The ECB so many minutes after 16:00 of a TARGET day."""
    at = publication(day)
    if at is None:
        raise ValueError(f"TARGET is closed on {day}")
    return at + timedelta(minutes=minutes)


def table(ran: Iterable[Ran]) -> str:
    """The runs as a Markdown table: both clocks, the job, its key and what became of it."""
    lines = ["| UTC | Frankfurt | job | run key | |", "|---|---|---|---|---|"]
    zone = ZoneInfo(FRANKFURT)
    lines += [
        f"| {run.at:%a %Y-%m-%d %H:%M} | {run.at.astimezone(zone):%H:%M %Z} | {run.job} | `{run.key}` | {run.note} |"
        for run in ran
    ]
    return "\n".join(lines)


WALKS: Final = {
    "Easter 2026: TARGET is closed from Good Friday to Easter Monday": (date(2026, 4, 2), date(2026, 4, 7)),
    "Summer time begins, 2026-03-29: 02:15 does not exist": (date(2026, 3, 28), date(2026, 3, 30)),
    "Summer time ends, 2026-10-25: 02:15 comes twice": (date(2026, 10, 24), date(2026, 10, 26)),
}
"""Title, first and last day (UTC) of the walks that are worth a look."""
HOURLY: Final = frozenset({"payments_daily", "payments_settled", "hourly_checks"})
"""Left out of the printed tables: 24 of each a day."""


def whole_days(first: date, last: date) -> list[Ran]:
    """Walk from 00:00 of `first` to the end of `last`; what was due before is published."""
    start = datetime.combine(first, time(), UTC)
    before = [attempt.day for attempt in fx_attempts(start, ())]
    return walk(start, datetime.combine(last, time(23, 59), UTC), punctual, before)


def main() -> None:
    """Print every walk of `WALKS`."""
    for title, (first, last) in WALKS.items():
        print(f"### {title}\n\n{table(run for run in whole_days(first, last) if run.job not in HOURLY)}\n")


if __name__ == "__main__":
    main()
