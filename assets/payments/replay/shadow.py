"""The shadow table of a replayed day: landing's columns, filled by load jobs, which are free, and gone after a week."""

import io
from collections.abc import Iterator
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from assets.warehouse.client import CALL_TIMEOUT_S
from assets.warehouse.ddl import statements
from streaming.adapters.bigquery_errors import rest_error
from streaming.adapters.bigquery_tables import LANDING_TABLE
from streaming.landing import LANDING

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

KEPT: Final = timedelta(days=7)
"""Long enough to look at a difference after a weekend."""
ROWS_PER_LOAD: Final = 50_000
"""At least so many: some 30 MB in memory."""
MOST_ROWS_PER_LOAD: Final = 1_000_000
"""Some 700 MB in memory. A day of more than 1.5 billion rows (17,000/s) needs more."""
LOADS_A_DAY: Final = 1_000
"""Of a day's rows. BigQuery takes 1,500 load jobs a day into one table (docs.cloud.google.com/bigquery/quotas), and a
second attempt at a replay must fit as well as late rows."""
BYTES_PER_ROW: Final = 1_342
"""64 MiB of 50,000 rows: rows are loaded at the latest when they hold so much memory on average; a row is some 650, and
quarantined ones carry up to 64 kB of text each."""
MAX_FILE_BYTES: Final = 9_437_184
"""9 MiB: the emulator refuses requests above 10; the service takes files of any size that memory holds."""
LOAD_TIMEOUT_S: Final = 300.0


def shadow_name(replay_id: str, day: date) -> str:
    """Name of the table. A replay's id has no underscore, so no two of them share a name."""
    return f"payments_shadow_{replay_id.replace('-', '_')}_{day:%Y%m%d}"


def rows_per_load(rows: int) -> int:
    """Rows of one load job of a day of so many rows: as many that the day's jobs stay within `LOADS_A_DAY`."""
    return min(max(ROWS_PER_LOAD, -(-rows // LOADS_A_DAY)), MOST_ROWS_PER_LOAD)


def files(rows: pl.DataFrame, most_bytes: int | None) -> Iterator[bytes]:
    """The rows as Parquet files, each at most so large; None: one file."""
    file = io.BytesIO()
    rows.write_parquet(file)
    content = file.getvalue()
    if most_bytes is None or len(content) <= most_bytes or rows.height == 1:
        yield content
        return
    half = rows.height // 2
    yield from files(rows.slice(0, half), most_bytes)
    yield from files(rows.slice(half), most_bytes)


class Shadow:
    """Writes one shadow table. A new object starts anew: what an earlier attempt left there is replaced.

    Every method may raise WarehouseError. `dataset` is `project.dataset`; `at`: now, UTC. `rows`: about as many as the
    day has. `most_bytes` of a file: for a service that refuses large ones.
    """

    def __init__(
        self,
        client: "Client",
        dataset: str,
        replay_id: str,
        day: date,
        at: datetime,
        *,
        rows: int = 0,
        most_bytes: int | None = None,
    ) -> None:
        self.name = shadow_name(replay_id, day)
        self._rows, self._most_bytes = rows_per_load(rows), most_bytes
        self._client, self._table, self._at = client, f"{dataset}.{self.name}", at
        self._replay_id = replay_id
        self._waiting: list[pl.DataFrame] = []
        self._loaded = False

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows (`plan.COLUMNS`); they are in the table after `finish`."""
        self._waiting.append(rows)
        height = sum(frame.height for frame in self._waiting)
        size = sum(frame.estimated_size() for frame in self._waiting)
        if height >= self._rows or size >= self._rows * BYTES_PER_ROW:
            self._flush()

    def finish(self) -> None:
        """Load what is left; afterwards the table is there, if need be empty."""
        if self._waiting or not self._loaded:
            self._flush()

    def _flush(self) -> None:
        rows = pl.concat(self._waiting) if self._waiting else pl.DataFrame(schema=LANDING)
        self._waiting = []
        stamped = rows.with_columns(
            replay_id=pl.lit(self._replay_id),
            enrichment_revision=pl.lit(0, dtype=pl.Int64),
            ownership_epoch=pl.lit(None, dtype=pl.String),
            loaded_at=pl.lit(self._at).cast(LANDING["loaded_at"]),
        ).select(pl.col(name).cast(kind) for name, kind in LANDING.items())
        for content in files(stamped, self._most_bytes):
            self._load(content)

    def _load(self, content: bytes) -> None:
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError
        from google.cloud import bigquery  # noqa: TID251  # the load job's configuration

        declared = next(s.columns for s in statements("", "") if s.name == LANDING_TABLE)
        schema = [_field(bigquery, column) for column in declared]
        config = bigquery.LoadJobConfig(source_format="PARQUET", schema=schema, write_disposition="WRITE_APPEND")
        file = io.BytesIO(content)
        try:
            if not self._loaded:
                self._create(bigquery, schema)
            job = self._client.load_table_from_file(file, self._table, job_config=config, timeout=CALL_TIMEOUT_S)
            job.result(timeout=LOAD_TIMEOUT_S)
        except (GoogleAPIError, GoogleAuthError, FutureTimeout, OSError) as error:
            raise rest_error(error, f"load {self.name}") from None
        self._loaded = True

    def _create(self, bigquery: Any, schema: list[Any]) -> None:
        """Anew, with types and an expiry of our own: a retry must not add to what an earlier attempt left."""
        table = bigquery.Table(self._table, schema=schema)
        table.expires = self._at + KEPT
        self._client.delete_table(self._table, not_found_ok=True, timeout=CALL_TIMEOUT_S)
        self._client.create_table(table, timeout=CALL_TIMEOUT_S)


def _field(bigquery: Any, column: Any) -> Any:
    return bigquery.SchemaField(column.name, column.base_type, mode="REQUIRED" if column.required else "NULLABLE")
