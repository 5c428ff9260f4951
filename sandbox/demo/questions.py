"""What the demo asks the warehouse when all has landed: appends by time, and a few rows worth showing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from sandbox.demo.latency import BLOCKS
from sandbox.demo.probe import LATEST_DAYS, QUERY_TIMEOUT_S

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

_PAYMENT: Final = (
    "event_id, event_type, amount, currency, reporting_amount, reporting_currency, fx_rate_date, fx_status, "
    "merchant_name, merchant_country, description, status"
)


@dataclass(frozen=True, slots=True)
class Example:
    """One row to show and why."""

    shows: str
    row: Mapping[str, Any]


def blocks(client: "Client", dataset: str, first_day: date) -> pl.DataFrame:
    """Every append of live rows, in the schema `latency.BLOCKS`: the rows of one carry one `loaded_at`."""
    sql = (
        "SELECT kafka_partition, MIN(kafka_offset), MAX(kafka_offset), UNIX_MICROS(loaded_at) "
        f"FROM `{dataset}.payments_landing` WHERE business_date >= DATE '{first_day - timedelta(days=LATEST_DAYS)}' "
        "AND replay_id IS NULL AND enrichment_revision = 0 GROUP BY kafka_partition, loaded_at"
    )
    rows = [tuple(int(value) for value in row.values()) for row in _ask(client, sql)]
    return pl.DataFrame(rows, schema=BLOCKS, orient="row")


def landed(client: "Client", dataset: str, first_day: date, last_day: date) -> dict[date, int]:
    """Live rows by business date, those without any left out."""
    sql = (
        f"SELECT business_date, COUNT(*) FROM `{dataset}.payments_landing` "
        f"WHERE business_date BETWEEN DATE '{first_day}' AND DATE '{last_day}' "
        "AND replay_id IS NULL AND enrichment_revision = 0 GROUP BY business_date"
    )
    return {row[0]: int(row[1]) for row in _ask(client, sql)}


def examples(client: "Client", dataset: str, first_day: date) -> list[Example]:
    """A few rows of the run, each with what it shows; an example the run happened not to have is left out."""
    recent = f"business_date >= DATE '{first_day}'"
    payments = f"SELECT {_PAYMENT} FROM `{dataset}.payments` WHERE {recent} AND"
    wanted = {
        "a capture": f"{payments} event_type = 'capture' AND merchant_status = 'KNOWN' AND currency = 'EUR' LIMIT 1",
        "a refund, converted": (
            f"{payments} event_type = 'refund' AND merchant_status = 'KNOWN' AND currency NOT IN ('EUR', 'USD') "
            "AND reporting_amount IS NOT NULL LIMIT 1"
        ),
        "a card number scrubbed": f"{payments} description LIKE '%****%' LIMIT 1",
        "quarantined, with its reason": (
            "SELECT event_id, event_type, amount, currency, status, status_detail "
            f"FROM `{dataset}.payments_quarantine` WHERE business_date >= DATE '{first_day - timedelta(days=1)}' "
            "AND status_detail IS NOT NULL ORDER BY status LIMIT 1"
        ),
    }
    found = []
    for shows, sql in wanted.items():
        found += [Example(shows, dict(row.items())) for row in _ask(client, sql)]
    return found


def _ask(client: "Client", sql: str) -> list[Any]:
    return list(client.query_and_wait(sql, api_timeout=QUERY_TIMEOUT_S, wait_timeout=QUERY_TIMEOUT_S))
