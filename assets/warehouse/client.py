"""BigQuery's REST client, for the real service or for an emulator at an address of its own."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: the import below is lazy

CALL_TIMEOUT_S = 60.0
"""Time limit of one REST call. A query that runs longer is polled by further calls."""


def connect(project: str, rest_endpoint: str = "") -> "Client":
    """Return a client of `project`.

    An empty `rest_endpoint` means the real service with application default credentials; an endpoint means an
    emulator, which is spoken to anonymously. Google's packages take seconds to import, so only a caller pays.
    """
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery  # noqa: TID251  # the one place in assets that opens a connection

    if not rest_endpoint:
        return bigquery.Client(project=project)
    return bigquery.Client(
        project=project,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]  # google-auth is untyped here
        client_options=ClientOptions(api_endpoint=rest_endpoint),
    )
