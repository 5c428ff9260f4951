"""Questions about days to BigQuery: the edge of what is built of whole days. It counts the bytes that they read."""

from collections.abc import Collection
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from assets.payments.touched import Landed, landed_sql, touched_sql
from assets.warehouse.client import CALL_TIMEOUT_S

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

BUILD_TIMEOUT_S: Final = 300.0
"""Seconds for one statement: a build of a day of 43 million rows takes tens of seconds."""


class DayQueries:
    """Queries of one run in `project.dataset`. google.api_core errors pass."""

    def __init__(self, client: "Client", dataset: str) -> None:
        self.prefix = dataset
        self.bytes = 0
        """Bytes read so far, as the service bills them; an emulator may say 0."""
        self._client = client

    def rows(self, sql: str) -> list[Any]:
        """Run one statement or script and return its rows."""
        job = self._client.query(sql, timeout=CALL_TIMEOUT_S)
        rows = list(job.result(timeout=BUILD_TIMEOUT_S))
        self.bytes += job.total_bytes_processed or 0
        return rows

    def states(self, sql: str) -> dict[date, Landed]:
        """Run a query of `touched` that gives states of days."""
        return {row["business_date"]: Landed(row["landing_rows"], row["newest_loaded_at"]) for row in self.rows(sql)}

    def landed(self, days: Collection[date]) -> dict[date, Landed]:
        """State of those of the days that have rows."""
        return self.states(landed_sql(self.prefix, days)) if days else {}

    def touched(self, last: datetime | None) -> set[date]:
        """Dates that batch writes may have changed since the last look."""
        return {row["touched"] for row in self.rows(touched_sql(self.prefix, last))}
