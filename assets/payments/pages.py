"""Results of queries that may be large: read page by page, and what is kept of them within a stated limit."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from assets.warehouse.client import CALL_TIMEOUT_S
from assets.warehouse.refusals import typed_refusals

if TYPE_CHECKING:
    # types only: whoever has a client has paid the import
    from google.cloud.bigquery import Client  # noqa: TID251
    from google.cloud.bigquery.table import RowIterator  # noqa: TID251

MAX_GIB: Final = 64
"""GiB of a query, about $0.40 at on-demand prices: 40 million rows of 1 kB are 40 GB. A larger platform gives its runs
more."""
SCAN_TIMEOUT_S: Final = 300.0
"""One day's scan, on a table of 40 million rows a day, takes tens of seconds."""

_TOO_MANY_BYTES: Final = "bytesBilledLimitExceeded"
"""The service's reason (docs.cloud.google.com/bigquery/docs/error-messages)."""

Schema = Mapping[str, pl.DataType | type[pl.DataType]]


class TooManyRows(ValueError):
    """More rows of one day would change than may be held at once. Nothing of that day was written."""


class TooManyBytes(ValueError):
    """The query would read more than it may. Nothing was read."""


def pages(client: "Client", sql: str, schema: Schema, rows: int, max_gib: int = MAX_GIB) -> Iterator[pl.DataFrame]:
    """Run the query and yield its rows in frames (`schema`) of at most `rows`.

    Raises TooManyBytes where it would bill more than `max_gib`, else WarehouseError.
    """
    with typed_refusals("read landing rows"):
        for page in _bounded(client, sql, rows, max_gib).pages:
            values = [tuple(row.values()) for row in page]
            if values:
                yield pl.DataFrame(values, schema=dict(schema), orient="row")


def _bounded(client: "Client", sql: str, rows: int, max_gib: int) -> "RowIterator":
    """Raises TooManyBytes; other errors of the client pass."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud import bigquery  # noqa: TID251  # the bound on what the query may cost

    config = bigquery.QueryJobConfig(maximum_bytes_billed=max_gib * 2**30)
    try:
        job = client.query(sql, job_config=config, timeout=CALL_TIMEOUT_S)
        return job.result(page_size=rows, timeout=SCAN_TIMEOUT_S)
    except GoogleAPICallError as error:
        if any(detail.get("reason") == _TOO_MANY_BYTES for detail in error.errors):
            said = f"the query would read more than {max_gib} GiB, which is the limit of this run: raise max_gib"
            raise TooManyBytes(said) from None
        raise


def gather(frames: Iterable[pl.DataFrame], schema: Schema, day: date, limit: int) -> pl.DataFrame:
    """One frame (`schema`) of several, at most `limit` rows. Raises TooManyRows as soon as there are more."""
    kept, count = [pl.DataFrame(schema=dict(schema))], 0
    for frame in frames:
        count += frame.height
        if count > limit:
            raise TooManyRows(f"{day}: more than {limit:,} rows change, which is the limit of this run: raise max_rows")
        kept.append(frame)
    return pl.concat(kept)
