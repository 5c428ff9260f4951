"""`payments_settled`: the view's rows of days that are over, kept, and built anew where landing rows came.

look -> build each changed day, oldest first, a transaction each -> look again where days are new -> write the view

A day is read from here once the view's date is past it, and the date is the day after the newest build. So nothing is
lost or shown twice at any moment of a crash: a day that is built and not yet in the view's range is read from landing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from assets.payments.day_queries import DayQueries
from assets.payments.touched import (
    MAX_PAST_DAYS,
    Landed,
    LastLooks,
    built_sql,
    changed,
    days_to_look_at,
    landed_between_sql,
    literal,
    record_sql,
    shrunk,
    whole_look,
)
from assets.warehouse.ddl import landing_columns, payments_of_landing
from assets.warehouse.migrate import replace_view, settled_before

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

BUILDS = "payments_settled_builds"


@dataclass(frozen=True, slots=True)
class Settled:
    """What a run did: the days it built, with payments in each, and where the view changes over now."""

    rows: Mapping[date, int]
    kept: tuple[date, ...]
    """Days left as they were: landing has fewer rows of them than they were built from."""
    settled_before: date
    whole: bool
    bytes: int


def first_open_day(now: datetime, after_days: int) -> date:
    """The oldest day that stays open at `now` (UTC), so many days before today; older ones settle."""
    return now.date() - timedelta(days=after_days)


def settle(
    client: "Client",
    dataset: str,
    now: datetime,
    after_days: int,
    looks: LastLooks,
    *,
    all_days: int = whole_look(MAX_PAST_DAYS),
) -> Settled:
    """Build what changed among the settled days and those that settle now, and let the view read them.

    `all_days`: how many days the look at all days goes back.
    Safe to repeat and to interrupt; one run at a time. Rows that land between the look and the build are in the build
    and make the next run build the day once more. google.api_core errors pass: the view then stays as it was.
    """
    ask = DayQueries(client, f"{client.project}.{dataset}")
    end, before = first_open_day(now, after_days), settled_before(client, ask.prefix)
    touched = ask.touched(looks.last)
    look = days_to_look_at(now, looks, touched, all_days)
    # a rebuild reads a whole day: late rows are gathered until the look at all days, batch writes show within the hour
    found = _build(ask, _settled_days(look.days if look.whole else touched, before), (before, end), now)
    if any(day >= before for day in found):
        # the view showed these days from landing until now: what landed during the builds would vanish for an hour
        found |= _build(ask, (), (before, end), now)
    reached = settled_before(client, ask.prefix)
    replace_view(client, client.project, dataset, "payments", reached)
    rows = {day: count for day, count in sorted(found.items()) if count is not None}
    return Settled(rows, tuple(sorted(found.keys() - rows.keys())), reached, look.whole, ask.bytes)


def _settled_days(days: Collection[date], before: date) -> list[date]:
    """Those that the view reads from here. The others are looked at as a range: they may be any number."""
    return [day for day in days if day < before]


def _build(
    ask: DayQueries, days: Collection[date], unsettled: tuple[date, date], now: datetime
) -> dict[date, int | None]:
    """Build what changed of `days` and of the range, oldest first: a failure leaves no older day behind.

    Returns the payments of each day; None where the day is kept as it was.
    """
    first, end = unsettled
    landed = ask.landed(days) | (ask.states(landed_between_sql(ask.prefix, first, end)) if first < end else {})
    built = ask.states(built_sql(ask.prefix, BUILDS))
    kept = shrunk(landed, built)
    rows: dict[date, int | None] = dict.fromkeys(kept)
    for day in changed(landed, built):
        if day in kept:
            continue
        ask.rows(build_sql(ask.prefix, day, landed[day], now))
        rows[day] = _count(ask, day)
    return rows


def _count(ask: DayQueries, day: date) -> int:
    sql = f"SELECT COUNT(*) AS n FROM `{ask.prefix}.payments_settled` WHERE business_date = {literal(day)}"
    return int(ask.rows(sql)[0]["n"])


def build_sql(prefix: str, day: date, state: Landed, now: datetime) -> str:
    """One transaction: the day's payments anew, and what they were built from.

    It reads the whole day, 21 GB at 43 million rows, twice that where the DELETE reads the old ones: removing a
    partition for nothing "might not apply" to a table that is clustered by other columns
    (docs.cloud.google.com/bigquery/docs/using-dml-with-partitioned-tables).
    """
    project, _, dataset = prefix.partition(".")
    at = literal(day)
    return f"""BEGIN TRANSACTION;
DELETE FROM `{prefix}.payments_settled` WHERE business_date = {at};
INSERT INTO `{prefix}.payments_settled` ({", ".join(landing_columns())})
{payments_of_landing(project, dataset, f"business_date = {at}")};
{record_sql(prefix, BUILDS, day, state, now)}
COMMIT TRANSACTION;"""
