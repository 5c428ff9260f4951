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
million rows are 40 GB each. Enough for a day of 500 events/s; a larger day may bill `BYTES_A_ROW` for each row."""
BYTES_A_ROW: Final = 6_400
"""Those 256 GiB by the 43 million rows of a day of 500 events/s: three times what two tables of 1 kB a row hold."""
TIME_LIMIT_S: Final = 600.0
"""One statement over a day of 40 million rows takes a minute or two."""
PAGE_ROWS: Final = 10_000
"""Rows of one REST page: at most some 10 MB in memory."""


def ceiling(rows: int) -> int:
    """Bytes that a statement about a day of so many rows may bill."""
    return max(MAXIMUM_BYTES_BILLED, rows * BYTES_A_ROW)


def ask(client: "Client", what: str, sql: str, rows: int = 0) -> Iterator[Any]:
    """Rows of a statement, page by page; `rows` of the day it is about. Raises WarehouseError, which says `what` was
    asked."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import bigquery  # noqa: TID251  # the bound on what the query may cost

    config = bigquery.QueryJobConfig(maximum_bytes_billed=ceiling(rows))
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
