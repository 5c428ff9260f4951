"""The batch warehouse on BigQuery: the stream's own append client with PENDING streams, and REST for the record."""

from concurrent.futures import TimeoutError as FutureTimeout
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from assets.payments.batch_warehouse import AlreadyCommitted, BatchWrite
from assets.payments.superseding import write_id
from assets.warehouse.client import CALL_TIMEOUT_S
from streaming.adapters.bigquery_errors import rest_error, stream_error
from streaming.adapters.bigquery_streams import WriteStreams
from streaming.adapters.bigquery_tables import LANDING_TABLE
from streaming.ports import Refused, StreamFinalized
from streaming.settings import Settings
from streaming.stages.plan import arrow_schema

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

APPEND_TIMEOUT_S: Final = 60.0
"""One request of at most 10 MB, with time to spare: nobody waits for a batch run within seconds."""
MAXIMUM_BYTES_BILLED: Final = 2**39
"""512 GiB: two columns of one day of landing, which are 3 GB at 500 events/s and 300 GB at a hundred times that."""

_FAILED_PRECONDITION: Final = 9  # google.rpc.Code
_ALREADY_COMMITTED: Final = "STREAM_ALREADY_COMMITTED"
_INVALID_STATE: Final = "INVALID_STREAM_STATE"
_COMMITTED_ALREADY: Final = "already been committed"
"""The emulator refuses to finalize a committed stream with these words and no code of StorageError."""


class PendingStreams(WriteStreams):
    """Opens and commits PENDING streams; appends and finalizes them as any other."""

    def open(self, timeout_s: float) -> str:
        """Create a PENDING stream."""
        from google.cloud.bigquery_storage_v1 import types  # noqa: TID251  # the message to send

        wanted = types.WriteStream(type_=types.WriteStream.Type.PENDING)
        made = self._unary("open stream", "create_write_stream", timeout_s, parent=self._table, write_stream=wanted)
        return str(made.name)

    def finalize(self, stream: str, timeout_s: float) -> int:
        """Refuse further appends and count. Raises StreamFinalized once it is committed."""
        try:
            return super().finalize(stream, timeout_s)
        except Refused as error:
            if _COMMITTED_ALREADY in str(error):
                raise StreamFinalized(f"finalize {stream}: committed before") from None
            raise

    def commit(self, stream: str, timeout_s: float) -> None:
        """Make its rows visible. Raises AlreadyCommitted.

        Refusals come in the answer; `commit_time` says nothing (the emulator leaves it unset after a success).
        """
        what = f"commit {stream}"
        answer = self._unary(what, "batch_commit_write_streams", timeout_s, parent=self._table, write_streams=[stream])
        for error in answer.stream_errors:
            if _says_committed(error):
                raise AlreadyCommitted(f"{what}: committed before")
            raise stream_error(_FAILED_PRECONDITION, error.error_message, int(error.code), what)


def _says_committed(error: Any) -> bool:
    """BigQuery has a code for it; the emulator names the state it found."""
    name = error.code.name
    return name == _ALREADY_COMMITTED or (name == _INVALID_STATE and "state=COMMITTED" in error.error_message)


class BigQueryBatchWarehouse:
    """Landing and `batch_writes` of one dataset. `client` is REST's; the settings name project, dataset, endpoints."""

    def __init__(self, client: "Client", settings: Settings) -> None:
        settings.require("bigquery_project")
        self._client = client
        self._dataset = f"{settings.bigquery_project}.{settings.bigquery_dataset}"
        project, dataset = settings.bigquery_project, settings.bigquery_dataset
        table = f"projects/{project}/datasets/{dataset}/tables/{LANDING_TABLE}"
        self._streams = PendingStreams(settings, table, arrow_schema())

    def create_pending(self) -> str:
        """Open a PENDING stream."""
        return self._streams.open(CALL_TIMEOUT_S)

    def append(self, stream: str, offset: int, rows: bytes) -> None:
        """Append one serialised record batch at `offset`."""
        self._streams.append(stream, offset, rows, APPEND_TIMEOUT_S)

    def finalize(self, stream: str) -> int:
        """Refuse further appends and count."""
        self._streams.close(stream)
        return self._streams.finalize(stream, CALL_TIMEOUT_S)

    def commit(self, stream: str) -> None:
        """Make all rows visible at once."""
        self._streams.commit(stream, CALL_TIMEOUT_S)

    def record(self, write: BatchWrite) -> None:
        """Keep this write, at the service's own time: a run may open its stream hours after it began."""
        of_all = f"@replay_id, DATE '{write.business_date}', @stream, {write.row_count}, CURRENT_TIMESTAMP(), @kind"
        rows = ", ".join(f"({of_all}, DATE '{day}')" for day in write.touches or (write.business_date,))
        sql = (
            f"INSERT INTO `{self._dataset}.batch_writes` "
            f"(replay_id, business_date, stream, row_count, recorded_at, kind, touches) VALUES {rows}"
        )
        self._ask("record a write", sql, replay_id=write.replay_id, stream=write.stream, kind=write.kind)

    def recorded(self, replay_id: str, day: date) -> BatchWrite | None:
        """The newest recorded write of this run and day."""
        sql = (
            f"SELECT stream, row_count, recorded_at, kind FROM `{self._dataset}.batch_writes` "
            f"WHERE business_date = DATE '{day}' AND replay_id = @replay_id ORDER BY recorded_at DESC LIMIT 1"
        )
        for row in self._ask("find a recorded write", sql, replay_id=replay_id):
            return BatchWrite(replay_id, day, row["stream"], row["row_count"], row["recorded_at"], row["kind"])
        return None

    def rows_of(self, replay_id: str, day: date) -> int:
        """Visible landing rows of this run and day."""
        sql = (
            f"SELECT COUNT(*) AS found FROM `{self._dataset}.{LANDING_TABLE}` "
            f"WHERE business_date = DATE '{day}' AND replay_id = @replay_id"
        )
        return int(self._ask("count a write's rows", sql, replay_id=write_id(replay_id, day))[0]["found"])

    def close(self) -> None:
        """Close the streams' connections; the client stays its owner's."""
        self._streams.close_all()

    def _ask(self, what: str, sql: str, **texts: str) -> list[Any]:
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError
        from google.cloud import bigquery  # noqa: TID251  # parameters of the query

        parameters = [bigquery.ScalarQueryParameter(name, "STRING", value) for name, value in texts.items()]
        config = bigquery.QueryJobConfig(query_parameters=parameters, maximum_bytes_billed=MAXIMUM_BYTES_BILLED)
        try:
            job = self._client.query(sql, job_config=config, timeout=CALL_TIMEOUT_S)
            return list(job.result(timeout=CALL_TIMEOUT_S))
        except (GoogleAPIError, GoogleAuthError, FutureTimeout, OSError) as error:
            raise rest_error(error, what) from None
