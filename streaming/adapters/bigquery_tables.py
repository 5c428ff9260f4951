"""The few questions recovery asks the tables, by parameterised SQL over REST.

Every one filters `business_date` by constants, as the landing table requires and as pruning needs, has a ceiling
on the bytes it may bill, and one time limit; nothing is retried here.
"""

from collections.abc import Sequence
from datetime import UTC, date
from typing import Any, Final

from streaming.adapters.bigquery_clients import Lazily, rest_client
from streaming.adapters.bigquery_errors import rest_error
from streaming.landing import LANDING
from streaming.ports import ColumnsMissing, CountQuery, Refused, WarehouseError
from streaming.settings import Settings

LANDING_TABLE: Final = "payments_landing"

_ALWAYS: Final = "business_date BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"
_LIVE: Final = "replay_id IS NULL AND enrichment_revision = 0"


class Tables:
    """Queries on one dataset. Safe from any thread."""

    def __init__(self, settings: Settings, maximum_bytes_billed: int) -> None:
        self._client = Lazily(rest_client, settings)
        self._dataset = f"{settings.bigquery_project}.{settings.bigquery_dataset}"
        self._ceiling = maximum_bytes_billed

    def created(self, timeout_s: float) -> str:
        """Creation time of the landing table, ISO 8601 in UTC. Raises ColumnsMissing."""
        what = f"table {LANDING_TABLE}"
        table = self._call(what, lambda: self._get_table(timeout_s))
        _require_columns(table)
        return str(table.created.astimezone(UTC).isoformat())

    def require_columns(self, timeout_s: float) -> None:
        """Raises ColumnsMissing where the landing table has not every column of a landing row."""
        self.created(timeout_s)

    def _get_table(self, timeout_s: float) -> Any:
        from google.api_core.exceptions import NotFound

        name = f"{self._dataset}.{LANDING_TABLE}"
        try:
            return self._client.get().get_table(name, retry=None, timeout=timeout_s)
        except NotFound:
            raise Refused(f"table {LANDING_TABLE}: no such table; run `tidemark migrate`") from None

    def count_live(self, topic_id: str, queries: Sequence[CountQuery], timeout_s: float) -> dict[int, int]:
        """Live rows per partition, all of them in one scan."""
        counts = {query.partition: 0 for query in queries}
        if not queries:
            return counts
        parameters: list[tuple[str, str, Any]] = [("topic_id", "STRING", topic_id)]
        ranges = []
        for i, query in enumerate(queries):
            ranges.append(
                f"(kafka_partition = @partition{i} AND kafka_offset >= @offset{i} AND business_date >= @since{i}"
                f" AND IFNULL(ownership_epoch, '') != @besides{i})"
            )
            parameters += [
                (f"partition{i}", "INT64", query.partition),
                (f"offset{i}", "INT64", query.offset),
                (f"since{i}", "DATE", _utc_date(query)),
                (f"besides{i}", "STRING", query.besides_epoch),
            ]
        # A constant for pruning: the service does not prune by the disjunction below.
        parameters.append(("since", "DATE", min(_utc_date(query) for query in queries)))
        sql = (
            f"SELECT kafka_partition, COUNT(*) FROM `{self._dataset}.{LANDING_TABLE}`"
            f" WHERE business_date >= @since AND kafka_topic_id = @topic_id AND {_LIVE}"
            f" AND ({' OR '.join(ranges)}) GROUP BY kafka_partition"
        )
        rows = self.query("count live rows", sql, parameters, timeout_s)
        return counts | {int(partition): int(count) for partition, count in rows}

    def highest_live(self, topic_id: str, partition: int, timeout_s: float) -> int | None:
        """Highest offset of a live row over all epochs and dates."""
        sql = (
            f"SELECT MAX(kafka_offset) FROM `{self._dataset}.{LANDING_TABLE}` WHERE {_ALWAYS}"
            f" AND kafka_topic_id = @topic_id AND kafka_partition = @partition AND {_LIVE}"
        )
        parameters = [("topic_id", "STRING", topic_id), ("partition", "INT64", partition)]
        ((highest,),) = self.query("highest live offset", sql, parameters, timeout_s)
        return None if highest is None else int(highest)

    def topic_ids_landed(self, topic: str, partition: int, timeout_s: float) -> set[str]:
        """Every topic id under which rows of this topic name and partition are in the table."""
        sql = (
            f"SELECT DISTINCT kafka_topic_id FROM `{self._dataset}.{LANDING_TABLE}` WHERE {_ALWAYS}"
            " AND kafka_topic = @topic AND kafka_partition = @partition"
        )
        parameters = [("topic", "STRING", topic), ("partition", "INT64", partition)]
        return {str(row[0]) for row in self.query("topic ids", sql, parameters, timeout_s)}

    def reference_versions(self, timeout_s: float) -> dict[str, str]:
        """Newest published version by name."""
        sql = f"SELECT name, version FROM `{self._dataset}.reference_versions` ORDER BY published_at"
        return {str(name): str(version) for name, version in self.query("reference versions", sql, [], timeout_s)}

    def published_at(self, name: str, version: str, timeout_s: float) -> Any:
        """When a version was published, UTC. Raises Refused for one that never was."""
        sql = (
            f"SELECT MAX(published_at) FROM `{self._dataset}.reference_versions`"
            " WHERE name = @name AND version = @version"
        )
        parameters = [("name", "STRING", name), ("version", "STRING", version)]
        ((at,),) = self.query("reference version", sql, parameters, timeout_s)
        if at is None:
            raise Refused(f"version {version} of {name} was never published")
        return at

    def query(
        self, what: str, sql: str, parameters: Sequence[tuple[str, str, Any]], timeout_s: float
    ) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows. `parameters`: name, type, value. Raises WarehouseError."""
        from google.cloud import bigquery

        config = bigquery.QueryJobConfig(
            query_parameters=[bigquery.ScalarQueryParameter(*parameter) for parameter in parameters],
            maximum_bytes_billed=self._ceiling,
            use_query_cache=False,
        )

        def run() -> list[tuple[Any, ...]]:
            client = self._client.get()
            rows = client.query_and_wait(
                sql, job_config=config, api_timeout=timeout_s, wait_timeout=timeout_s, retry=None, job_retry=None
            )
            if not rows.schema:  # the emulator answers a failed statement like this; a job says why it failed
                job = client.query(sql, job_config=config, timeout=timeout_s, retry=None, job_retry=None)
                rows = job.result(timeout=timeout_s, retry=None)
            return [tuple(row.values()) for row in rows]

        found: list[tuple[Any, ...]] = self._call(what, run)
        return found

    def _call(self, what: str, call: Any) -> Any:
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError

        try:
            return call()
        except WarehouseError:
            raise
        except (GoogleAPIError, GoogleAuthError, OSError) as error:  # requests' errors and time-outs are OSErrors
            raise rest_error(error, what) from None

    def close(self) -> None:
        """Close the client's connections."""
        if (client := self._client.if_made()) is not None:
            client.close()


def _require_columns(table: Any) -> None:
    present = {field.name.lower() for field in table.schema}
    if missing := [column for column in LANDING if column not in present]:
        columns = f"column{'s' * (len(missing) > 1)} {', '.join(missing)}"
        raise ColumnsMissing(f"table {LANDING_TABLE} has no {columns}: run `tidemark migrate`, it adds what is absent")


def _utc_date(query: CountQuery) -> date:
    return query.since.astimezone(UTC).date()
