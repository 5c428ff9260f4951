"""The answers themselves, in BigQuery's words: bytes of responses, gRPC statuses, counts that are out of date."""

import json
from typing import Any

import grpc
import pyarrow as pa
from google.cloud.bigquery_storage_v1 import types
from google.protobuf import any_pb2
from google.rpc import status_pb2

from faulty_warehouse.script import COUNT, HIGHEST, QUERY, Says

REFUSED_ROWS = (0, 2)
MISSED_ROWS = 5
"""A stale count is so much too small."""
ELSEWHERE = 7

ENDS_THE_CALL = {
    Says.NOT_FOUND: (grpc.StatusCode.NOT_FOUND, "Requested entity was not found."),
    Says.ABORTED: (grpc.StatusCode.ABORTED, "Closing the stream because server is closing the connection."),
    Says.UNAVAILABLE: (grpc.StatusCode.UNAVAILABLE, "Service is temporarily unavailable."),
    Says.INTERNAL: (grpc.StatusCode.INTERNAL, "Internal error encountered."),
    Says.DEADLINE: (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline exceeded."),
}
"""Answers that come as the status of the whole call."""

_CODES = types.StorageError.StorageErrorCode
_TYPED = {
    Says.EXISTS: (6, _CODES.OFFSET_ALREADY_EXISTS, "The offset is within stream, expected offset {end}, received {at}"),
    Says.EXISTS_ELSEWHERE: (
        6, _CODES.OFFSET_ALREADY_EXISTS, "The offset is within stream, expected offset {elsewhere}, received {at}"
    ),
    Says.EXISTS_SOMEWHERE: (6, _CODES.OFFSET_ALREADY_EXISTS, "The offset is within stream"),
    Says.OUT_OF_RANGE: (11, _CODES.OFFSET_OUT_OF_RANGE, "The offset is beyond stream, expected offset 0"),
    Says.FINALIZED: (3, _CODES.STREAM_FINALIZED, "Stream is finalized."),
    Says.EXHAUSTED: (8, None, "Exceeds 'AppendRows throughput' quota."),
    Says.DENIED: (7, None, "Permission 'TABLES_UPDATE_DATA' denied on resource (or it may not exist)."),
}  # fmt: skip
"""Answers that come within the call: google.rpc.Code, StorageErrorCode and message."""


def parsed(request: bytes) -> Any:
    """An AppendRowsRequest."""
    return types.AppendRowsRequest.deserialize(request)


def rows_of(request: Any, schema: bytes) -> int:
    """Rows of an append. `schema`: the one its connection began with."""
    batch = pa.py_buffer(request.arrow_rows.rows.serialized_record_batch)
    return int(pa.ipc.read_record_batch(batch, pa.ipc.read_schema(pa.py_buffer(schema))).num_rows)


def append_answer(says: Says, stream: str, at: int, rows: int) -> bytes:
    """A response to an append of so many rows at this offset."""
    response = types.AppendRowsResponse(write_stream=stream)
    if says is Says.ROW_ERRORS:
        code = types.RowError.RowErrorCode.FIELDS_ERROR
        places = [place for place in REFUSED_ROWS if place < rows]
        response.row_errors = [types.RowError(index=place, code=code, message="a value") for place in places]
        response.error = status_pb2.Status(code=3, message="Errors found while processing rows.")
    elif says is not Says.BLANK:
        number, storage_code, words = _TYPED[says]
        message = words.format(at=at, end=at + rows, elsewhere=at + rows + ELSEWHERE)
        response.error = status_pb2.Status(code=number, message=message, details=_details(storage_code, stream))
    return bytes(types.AppendRowsResponse.serialize(response))


def _details(storage_code: Any, stream: str) -> list[any_pb2.Any]:
    if storage_code is None:
        return []
    packed = any_pb2.Any()
    packed.Pack(types.StorageError.pb(types.StorageError(code=storage_code, entity=stream)))
    return [packed]


def error_code(answer: bytes) -> int:
    """google.rpc.Code of an append's response, 0 for one that succeeded."""
    return int(types.AppendRowsResponse.deserialize(answer).error.code)


def kind_of_call(body: bytes) -> str:
    """Which of the protocol's questions a REST call asks, by its SQL."""
    if b"SELECT kafka_partition, COUNT(*)" in body:
        return COUNT
    return HIGHEST if b"SELECT MAX(kafka_offset)" in body else QUERY


def stale(answer: bytes) -> bytes:
    """The result of a count (partition, count), each as it was a few rows ago."""
    content = json.loads(answer)
    for row in content.get("rows", []):
        count = row["f"][1]
        count["v"] = str(max(0, int(count["v"]) - MISSED_ROWS))
    return json.dumps(content).encode()
