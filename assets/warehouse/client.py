"""BigQuery's REST client, for the real service or for an emulator at an address of its own."""

from typing import TYPE_CHECKING

from streaming.adapters.bigquery_clients import no_credentials

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: the import below is lazy

CALL_TIMEOUT_S = 60.0
"""Time limit of one REST call. A query that runs longer is polled by further calls."""
FIRST_CALL_S = 8.0
"""Time limit of the first call, which asks for next to nothing: a wrong address shows within it."""
FIRST_PATIENCE_S = 3.0
"""How long the first call is tried again when it fails."""
PATIENCE_S = 10.0
"""How long a person's question is tried again. Google's default is ten minutes, in which they learn nothing."""


class NotAnswering(ConnectionError):
    """No answer, or nobody to ask for it. One line that names the address or the file, and what to mend."""


def connect(project: str, rest_endpoint: str = "") -> "Client":
    """Return a client of `project`.

    An empty `rest_endpoint` means the real service with application default credentials; an endpoint means an
    emulator, which is spoken to anonymously. Google's packages take seconds to import, so only a caller pays.
    Raises NotAnswering if there are no usable credentials.
    """
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import bigquery  # noqa: TID251  # the one place in assets that opens a connection

    if not rest_endpoint:
        try:
            return bigquery.Client(project=project)
        except GoogleAuthError as error:
            raise NotAnswering(no_credentials(error)) from None
    return bigquery.Client(
        project=project,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]  # google-auth is untyped here
        client_options=ClientOptions(api_endpoint=rest_endpoint),
    )


def patience(seconds: float = PATIENCE_S) -> "Retry":
    """Google's rules of what may be tried again, for so many seconds."""
    from google.cloud.bigquery import DEFAULT_RETRY  # noqa: TID251  # the rules of the client that `connect` makes

    return DEFAULT_RETRY.with_timeout(seconds)


def require_answer(client: "Client", rest_endpoint: str = "") -> None:
    """Make one small call. Raises NotAnswering; any answer will do, also one that says no to this call."""
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from requests.exceptions import RequestException

    try:
        next(iter(client.list_datasets(max_results=1, retry=patience(FIRST_PATIENCE_S), timeout=FIRST_CALL_S)), None)
    except GoogleAPICallError:
        return
    except (RetryError, RequestException, OSError):
        where = rest_endpoint or "the real service (googleapis.com)"
        raise NotAnswering(f"BigQuery at {where} does not answer; {_to_mend(rest_endpoint)}") from None


def _to_mend(rest_endpoint: str) -> str:
    if not rest_endpoint:
        return "check the network, or set TIDEMARK_BIGQUERY_REST_ENDPOINT for an emulator"
    return "is TIDEMARK_BIGQUERY_REST_ENDPOINT right? (in a sandbox: `tidemark status`)"
