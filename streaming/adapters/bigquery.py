"""The Warehouse port on BigQuery: Storage Write API for rows, REST for questions, Storage Read API for references."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from streaming.adapters.bigquery_clients import load_packages
from streaming.adapters.bigquery_reads import ReferenceReads
from streaming.adapters.bigquery_streams import WriteStreams
from streaming.adapters.bigquery_tables import LANDING_TABLE, Tables
from streaming.adapters.reference_rows import fx_rates_at, merchants_at
from streaming.failpoints import Passing, unarmed
from streaming.landing import FX_RATES, MERCHANTS
from streaming.ports import AccessDenied, CountQuery, Refused
from streaming.settings import Settings

MAXIMUM_BYTES_BILLED: Final = 2**38
"""256 GiB a query, about $1.60 at on-demand prices: a month of 40 million rows a day needs half of it."""


class BigQueryWarehouse:
    """Landing and reference tables of one dataset.

    `schema`: the serialised Arrow schema of the appends (`streaming.stages.plan.arrow_schema`). Endpoints in the
    settings mean an emulator, none the real service with application default credentials.
    """

    def __init__(
        self,
        settings: Settings,
        schema: bytes,
        *,
        maximum_bytes_billed: int = MAXIMUM_BYTES_BILLED,
        passing: Passing = unarmed,
    ) -> None:
        settings.require("bigquery_project")
        load_packages()
        table = f"projects/{settings.bigquery_project}/datasets/{settings.bigquery_dataset}/tables/{LANDING_TABLE}"
        self._streams = WriteStreams(settings, table, schema, passing)
        self._tables = Tables(settings, maximum_bytes_billed)
        self._reads = ReferenceReads(settings)

    def open_stream(self, timeout_s: float) -> str:
        """Create a COMMITTED write stream."""
        return self._streams.open(timeout_s)

    def append(self, stream: str, offset: int, rows: bytes, timeout_s: float) -> None:
        """Append one serialised record batch at `offset`."""
        try:
            self._streams.append(stream, offset, rows, timeout_s)
        except AccessDenied:
            raise
        except Refused:
            self._tables.require_columns(timeout_s)  # the service's own words would have to be redacted
            raise

    def finalize(self, stream: str, timeout_s: float) -> int:
        """Refuse further appends and count. Repeatable."""
        return self._streams.finalize(stream, timeout_s)

    def close_stream(self, stream: str) -> None:
        """Drop the stream's connection."""
        self._streams.close(stream)

    def table_created(self, timeout_s: float) -> str:
        """Creation time of the landing table, ISO 8601 in UTC."""
        return self._tables.created(timeout_s)

    def count_live(self, topic_id: str, queries: Sequence[CountQuery], timeout_s: float) -> dict[int, int]:
        """Live rows per partition."""
        return self._tables.count_live(topic_id, queries, timeout_s)

    def highest_live(self, topic_id: str, partition: int, timeout_s: float) -> int | None:
        """Highest offset of a live row."""
        return self._tables.highest_live(topic_id, partition, timeout_s)

    def topic_ids_landed(self, topic: str, partition: int, timeout_s: float) -> set[str]:
        """Topic ids with rows of this name and partition."""
        return self._tables.topic_ids_landed(topic, partition, timeout_s)

    def reference_versions(self, timeout_s: float) -> dict[str, str]:
        """Newest published version by name."""
        return self._tables.reference_versions(timeout_s)

    def load_merchants(self, version: str, timeout_s: float) -> pl.DataFrame:
        """Rows of that version."""
        at = self._tables.published_at("merchants", version, timeout_s)
        return merchants_at(self._reads.recorded_by("merchants", pl.Schema(MERCHANTS), at, timeout_s), at)

    def load_fx_rates(self, version: str, timeout_s: float) -> pl.DataFrame:
        """Rows of that version."""
        at = self._tables.published_at("fx_rates", version, timeout_s)
        return fx_rates_at(self._reads.recorded_by("fx_rates", pl.Schema(FX_RATES), at, timeout_s), at)

    def close(self) -> None:
        """Close every connection. Idempotent."""
        self._streams.close_all()
        self._reads.close()
        self._tables.close()
