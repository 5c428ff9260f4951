"""What the services' errors mean to us. Sources: cloud.google.com/bigquery/docs/reference/storage/rpc and
google.rpc.Code; the emulator's wording where it differs. No message that leaves here holds a row's value.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from streaming.pan import mask
from streaming.ports import (
    AccessDenied,
    AlreadyExists,
    OffsetOutOfRange,
    QuotaExceeded,
    Refused,
    RowsRejected,
    StreamFinalized,
    StreamNotFound,
    Unavailable,
    WarehouseError,
)

# google.rpc.Code
_INVALID_ARGUMENT, _NOT_FOUND, _ALREADY_EXISTS, _PERMISSION_DENIED = 3, 5, 6, 7
_RESOURCE_EXHAUSTED, _FAILED_PRECONDITION, _OUT_OF_RANGE, _UNIMPLEMENTED, _UNAUTHENTICATED = 8, 9, 11, 12, 16
_REFUSED: Final = frozenset({_INVALID_ARGUMENT, _FAILED_PRECONDITION, _UNIMPLEMENTED})

NO_CREDENTIALS: Final = "BigQuery does not accept these credentials: mend GOOGLE_APPLICATION_CREDENTIALS or the account"
NO_PERMISSION: Final = (
    "the account lacks a permission: it needs roles/bigquery.dataEditor on the dataset, roles/bigquery.jobUser and "
    "roles/bigquery.readSessionUser on the project"
)

# google.cloud.bigquery.storage.v1.StorageError.StorageErrorCode; it says more than the status it comes with
_TABLE_NOT_FOUND, _STREAM_ALREADY_COMMITTED, _STREAM_NOT_FOUND = 1, 2, 3
_INVALID_STREAM_STATE, _STREAM_FINALIZED, _OFFSET_ALREADY_EXISTS, _OFFSET_OUT_OF_RANGE = 5, 6, 8, 9

_EXPECTED: Final = re.compile(r"\b(?:expected offset|next expected)\D{0,3}(\d+)", re.IGNORECASE)
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"|(?<![A-Za-z])['\"].*$")
"""Also what is quoted without an end: a service cuts long messages. The apostrophe of a word quotes nothing."""
_LONG_NUMBER: Final = re.compile(r"\d(?:[ ._/-]{0,3}\d){4,}")
"""Five digits and more, in groups too: as card numbers are printed, or dates."""
_KEPT_CHARACTERS: Final = 300


def expected_offset(message: str) -> int | None:
    """The next offset that an ALREADY_EXISTS states: "expected offset 52125, received 51264" (BigQuery) or
    "Offset 5 already buffered; next expected 10" (the emulator). None if it states none, or two different ones."""
    stated = {int(number) for number in _EXPECTED.findall(message)}
    return stated.pop() if len(stated) == 1 else None


def redacted(message: str) -> str:
    """A service's message in one line, without what it quotes and without long numbers: either may be a value.

    Cut only then: a quote that loses its end would show what it quotes.
    """
    line = _QUOTED.sub("(quoted)", " ".join(message.split()))
    return mask(_LONG_NUMBER.sub("(number)", line))[:_KEPT_CHARACTERS]


def stream_error(code: int, message: str, storage_code: int | None, what: str) -> WarehouseError:
    """The typed error of one Write API answer. `what` names the request: an operation and its stream."""
    if storage_code == _OFFSET_ALREADY_EXISTS or (storage_code is None and code == _ALREADY_EXISTS):
        return AlreadyExists(f"{what}: offset exists", expected_offset(message))
    if storage_code == _OFFSET_OUT_OF_RANGE or (storage_code is None and code == _OUT_OF_RANGE):
        return OffsetOutOfRange(f"{what}: offset beyond the end of the stream")
    if storage_code in (_STREAM_FINALIZED, _STREAM_ALREADY_COMMITTED, _INVALID_STREAM_STATE):
        return StreamFinalized(f"{what}: the stream is finalized")
    if storage_code is None and code == _FAILED_PRECONDITION and "finalized" in message.lower():
        return StreamFinalized(f"{what}: the stream is finalized")
    if storage_code == _STREAM_NOT_FOUND:
        return StreamNotFound(f"{what}: no such stream")
    if storage_code == _TABLE_NOT_FOUND:
        return Refused(f"{what}: no such table; run `tidemark migrate`")
    return _by_status(code, message, what)


def _by_status(code: int, message: str, what: str) -> WarehouseError:
    if code == _NOT_FOUND:
        if what.startswith("open") or message.lower().startswith("table"):
            return Refused(f"{what}: no such table; run `tidemark migrate`")
        return StreamNotFound(f"{what}: no such stream")
    if code == _RESOURCE_EXHAUSTED:
        return QuotaExceeded(f"{what}: {redacted(message)}")
    if code in (_PERMISSION_DENIED, _UNAUTHENTICATED):
        return access_denied(code == _UNAUTHENTICATED, what, redacted(message))
    if code in _REFUSED:
        return Refused(f"{what}: {redacted(message)}")
    import grpc

    name = next((status.name for status in grpc.StatusCode if status.value[0] == code), str(code))
    return Unavailable(f"{what}: {name}")  # without the message: an INTERNAL error quotes what it stumbled over


def access_denied(unknown: bool, what: str, said: str) -> AccessDenied:
    """`unknown`: the service does not know who asks (401, UNAUTHENTICATED), else it knows and says no."""
    return AccessDenied(f"{NO_CREDENTIALS if unknown else NO_PERMISSION} ({what}: {said})")


def rows_rejected(row_errors: Mapping[int, str], what: str) -> RowsRejected:
    """Refused rows by index within the request; the reason is the service's code, its text may hold values."""
    return RowsRejected(f"{what}: {len(row_errors)} rows refused", row_errors)


def rpc_error(error: Any, what: str) -> WarehouseError:
    """The typed error of a failed gRPC call (`grpc.RpcError`, also a finished call that carries one)."""
    from google.cloud.bigquery_storage_v1.types import StorageError
    from google.rpc import status_pb2  # type: ignore[import-untyped]  # generated code without types

    code = error.code().value[0] if error.code() is not None else 2
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            storage_code = storage_error_code(status_pb2.Status.FromString(value).details, StorageError)
            return stream_error(code, error.details() or "", storage_code, what)
    return stream_error(code, error.details() or "", None, what)


def storage_error_code(details: Any, storage_error: Any) -> int | None:
    """The StorageErrorCode among a status's details, if the service sent one."""
    for detail in details:
        if detail.type_url.endswith("google.cloud.bigquery.storage.v1.StorageError"):
            return int(storage_error.deserialize(detail.value).code) or None
    return None


def rest_error(error: Exception, what: str) -> WarehouseError:
    """The typed error of a failed REST call: `google.api_core`, `google.auth` and transport errors alike."""
    from google.auth.exceptions import GoogleAuthError, TransportError

    if isinstance(error, GoogleAuthError):
        if isinstance(error, TransportError) or error.retryable:
            return Unavailable(f"{what}: {type(error).__name__}")
        return access_denied(True, what, type(error).__name__)
    status = getattr(error, "code", None)
    reasons = {str(found.get("reason")) for found in getattr(error, "errors", None) or () if isinstance(found, dict)}
    message = redacted(str(getattr(error, "message", "")))
    if status == 429 or reasons & {"quotaExceeded", "rateLimitExceeded"}:
        return QuotaExceeded(f"{what}: {message}")
    if status in (401, 403):
        return access_denied(status == 401, what, message)
    if isinstance(status, int) and 400 <= status < 500 and status not in (408, 409):
        return Refused(f"{what}: {message}")
    return Unavailable(f"{what}: {type(error).__name__}")
