"""The warehouse's reader on BigQuery: tables by the Storage Read API, the view by SQL.

The Read API delivers Arrow at a hundred times the speed of REST pages, which 600,000 rows need; it reads tables
only, so what the view says is asked in aggregates.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from audit.model import AuditError

CALL_TIMEOUT_S = 120.0
FIRST_CALL_S = 8.0
"""Time limit of the first call to each service, which is a small one: a wrong address shows within it."""
FIRST_PATIENCE_S = 3.0
"""How long the first call is tried again when it fails."""
PATIENCE_S = 10.0
"""How long any other is; Google's default is ten minutes, the reader's a day."""
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|(?<![A-Za-z])['\"].*$|\d(?:[ ._/-]{0,3}\d){4,}")
"""What the service quotes, also without an end where it cut its message, and long numbers: either may be a row's."""
ROWS_PER_STREAM = 8_000
"""Streams are asked for so that each holds about this many rows: the emulator sends up to 65,536 rows in a message
and then refuses its own message above 11 MB. To the real service the number is only an upper bound."""
ROWS_PER_EMULATOR_SESSION = 80_000
"""The emulator opens at most ten streams a session, so a large table is read from it in several sessions."""


class BigQueryReader:
    """Reads one dataset. Endpoints are an emulator's; empty ones mean the real service and its credentials."""

    def __init__(self, project: str, dataset: str, rest_endpoint: str = "", grpc_endpoint: str = "") -> None:
        self._project, self._dataset, self._grpc = project, dataset, grpc_endpoint
        self._rest, self._answered = rest_endpoint, False
        self._client = _rest_client(project, rest_endpoint)
        self._storage: Any = None

    def rows(self, table: str, columns: Sequence[str], where: str) -> Iterator[pa.RecordBatch]:
        """Stream a table's rows; the first batch is empty and only says the schema."""
        where = where or "TRUE"
        count = self.query(f"SELECT COUNT(*) FROM {table} WHERE {where}")[0][0]
        slices = count // ROWS_PER_EMULATOR_SESSION + 1 if self._grpc and "kafka_offset" in columns else 1
        for number in range(slices):
            part = f"{where} AND MOD(kafka_offset, {slices}) = {number}" if slices > 1 else where
            yield from self._session(table, columns, part, count // slices // ROWS_PER_STREAM + 1)

    def _session(self, table: str, columns: Sequence[str], where: str, streams: int) -> Iterator[pa.RecordBatch]:
        from google.api_core.exceptions import GoogleAPICallError, RetryError
        from google.cloud.bigquery_storage_v1 import types

        self._storage = self._storage or _read_client(self._grpc)
        options = types.ReadSession.TableReadOptions(selected_fields=list(columns), row_restriction=where)
        session = types.ReadSession(
            table=f"projects/{self._project}/datasets/{self._dataset}/tables/{table}",
            data_format=types.DataFormat.ARROW,
            read_options=options,
        )
        try:
            opened = self._storage.create_read_session(
                parent=f"projects/{self._project}",
                read_session=session,
                max_stream_count=streams,
                retry=_patience(),
                timeout=CALL_TIMEOUT_S,
            )
            schema = pa.ipc.read_schema(pa.py_buffer(opened.arrow_schema.serialized_schema))
            yield pa.RecordBatch.from_pylist([], schema)
            for stream in opened.streams:
                for message in self._storage.read_rows(stream.name, retry=_patience(), timeout=CALL_TIMEOUT_S):
                    data = pa.py_buffer(message.arrow_record_batch.serialized_record_batch)
                    yield pa.ipc.read_record_batch(data, schema)
        except (GoogleAPICallError, RetryError) as error:
            raise AuditError(f"reading {table} from BigQuery failed: {_line(error)}") from None

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query in the dataset."""
        from google.api_core.exceptions import GoogleAPICallError, RetryError
        from google.auth.exceptions import GoogleAuthError
        from google.cloud.bigquery import QueryJobConfig

        self._require_answer()
        config = QueryJobConfig(default_dataset=f"{self._project}.{self._dataset}")
        again = _patience()
        try:
            job = self._client.query(sql, job_config=config, retry=again, job_retry=None, timeout=CALL_TIMEOUT_S)
            return [tuple(row.values()) for row in job.result(retry=again, job_retry=None, timeout=CALL_TIMEOUT_S)]
        except (GoogleAPICallError, RetryError, GoogleAuthError, OSError) as error:
            raise AuditError(f"a query to BigQuery failed: {_line(error)}") from None

    def _require_answer(self) -> None:
        """Make one small call before the first query; any answer will do, also one that says no."""
        from google.api_core.exceptions import GoogleAPICallError, RetryError
        from google.auth.exceptions import GoogleAuthError
        from requests.exceptions import RequestException

        if self._answered:
            return
        again = _patience(FIRST_PATIENCE_S)
        try:
            next(iter(self._client.list_datasets(max_results=1, retry=again, timeout=FIRST_CALL_S)), None)
        except GoogleAPICallError:
            pass
        except GoogleAuthError as error:
            raise AuditError(_no_credentials(error)) from None
        except (RetryError, RequestException, OSError):
            raise AuditError(_silent("BigQuery", self._rest, "TIDEMARK_BIGQUERY_REST_ENDPOINT")) from None
        self._answered = True


def _patience(seconds: float = PATIENCE_S) -> Any:
    from google.cloud.bigquery import DEFAULT_RETRY

    return DEFAULT_RETRY.with_timeout(seconds)


def _silent(service: str, endpoint: str, setting: str) -> str:
    if not endpoint:
        return f"{service} does not answer; check the network, or set {setting} for an emulator"
    return f"{service} at {endpoint} does not answer; is {setting} right? (in a sandbox: `tidemark status`)"


def _rest_client(project: str, rest_endpoint: str) -> Any:
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import bigquery

    try:
        if not rest_endpoint:
            return bigquery.Client(project=project)
        options = ClientOptions(api_endpoint=rest_endpoint)
        anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]  # google-auth leaves it untyped
        return bigquery.Client(project=project, credentials=anonymous, client_options=options)
    except GoogleAuthError as error:
        raise AuditError(_no_credentials(error)) from None


def _no_credentials(error: Exception) -> str:
    said = str(error.args[0] if error.args else type(error).__name__).partition(". ")[0].rstrip(".")
    place = "look at the file that GOOGLE_APPLICATION_CREDENTIALS names"
    return f"no usable credentials for BigQuery: {said}; {place}"


def _read_client(endpoint: str) -> Any:
    from google.cloud import bigquery_storage_v1

    read_client: Any = bigquery_storage_v1.BigQueryReadClient

    if not endpoint:
        return read_client()
    import grpc
    from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

    channel = grpc.insecure_channel(endpoint, options=[("grpc.max_receive_message_length", -1)])
    try:
        grpc.channel_ready_future(channel).result(timeout=FIRST_CALL_S)
    except grpc.FutureTimeoutError:
        channel.close()
        setting = "TIDEMARK_BIGQUERY_GRPC_ENDPOINT"
        raise AuditError(_silent("BigQuery's Storage Read API", endpoint, setting)) from None
    return read_client(transport=BigQueryReadGrpcTransport(channel=channel))


def _line(error: Exception) -> str:
    text = str(getattr(error, "message", "") or error).strip()
    return _VALUES.sub("(value)", text.splitlines()[0]) if text else type(error).__name__
