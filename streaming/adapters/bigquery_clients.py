"""Google's clients, for the real service (application default credentials) or an emulator at given endpoints.

Their packages take a second to import: only who talks to BigQuery pays for it.
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from streaming.ports import NoCredentials
from streaming.settings import Settings

_GRPC_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A connection that went silent is noticed while nothing else would: half the service's own idle limit.
    ("grpc.keepalive_time_ms", 60_000),
)


def load_packages() -> None:
    """Import all that calls need, in the thread that makes the adapter.

    Threads that import parts of Google's packages side by side wait for each other's locks in a circle now and then;
    Python ends one of them with an error (seen once in some 250 starts of a member, which died of it).
    """
    import google.cloud.bigquery
    import google.cloud.bigquery_storage_v1.services.big_query_read.transports
    import google.cloud.bigquery_storage_v1.services.big_query_write.transports
    import google.rpc.status_pb2  # type: ignore[import-untyped]  # noqa: F401  # generated code without types


def write_client(settings: Settings) -> Any:
    """A BigQueryWriteClient."""
    from google.cloud.bigquery_storage_v1 import BigQueryWriteClient
    from google.cloud.bigquery_storage_v1.services.big_query_write.transports import BigQueryWriteGrpcTransport

    if not settings.bigquery_grpc_endpoint:
        return BigQueryWriteClient()  # type: ignore[no-untyped-call]  # generated code
    transport = BigQueryWriteGrpcTransport(channel=_channel(settings))
    return BigQueryWriteClient(transport=transport)  # type: ignore[no-untyped-call]  # generated code


def read_client(settings: Settings) -> Any:
    """A BigQueryReadClient."""
    from google.cloud.bigquery_storage_v1 import BigQueryReadClient
    from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

    if not settings.bigquery_grpc_endpoint:
        return BigQueryReadClient()  # type: ignore[no-untyped-call]  # generated code
    transport = BigQueryReadGrpcTransport(channel=_channel(settings))
    return BigQueryReadClient(transport=transport)  # type: ignore[no-untyped-call]  # generated code


def rest_client(settings: Settings) -> Any:
    """A bigquery.Client."""
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    if not settings.bigquery_rest_endpoint:
        return bigquery.Client(project=settings.bigquery_project)
    return bigquery.Client(
        project=settings.bigquery_project,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]  # google-auth is untyped here
        client_options=ClientOptions(api_endpoint=settings.bigquery_rest_endpoint),
    )


def no_credentials(error: Exception) -> str:
    """What google-auth says about credentials, as one line that names the place to mend. Shows no content of files."""
    said = str(error.args[0] if error.args else type(error).__name__).partition(". ")[0].rstrip(".")
    return (
        f"no usable credentials for BigQuery: {said}; look at the file that GOOGLE_APPLICATION_CREDENTIALS names, "
        "or run `gcloud auth application-default login`"
    )


def _channel(settings: Settings) -> Any:
    import grpc

    return grpc.insecure_channel(settings.bigquery_grpc_endpoint, options=_GRPC_OPTIONS)


class Lazily:
    """Makes a client at its first use, once, whichever thread comes first."""

    def __init__(self, make: Callable[[Settings], Any], settings: Settings) -> None:
        self._make = partial(make, settings)
        self._lock = threading.Lock()
        self._made: Any = None

    def get(self) -> Any:
        """The client. Raises NoCredentials."""
        from google.auth.exceptions import GoogleAuthError

        with self._lock:
            if self._made is None:
                try:
                    self._made = self._make()
                except GoogleAuthError as error:
                    raise NoCredentials(no_credentials(error)) from None
            return self._made

    def if_made(self) -> Any:
        """The client, or None if nobody asked for it."""
        return self._made
