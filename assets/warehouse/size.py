"""How large a stream has become: what the ceilings of bytes are multiplied with, so that they grow with it.

A ceiling refuses a forgotten filter instead of billing it. One fixed for 500 events/s would refuse the checks
themselves at ten times the volume.
"""

from concurrent.futures import TimeoutError as FutureTimeoutError
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from assets.warehouse.client import CALL_TIMEOUT_S

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

DESIGNED_ROWS: Final = 500 * 86_400
"""Rows of a day at 500 events/s, for which the ceilings were chosen: each is some five times what is read then."""
LOOK_BACK: Final = timedelta(days=14)
"""The busiest day of two weeks holds a payday and both weekends."""
_MAXIMUM_BYTES: Final = 2**30
"""The builds are a row a day: 10 MB are billed, the least that any query bills."""


def busiest_day_sql(dataset: str, today: date) -> str:
    """The most landing rows of a day of the report, as it was last built. `dataset` is `project.dataset`."""
    return f"""SELECT MAX(landing_rows) AS most
FROM `{dataset}.payments_daily_builds`
WHERE business_date >= DATE '{(today - LOOK_BACK).isoformat()}'"""


def kept_rows_sql(dataset: str) -> str:
    """Landing rows of every day of the report, as each was last built. `dataset` is `project.dataset`."""
    return f"SELECT SUM(landing_rows) AS most FROM `{dataset}.payments_daily_builds`"


def times_designed(rows: int) -> int:
    """How many times the designed size a day of so many rows is, rounded up, at least once."""
    return max(1, -(-rows // DESIGNED_ROWS))


def size_of(client: "Client", dataset: str, today: date) -> int:
    """Times the designed size of the busiest day lately; `dataset` without the project, which is the client's.

    Raises nothing of the service: who gets no answer goes on with the ceilings of the designed size.
    """
    return times_designed(_count(client, busiest_day_sql(f"{client.project}.{dataset}", today)))


def kept_rows(client: "Client", dataset: str) -> int:
    """Landing rows of all days; 0 where there is no answer. `dataset` without the project, which is the client's."""
    return _count(client, kept_rows_sql(f"{client.project}.{dataset}"))


def _count(client: "Client", sql: str) -> int:
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.bigquery import QueryJobConfig  # noqa: TID251  # the bound on what the query may cost

    config = QueryJobConfig(maximum_bytes_billed=_MAXIMUM_BYTES)
    try:
        job = client.query(sql, job_config=config, job_retry=None, timeout=CALL_TIMEOUT_S)
        (row,) = job.result(timeout=CALL_TIMEOUT_S)
    except (GoogleAPIError, GoogleAuthError, FutureTimeoutError, OSError):
        return 0
    return int(row["most"] or 0)
