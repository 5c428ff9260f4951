"""`payments_daily`: the report of the former nightly batch, rebuilt for the days whose payments changed.

It is made of the view. So an open day is judged by its landing rows, and a settled one by the rows that
`payments_settled` was built from: landing may have newer ones that the view does not show yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from assets.payments import settled
from assets.payments.day_queries import DayQueries
from assets.payments.touched import (
    MAX_PAST_DAYS,
    Landed,
    LastLooks,
    built_sql,
    changed,
    days_to_look_at,
    literal,
    record_sql,
    whole_look,
)
from assets.warehouse.migrate import settled_before

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

BUILDS = "payments_daily_builds"


@dataclass(frozen=True, slots=True)
class Built:
    """What a run did: the days it rebuilt, with payments in each."""

    looked_at: tuple[date, ...]
    events: Mapping[date, int]
    whole: bool
    """Whether it looked at all days that may still change."""


def build_changed(
    client: "Client", dataset: str, now: datetime, looks: LastLooks, *, all_days: int = whole_look(MAX_PAST_DAYS)
) -> Built:
    """Rebuild the days whose payments changed. Safe to repeat and to interrupt: each day is one transaction.

    `all_days`: how many days the look at all days goes back.
    Rows that land between the look and the build are in the report and rebuild the day once more.
    """
    ask = DayQueries(client, f"{client.project}.{dataset}")
    look = days_to_look_at(now, looks, ask.touched(looks.last), all_days)
    # the builds first: a day that settles meanwhile is then judged by its landing rows, which the view has shown
    of_settled = ask.states(built_sql(ask.prefix, settled.BUILDS))
    first_open = settled_before(client, ask.prefix)
    shown = of_settled | ask.landed([day for day in look.days if day >= first_open])
    days = changed(shown, ask.states(built_sql(ask.prefix, BUILDS)))
    return Built(look.days, {day: _build(ask, day, shown[day], now) for day in days}, look.whole)


def _build(ask: DayQueries, day: date, state: Landed, now: datetime) -> int:
    ask.rows(build_sql(ask.prefix, day, state, now))
    sql = (
        f"SELECT COALESCE(SUM(events), 0) AS n FROM `{ask.prefix}.payments_daily` WHERE business_date = {literal(day)}"
    )
    return int(ask.rows(sql)[0]["n"])


def build_sql(prefix: str, day: date, state: Landed, now: datetime) -> str:
    """One transaction: the day's groups anew, and what they were built from."""
    at = literal(day)
    return f"""BEGIN TRANSACTION;
DELETE FROM `{prefix}.payments_daily` WHERE business_date = {at};
INSERT INTO `{prefix}.payments_daily` (business_date, merchant_id, currency, event_type, events, amount,
  signed_amount, reporting_amount, signed_reporting_amount)
SELECT business_date, merchant_id, currency, event_type, COUNT(*), SUM(amount), SUM(signed_amount),
  SUM(reporting_amount), SUM(signed_reporting_amount)
FROM `{prefix}.payments`
WHERE business_date = {at}
GROUP BY business_date, merchant_id, currency, event_type;
{record_sql(prefix, BUILDS, day, state, now)}
COMMIT TRANSACTION;"""
