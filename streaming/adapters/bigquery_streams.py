"""Write streams over gRPC: one bidirectional AppendRows call a stream, one request in flight on it.

Google's own manager (`AppendRowsStream`) fails every future in flight when a connection drops and retries behind
its caller's back; here one request has one answer or one error, and the protocol decides what is safe.
"""

import queue
import threading
from collections.abc import Iterator
from typing import Any, Final

from streaming.adapters.bigquery_clients import Lazily, write_client
from streaming.adapters.bigquery_errors import rest_error, rows_rejected, rpc_error, storage_error_code, stream_error
from streaming.failpoints import Passing, Point, unarmed
from streaming.ports import Refused, Unavailable, WarehouseError
from streaming.settings import Settings

MAX_REQUEST_BYTES: Final = 9 * 1024 * 1024
"""Google's clients and the emulator refuse requests over 10 MB; the schema and the envelope need some of it."""

_TRACE_ID: Final = "tidemark"


class _Ended:
    """The request side is over."""


class Connection:
    """One AppendRows call. Ends for good at its first error: what was in flight then is unknown."""

    def __init__(self, call_rows: Any, stream: str, schema: bytes, passing: Passing = unarmed) -> None:
        self._stream = stream
        self._schema: bytes | None = schema
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.broken = False
        self._passing = passing
        # Outside the US the service routes a call by this header.
        self._call = call_rows(self._outgoing(), metadata=(("x-goog-request-params", f"write_stream={stream}"),))
        threading.Thread(target=self._listen, name="append-answers", daemon=True).start()

    def _outgoing(self) -> Iterator[Any]:
        """Requests for gRPC's thread, which asks for the next one when it has sent the one before."""
        for request in iter(self._requests.get, _Ended):
            yield request
            self._passing(Point.APPEND_SENT)

    def _listen(self) -> None:
        import grpc

        try:
            for answer in self._call:
                self._answers.put(answer)
            self._answers.put(Unavailable("the service ended the connection"))
        except grpc.RpcError as error:
            self._answers.put(rpc_error(error, f"append to {self._stream}"))
        self.broken = True

    def append(self, offset: int, rows: bytes, timeout_s: float) -> Any:
        """Send one request and return its response. Raises the error that ended the call, or Unavailable."""
        from google.cloud.bigquery_storage_v1 import types

        # The plain message: its wrapper copies the rows twice more, which is memory while a backlog drains.
        request = types.AppendRowsRequest.pb()(write_stream=self._stream)
        request.offset.value = offset
        request.arrow_rows.rows.serialized_record_batch = rows
        if self._schema is not None:
            request.arrow_rows.writer_schema.serialized_schema = self._schema
            request.trace_id, self._schema = _TRACE_ID, None
        self._requests.put(types.AppendRowsRequest.wrap(request))
        try:
            answer = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            raise Unavailable(f"append to {self._stream}: no answer within {timeout_s:g} s") from None
        request.Clear()  # answered, so it is sent: gRPC's thread keeps the message until it gets the next one
        if isinstance(answer, WarehouseError):
            raise answer
        return answer

    def close(self) -> None:
        """End the call; a request in flight may still be applied."""
        self.broken = True
        self._requests.put(_Ended)
        self._call.cancel()


class WriteStreams:
    """Opens, appends to and finalizes COMMITTED streams of one table. Safe from any thread."""

    def __init__(self, settings: Settings, table: str, schema: bytes, passing: Passing = unarmed) -> None:
        self._table = table
        self._schema = schema
        self._passing = passing
        self._client = Lazily(write_client, settings)
        self._connections: dict[str, Connection] = {}
        self._lock = threading.Lock()

    def open(self, timeout_s: float) -> str:
        """Create a stream."""
        from google.cloud.bigquery_storage_v1 import types

        wanted = types.WriteStream(type_=types.WriteStream.Type.COMMITTED)
        made = self._unary("open stream", "create_write_stream", timeout_s, parent=self._table, write_stream=wanted)
        return str(made.name)

    def finalize(self, stream: str, timeout_s: float) -> int:
        """Refuse further appends and count."""
        return int(self._unary(f"finalize {stream}", "finalize_write_stream", timeout_s, name=stream).row_count)

    def append(self, stream: str, offset: int, rows: bytes, timeout_s: float) -> None:
        """Append one record batch. Any error drops the connection; the next append makes a new one."""
        if len(rows) > MAX_REQUEST_BYTES:
            raise Refused(f"append to {stream}: a request of {len(rows)} bytes, the limit is {MAX_REQUEST_BYTES}")
        connection = self._connection(stream)
        try:
            self._check(connection.append(offset, rows, timeout_s), stream, offset)
        except WarehouseError:
            self.close(stream)
            raise

    def _connection(self, stream: str) -> Connection:
        with self._lock:
            connection = self._connections.get(stream)
            if connection is None or connection.broken:
                connection = Connection(self._client.get().transport.append_rows, stream, self._schema, self._passing)
                self._connections[stream] = connection
            return connection

    @staticmethod
    def _check(response: Any, stream: str, offset: int) -> None:
        from google.cloud.bigquery_storage_v1 import types

        what = f"append to {stream} at {offset}"
        if response.row_errors:
            reasons = {int(e.index): types.RowError.RowErrorCode(e.code).name for e in response.row_errors}
            raise rows_rejected(reasons, what)
        if response.error.code:
            storage_code = storage_error_code(response.error.details, types.StorageError)
            raise stream_error(response.error.code, response.error.message, storage_code, what)
        answered = response.append_result.offset  # None where the answer says nothing: that proves no append
        if answered != offset:
            raise Unavailable(f"{what}: the answer is for offset {answered}")

    def _unary(self, what: str, method: str, timeout_s: float, **request: Any) -> Any:
        from google.api_core.exceptions import GoogleAPICallError, RetryError
        from google.auth.exceptions import GoogleAuthError

        try:
            return getattr(self._client.get(), method)(request=request, timeout=timeout_s, retry=None)
        except GoogleAPICallError as error:
            rpc = next((found for found in error.errors if hasattr(found, "trailing_metadata")), None)
            raise (
                rpc_error(rpc, what) if rpc is not None else Unavailable(f"{what}: {type(error).__name__}")
            ) from None
        except RetryError:
            raise Unavailable(f"{what}: no answer within {timeout_s:g} s") from None
        except GoogleAuthError as error:
            raise rest_error(error, what) from None

    def close(self, stream: str) -> None:
        """Drop the stream's connection."""
        with self._lock:
            connection = self._connections.pop(stream, None)
        if connection is not None:
            connection.close()

    def close_all(self) -> None:
        """Drop every connection and the channel."""
        for stream in list(self._connections):
            self.close(stream)
        if (client := self._client.if_made()) is not None:
            client.transport.close()
