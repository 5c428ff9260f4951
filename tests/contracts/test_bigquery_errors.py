"""Wordings and codes of BigQuery and its emulator become the port's errors, and no row value passes."""

from types import SimpleNamespace

import pytest
from google.auth.exceptions import InvalidOperation, RefreshError, TransportError

from streaming.adapters.bigquery_errors import (
    expected_offset,
    redacted,
    rest_error,
    rows_rejected,
    stream_error,
)
from streaming.adapters.bigquery_streams import WriteStreams
from streaming.ports import (
    AccessDenied,
    AlreadyExists,
    OffsetOutOfRange,
    QuotaExceeded,
    Refused,
    StreamFinalized,
    StreamNotFound,
    Unavailable,
)

BIGQUERY = "The offset is within stream, expected offset 52125, received 51264"
EMULATOR = "Offset 5 already buffered; next expected 10"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (BIGQUERY, 52_125),
        (EMULATOR, 10),
        ("Expected offset: 7, received 3. Entity: projects/p1/streams/99", 7),
        ("Offset 5 already exists", None),
        ("expected", None),
        ("", None),
        ("expected offset 3, expected offset 4", None),
        ("unexpected offset 3", None),
    ],
)
def test_the_expected_offset_is_only_what_the_message_states(message: str, expected: int | None) -> None:
    assert expected_offset(message) == expected


@pytest.mark.parametrize(
    ("code", "message", "storage_code", "kind"),
    [
        (6, EMULATOR, None, AlreadyExists),
        (6, BIGQUERY, 8, AlreadyExists),
        (3, BIGQUERY, 8, AlreadyExists),  # the detail says more than the status
        (11, "Offset 9 beyond next expected 5", None, OffsetOutOfRange),
        (3, "", 9, OffsetOutOfRange),
        (9, "Stream is finalized", None, StreamFinalized),
        (3, "", 6, StreamFinalized),
        (9, "", 5, StreamFinalized),
        (9, "something else", None, Refused),
        (5, "Stream not found: s", None, StreamNotFound),
        (5, "Requested entity was not found. Entity: s", None, StreamNotFound),
        (5, "Table gone: t", None, Refused),
        (5, "", 1, Refused),
        (8, "Exceeds quota", None, QuotaExceeded),
        (3, "schema", None, Refused),
        (7, "denied", None, AccessDenied),
        (16, "who", None, AccessDenied),
        (3, "schema", 7, Refused),
        *[(code, "try again", None, Unavailable) for code in (1, 2, 4, 10, 13, 14)],
    ],
)
def test_codes_become_errors(code: int, message: str, storage_code: int | None, kind: type[Exception]) -> None:
    assert type(stream_error(code, message, storage_code, "append to s")) is kind


def test_a_table_that_is_missing_when_a_stream_is_opened_is_the_operators() -> None:
    assert isinstance(stream_error(5, "not found", None, "open stream"), Refused)


def test_messages_hold_no_values() -> None:
    said = "Could not convert string '4111111111111111' or \"Jane Doe\" or 5500005555555559 to INT64"
    for error in (
        stream_error(13, said, None, "append to s"),
        stream_error(3, said, None, "append to s"),
        stream_error(8, said, None, "append to s"),
        rest_error(_Rest(400, said), "count"),
        rest_error(_Rest(500, said), "count"),
        rows_rejected({3: "FIELDS_ERROR"}, "append to s"),
    ):
        for value in ("4111111111111111", "5500005555555559", "Jane"):
            assert value not in str(error)
    assert redacted(said) == "Could not convert string (quoted) or (quoted) or (number) to INT64"


class _Rest(Exception):
    def __init__(self, code: int | None, message: str = "", *reasons: str) -> None:
        super().__init__(message)
        self.code, self.message, self.errors = code, message, [{"reason": reason} for reason in reasons]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (_Rest(404), Refused),
        (_Rest(403, "", "accessDenied"), AccessDenied),
        (_Rest(401), AccessDenied),
        (InvalidOperation("anonymous"), AccessDenied),
        (RefreshError("invalid_grant"), AccessDenied),
        (RefreshError("try again", retryable=True), Unavailable),
        (TransportError("no token server"), Unavailable),
        (_Rest(403, "", "quotaExceeded"), QuotaExceeded),
        (_Rest(403, "", "rateLimitExceeded"), QuotaExceeded),
        (_Rest(429), QuotaExceeded),
        (_Rest(400), Refused),
        (_Rest(408), Unavailable),
        (_Rest(500), Unavailable),
        (_Rest(503), Unavailable),
        (_Rest(None), Unavailable),
        (TimeoutError(), Unavailable),
        (ConnectionResetError(), Unavailable),
    ],
)
def test_rest_errors(error: Exception, kind: type[Exception]) -> None:
    assert type(rest_error(error, "count")) is kind


@pytest.mark.integration  # Google's packages take half a second to import
def test_a_detail_is_read_from_the_trailing_metadata() -> None:
    from google.cloud.bigquery_storage_v1.types import StorageError  # noqa: TID251  # builds what the service sends
    from google.protobuf.any_pb2 import Any
    from google.rpc import code_pb2, status_pb2

    from streaming.adapters.bigquery_errors import rpc_error

    detail = Any(
        type_url="type.googleapis.com/google.cloud.bigquery.storage.v1.StorageError",
        value=StorageError.serialize(StorageError(code=StorageError.StorageErrorCode.STREAM_FINALIZED)),
    )
    status = status_pb2.Status(code=code_pb2.INVALID_ARGUMENT, details=[detail])
    rpc = SimpleNamespace(
        code=lambda: SimpleNamespace(value=(3, "invalid argument")),
        details=lambda: "",
        trailing_metadata=lambda: (("other", "x"), ("grpc-status-details-bin", status.SerializeToString())),
    )
    assert isinstance(rpc_error(rpc, "append to s"), StreamFinalized)


@pytest.mark.parametrize(("code", "mend"), [(16, "GOOGLE_APPLICATION_CREDENTIALS"), (7, "roles/bigquery.dataEditor")])
def test_a_refused_access_says_what_to_mend_in_one_line(code, mend):
    said = str(stream_error(code, "Permission 'TABLES_UPDATE_DATA' denied\non resource", None, "open stream"))
    assert mend in said
    assert said.endswith("(open stream: Permission (quoted) denied on resource)")
    assert "\n" not in said


def test_what_is_cut_was_redacted_before_and_groups_of_digits_are_numbers():
    card = "4111 1111 1111 1111"
    assert redacted(f"Bad value {card} in row 3") == "Bad value (number) in row 3"
    assert card not in redacted("x" * 290 + f" '{card}' is no number")
    assert redacted("Could not convert string 'secret of a customer") == "Could not convert string (quoted)"
    assert redacted("The caller doesn't have permission") == "The caller doesn't have permission"
    assert len(redacted("x" * 5_000)) == 300


@pytest.mark.integration  # Google's packages
@pytest.mark.parametrize("at", [0, 100])
def test_only_an_answer_that_states_the_offset_is_a_success(at):
    from google.cloud.bigquery_storage_v1 import types  # noqa: TID251  # answers as the service words them

    def understood(answer):
        read = types.AppendRowsResponse.deserialize(types.AppendRowsResponse.serialize(answer))
        WriteStreams._check(read, "stream", at)

    understood(types.AppendRowsResponse(append_result=types.AppendRowsResponse.AppendResult(offset=at)))
    for says_nothing in (types.AppendRowsResponse(write_stream="stream"), types.AppendRowsResponse(append_result={})):
        with pytest.raises(Unavailable):
            understood(says_nothing)
