"""Tables through the Storage Read API: Arrow, since tens of thousands of rows as JSON pages are slow."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import polars as pl
import pyarrow as pa

from streaming.adapters.bigquery_clients import Lazily, read_client
from streaming.adapters.bigquery_errors import rest_error, rpc_error
from streaming.ports import Unavailable
from streaming.settings import Settings

_STREAMS: Final = 1
"""One stream: 80,000 rows are a few megabytes, and a replay reads no faster than it may."""


class ReferenceReads:
    """Reads whole tables of one dataset. Safe from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._project = settings.bigquery_project
        self._dataset = settings.bigquery_dataset
        self._client = Lazily(read_client, settings)

    def recorded_by(self, table: str, schema: pl.Schema, at: datetime, timeout_s: float) -> pl.DataFrame:
        """Rows of `table` with `recorded_at` at or before `at`, in `schema`. Raises WarehouseError."""
        stamp = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
        restriction = f"recorded_at <= TIMESTAMP '{stamp}'"
        return pl.concat([pl.DataFrame(schema=schema), *self.scan(table, schema, restriction, timeout_s)])

    def scan(self, table: str, schema: pl.Schema, restriction: str, timeout_s: float) -> Iterator[pl.DataFrame]:
        """Rows of `table` for which `restriction` holds (all if it is empty) in frames of `schema`, as they arrive.

        `timeout_s` is for all of it. Raises WarehouseError.
        """
        from google.api_core.exceptions import GoogleAPICallError, RetryError
        from google.auth.exceptions import GoogleAuthError

        try:
            yield from self._frames(table, schema, restriction, timeout_s)
        except GoogleAPICallError as error:
            rpc = next((found for found in error.errors if hasattr(found, "trailing_metadata")), None)
            what = f"read {table}"
            raise (
                rpc_error(rpc, what) if rpc is not None else Unavailable(f"{what}: {type(error).__name__}")
            ) from None
        except RetryError:
            raise Unavailable(f"read {table}: no answer within {timeout_s:g} s") from None
        except GoogleAuthError as error:
            raise rest_error(error, f"read {table}") from None

    def _frames(self, table: str, schema: pl.Schema, restriction: str, timeout_s: float) -> Iterator[pl.DataFrame]:
        from google.cloud.bigquery_storage_v1 import types

        client = self._client.get()
        wanted = types.ReadSession(
            table=f"projects/{self._project}/datasets/{self._dataset}/tables/{table}",
            data_format=types.DataFormat.ARROW,
            read_options=types.ReadSession.TableReadOptions(selected_fields=list(schema), row_restriction=restriction),
        )
        session = client.create_read_session(
            parent=f"projects/{self._project}",
            read_session=wanted,
            max_stream_count=_STREAMS,
            timeout=timeout_s,
            retry=None,
        )
        if not session.streams:  # an empty table
            return
        wire = pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema))
        for stream in session.streams:
            for message in client.read_rows(stream.name, timeout=timeout_s, retry=None):
                batch = pa.ipc.read_record_batch(pa.py_buffer(message.arrow_record_batch.serialized_record_batch), wire)
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)
                yield frame.select(schema.names()).cast(schema)

    def close(self) -> None:
        """Close the channel."""
        if (client := self._client.if_made()) is not None:
            client.transport.close()
