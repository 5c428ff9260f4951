"""What the sensors ask the warehouse: which snapshots are published, which versions stand. Tables of kilobytes."""

from datetime import date
from typing import Final

from assets.checks.ask import CheckNotAsked, ask
from assets.warehouse.asset import Warehouse
from assets.warehouse.client import NotAnswering
from orchestration.schedules.calendar import REFERENCES

CEILING: Final = 1_000_000_000
"""Bytes: a thousand times what the tables of rates and versions hold."""
SILENT: Final = (CheckNotAsked, NotAnswering)
"""What a warehouse that is away or empty raises: a line in the tick, not a traceback a minute."""
TIME_LIMIT_S: Final = 20.0
"""For the request and for the answer each: together less than the 60 s that Dagster gives a sensor's look."""


def published_days(warehouse: Warehouse, since: date) -> set[date]:
    """TARGET days from `since` on that have a snapshot. Raises CheckNotAsked."""
    client = warehouse.client()
    table = f"`{client.project}.{warehouse.dataset}.fx_rates`"
    sql = f"SELECT DISTINCT rate_date FROM {table} WHERE rate_date >= DATE '{since}'"
    return {row["rate_date"] for row in ask(client, sql, CEILING, TIME_LIMIT_S)}


def newest_versions(warehouse: Warehouse) -> dict[str, str]:
    """The newest version of each reference that was ever published, by its name. Raises CheckNotAsked."""
    client = warehouse.client()
    table = f"`{client.project}.{warehouse.dataset}.reference_versions`"
    sql = f"SELECT name, version FROM {table} ORDER BY published_at"
    rows = ask(client, sql, CEILING, TIME_LIMIT_S)
    return {row["name"]: row["version"] for row in rows if row["name"] in REFERENCES}
