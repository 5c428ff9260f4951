"""Questions of a replay to the warehouse, over REST: with a ceiling on the bytes they may bill and a time limit."""

from collections.abc import Iterator
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Any, Final

from assets.payments.replay.pins import Published
from assets.warehouse.client import CALL_TIMEOUT_S
from streaming.adapters.bigquery_errors import rest_error

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

MAXIMUM_BYTES_BILLED: Final = 2**38
"""256 GiB, about $1.60 at on-demand prices: the comparison reads a day of landing and of the shadow table, of which 40
million rows are 40 GB each."""
TIME_LIMIT_S: Final = 600.0
"""One statement over a day of 40 million rows takes a minute or two."""
PAGE_ROWS: Final = 10_000
"""Rows of one REST page: at most some 10 MB in memory."""


def ask(client: "Client", what: str, sql: str) -> Iterator[Any]:
    """Rows of a statement, page by page. Raises WarehouseError, which says `what` was asked."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import bigquery  # noqa: TID251  # the bound on what the query may cost

    config = bigquery.QueryJobConfig(maximum_bytes_billed=MAXIMUM_BYTES_BILLED)
    try:
        job = client.query(sql, job_config=config, timeout=CALL_TIMEOUT_S)
        yield from job.result(timeout=TIME_LIMIT_S, page_size=PAGE_ROWS)
    except (GoogleAPIError, GoogleAuthError, FutureTimeout, OSError) as error:
        raise rest_error(error, what) from None


def published(client: "Client", dataset: str) -> list[Published]:
    """Every published version of the reference tables. `dataset` is `project.dataset`. Raises WarehouseError."""
    sql = f"SELECT name, version, published_at FROM `{dataset}.reference_versions`"
    rows = ask(client, "reference versions", sql)
    return [Published(str(row["name"]), str(row["version"]), row["published_at"]) for row in rows]
