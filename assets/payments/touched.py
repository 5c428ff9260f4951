"""Which days may have changed, for whatever is built of whole days. Pure: dates, states, SQL text.

Landing is append-only, so a day changed if it has more rows than it was built from. Counting reads 8 bytes of a row
and its newest `loaded_at` 8 more: 0.7 GB a day at 43 million rows a day (500/s). Counting all of a year each hour would
be 6 TB a day; so each hour looks at the days that nearly every row is of and at those that a batch write names, and
one run a day at all that a late payment reaches.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

OPEN_DAYS: Final = 5
"""Today and the four days before, looked at each hour: nearly every payment is of these, and the daily control totals
compare the three days before today."""
MAX_PAST_DAYS: Final = 30
"""How late a payment may be when it reaches Kafka: the default of the setting `max_past_days`."""
MAX_WAIT_DAYS: Final = 14
"""And how long it may wait there before it lands, in a halted partition or a topic read from its beginning: twice
Kafka's default retention. What waits longer needs a run that is told to look further back."""
WHOLE_LOOK_AFTER: Final = timedelta(hours=23)
"""All days are looked at by the first run that is so much later than the last such look: asking each hour would read
seven times as many bytes."""
COMMIT_WITHIN: Final = timedelta(hours=25)
"""A PENDING stream is recorded before its rows are appended and can be committed for 24 hours after: so long its days
may change without a further record. A replay of a month is thus looked at for a day, 0.5 TB at 500/s."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What landing held of a day. A correction or a late row changes the count, so no clock has to be trusted."""

    rows: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class LastLooks:
    """When earlier runs looked at days at all, and at all days that may be late. UTC; None: not lately."""

    last: datetime | None = None
    whole: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """The business dates of a run, oldest first."""

    days: tuple[date, ...]
    whole: bool


def whole_look(max_past_days: int) -> int:
    """Days of the look at all days, today included, by the setting: the oldest that a payment may still land on."""
    return max_past_days + MAX_WAIT_DAYS + 1


def days_to_look_at(
    now: datetime, looks: LastLooks, touched: Collection[date] = (), all_days: int = whole_look(MAX_PAST_DAYS)
) -> Look:
    """The dates of a run at `now` (UTC), and tomorrow: those belong to clocks that are ahead.

    `touched`: those that recent batch writes name. `all_days`: how many the look at all days goes back.
    """
    due = looks.whole is None or now - looks.whole >= WHOLE_LOOK_AFTER
    back = max(all_days, OPEN_DAYS) if due else OPEN_DAYS
    clock = {now.date() - timedelta(days=ago) for ago in range(-1, back)}
    return Look(tuple(sorted(clock | set(touched))), due)


def touched_sql(prefix: str, last: datetime | None) -> str:
    """The dates that batch writes name, column `touched`: of all writes, or those that may be new since `last`.

    `prefix` is `project.dataset`. A write of an earlier release names the day it worked on.
    """
    since = "TRUE" if last is None else f"recorded_at > {instant(last - COMMIT_WITHIN)}"
    return f"SELECT DISTINCT COALESCE(touches, business_date) AS touched FROM `{prefix}.batch_writes` WHERE {since}"


def landed_sql(prefix: str, days: Collection[date]) -> str:
    """State of each of these days that has rows. The dates are constants, so other partitions are not read."""
    return _states_sql(prefix, f"business_date IN ({', '.join(map(literal, sorted(days)))})")


def landed_between_sql(prefix: str, first: date, end: date) -> str:
    """State of each day from `first` on and before `end`."""
    return _states_sql(prefix, f"business_date >= {literal(first)} AND business_date < {literal(end)}")


def _states_sql(prefix: str, where: str) -> str:
    return f"""SELECT business_date, COUNT(*) AS landing_rows, MAX(loaded_at) AS newest_loaded_at
FROM `{prefix}.payments_landing`
WHERE {where}
GROUP BY business_date"""


def built_sql(prefix: str, builds: str) -> str:
    """What the days were built from, by the table `builds`: a row a day, read as a whole."""
    return f"SELECT business_date, landing_rows, newest_loaded_at FROM `{prefix}.{builds}`"


def record_sql(prefix: str, builds: str, day: date, state: Landed, now: datetime) -> str:
    """Statements that make this what `day` was built from. They belong into the transaction of the build."""
    return f"""DELETE FROM `{prefix}.{builds}` WHERE business_date = {literal(day)};
INSERT INTO `{prefix}.{builds}` (business_date, landing_rows, newest_loaded_at, built_at)
VALUES ({literal(day)}, {state.rows}, {instant(state.newest)}, {instant(now)});"""


def changed(landed: Mapping[date, Landed], built: Mapping[date, Landed]) -> list[date]:
    """The days, oldest first, whose landing rows are not those that were built from; a day without any rows is of no
    interest unless it was built before: landing is append-only, so that it never is."""
    return sorted(day for day, state in landed.items() if built.get(day) != state)


def shrunk(landed: Mapping[date, Landed], built: Mapping[date, Landed]) -> set[date]:
    """The days of which landing has fewer rows than they were built from: rows that expired, or that somebody deleted,
    are left nowhere but in what was built of them."""
    return {day for day, state in landed.items() if day in built and state.rows < built[day].rows}


def literal(day: date) -> str:
    """A DATE constant."""
    return f"DATE '{day.isoformat()}'"


def instant(at: datetime) -> str:
    """A TIMESTAMP constant, in UTC."""
    return f"TIMESTAMP '{at.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f')}+00:00'"
