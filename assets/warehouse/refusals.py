"""What BigQuery's client raises, in words without values: whoever runs an asset keeps them, and shows them to many."""

from collections.abc import Iterator
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager

from streaming.adapters.bigquery_errors import redacted, rest_error


@contextmanager
def typed_refusals(what: str) -> Iterator[None]:
    """Within it, errors of the client become WarehouseErrors that say `what` was done; all others pass.

    The original is not their cause: Dagster stores an exception's words with those of its causes.
    """
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from requests.exceptions import RequestException

    try:
        yield
    except (GoogleAPIError, GoogleAuthError, FutureTimeout, RequestException) as error:
        raise rest_error(error, what) from None


def said_by(error: BaseException) -> str:
    """What an error of the client says, in one line without the values that it quotes; its kind if it says nothing."""
    return redacted(first_line(error))


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, values and all: for whoever may read them."""
    text = str(getattr(error, "message", "") or error).strip()
    # the client repeats the message in a machine's form behind "; reason:"
    return text.splitlines()[0].partition("; reason:")[0] if text else type(error).__name__
