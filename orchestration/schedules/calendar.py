"""When does what run: rules of the clock, the TARGET calendar for FX, versions for corrections. Pure.

A rule is Dagster's cron schedule as values: the same ticks, so that a walk of a simulated clock says what Dagster
will do. Whatever the daemon missed is caught up once: the newest tick stands for all before it, since each job looks
at what changed, however long ago.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from streaming.reference.calendar import previous_target_day, publication

FRANKFURT: Final = "Europe/Berlin"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """`job` runs at `minute` of every hour (UTC), or at `hour`:`minute` of every day, by the wall clock of `zone`."""

    job: str
    minute: int
    hour: int | None = None
    zone: str = "UTC"

    @property
    def cron(self) -> str:
        """The rule as a cron expression of five fields."""
        return f"{self.minute} {'*' if self.hour is None else self.hour} * * *"

    def ticks(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Instants in UTC, later than `after` and not later than `until`."""
        day, last = local_time(after, self.zone).date() - _DAY, local_time(until, self.zone).date()
        while day <= last:
            for tick in _of_day(self, day):
                if after < tick <= until:
                    yield tick
            day += _DAY

    def newest(self, now: datetime) -> datetime:
        """The last instant at or before `now`."""
        return max(self.ticks(now - 2 * _DAY, now))


@lru_cache(maxsize=4096)
def _of_day(rule: Rule, day: date) -> tuple[datetime, ...]:
    """A rule's ticks of one day of its zone; hourly ones by UTC, where every day has 24."""
    if rule.hour is not None:
        return (local_instant(day, time(rule.hour, rule.minute), rule.zone),)
    first = datetime.combine(day, time(0, rule.minute), UTC)
    return tuple(first + hours * _HOUR for hours in range(24))


def local_instant(day: date, at: time, zone: str) -> datetime:
    """The instant of a wall clock's time: the later one where it comes twice, the end of the gap where it never does.

    That is how Dagster reads cron; each day then has exactly one.
    """
    wall = datetime.combine(day, at.replace(fold=1), ZoneInfo(zone))
    while wall.astimezone(UTC).astimezone(wall.tzinfo).time() != wall.time():  # in the gap: no such time
        wall = (wall + timedelta(minutes=1)).replace(fold=1)
    return wall.astimezone(UTC)


def local_time(instant: datetime, zone: str) -> datetime:
    """The wall clock of `zone` at an instant."""
    return instant.astimezone(ZoneInfo(zone))


MERCHANTS: Final = Rule("merchants", 15, 2, FRANKFURT)
"""After the source's snapshot of the day, which is taken at 00:00 UTC, and before anybody works."""
DAILY_REPORT: Final = Rule("payments_daily", 20)
"""Hourly for the days that changed; the minutes are spread so that two cores do one thing at a time."""
SETTLED: Final = Rule("payments_settled", 5)
"""Before the report, which is made of what the view then shows: both follow a row within 80 minutes."""
HOURLY_CHECKS: Final = Rule("hourly_checks", 50)
DAILY_CHECKS: Final = Rule("daily_checks", 0, 4)
"""04:00 UTC: the day has been closed for four hours, and the report rebuilt four times since."""
COST: Final = Rule("cost_projection", 30, 5)
"""05:30 UTC: yesterday is closed and checked; whoever signs the bill finds it in the morning."""
RULES: Final = (MERCHANTS, DAILY_REPORT, SETTLED, HOURLY_CHECKS, DAILY_CHECKS, COST)


def run_key(rule: Rule, tick: datetime) -> str:
    """Name of the run for a tick: asking twice for one tick starts one run."""
    return f"{rule.job}-{tick:%Y-%m-%dT%H:%MZ}"


def superseded_by(rule: Rule, tick: datetime, now: datetime) -> datetime | None:
    """The newer tick that is due as well, if there is one: then this one needs no run of its own."""
    newest = rule.newest(max(tick, now))
    return newest if newest > tick else None


FX_AFTER: Final = timedelta(minutes=5)
"""The ECB publishes about 16:00 Frankfurt time; asked at 16:05 it mostly has."""
FX_EVERY: Final = timedelta(minutes=15)
"""Between attempts at first: provisional payments wait for a correction, nobody waits at a screen."""
FX_HURRY: Final = timedelta(hours=4)
"""So long an attempt comes every `FX_EVERY`; a day that is not out by 20:05 is then asked for once an hour."""
FX_LOOK_BACK: Final = 5
"""TARGET days: a rate of an older day is not used as a provisional one either, so an older gap is a person's."""


@dataclass(frozen=True, slots=True, order=True)
class Attempt:
    """One try to publish the snapshot of a day."""

    day: date
    at: datetime

    @property
    def partition_key(self) -> str:
        """The day's partition of `fx_rates`."""
        return self.day.isoformat()

    @property
    def run_key(self) -> str:
        """The same for whoever asks between this attempt and the next."""
        return f"fx_rates-{self.day}-{self.at:%Y-%m-%dT%H:%MZ}"


def fx_days_due(now: datetime) -> list[date]:
    """The last TARGET days whose snapshot is due at `now`, oldest first, at most `FX_LOOK_BACK`."""
    days: list[date] = []
    day = local_time(now, FRANKFURT).date() + _DAY
    while len(days) < FX_LOOK_BACK:
        day = previous_target_day(day)
        if _fx_due(day) <= now:
            days.insert(0, day)
    return days


def fx_attempts(now: datetime, published: Collection[date], until: date | None = None) -> list[Attempt]:
    """What is to be tried at `now`: one attempt for each due day that is not published, oldest first.

    `until`: the last day that the source will ever have, if it ends. Of the days after it the newest alone is tried,
    once a day, so that the run says what is wrong and the page does not fill with it.
    """
    open_days = [day for day in fx_days_due(now) if day not in published]
    later = [day for day in open_days if until is not None and day > until]
    attempts = [Attempt(day, _slot(_fx_due(day), now)) for day in open_days if day not in later]
    return attempts + [Attempt(day, _fx_due(day) + (now - _fx_due(day)) // _DAY * _DAY) for day in later[-1:]]


def _fx_due(day: date) -> datetime:
    published_at = publication(day)
    if published_at is None:
        raise ValueError(f"TARGET is closed on {day}: there is no snapshot to be due")
    return published_at + FX_AFTER


def _slot(due: datetime, now: datetime) -> datetime:
    """The last instant of the day's series of attempts at or before `now`."""
    since = now - due
    step = FX_EVERY if since < FX_HURRY else _HOUR
    return due + since // step * step


REFERENCES: Final = ("fx_rates", "merchants")


def corrections_key(versions: Mapping[str, str]) -> str | None:
    """Name of the corrections that these newest versions call for; None while a reference was never published.

    Rows landed with a provisional rate, an unknown merchant or an older version are corrected once per pair of
    versions: a new version of either is a new name.
    """
    if not all(versions.get(name) for name in REFERENCES):
        return None
    return "payments_corrections-" + "-".join(versions[name] for name in REFERENCES)
