"""Source `landing`: the newest row of each record of the day, in windows. Any day, also one that Kafka forgot."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from assets.payments.replay.ask import ask
from assets.payments.replay.ranges import OffsetRange, slices, within_sql
from assets.payments.superseding import MOVED, newest_sql
from assets.warehouse.client import CALL_TIMEOUT_S
from streaming.landing import LANDING
from streaming.stages.plan import COLUMNS

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

READ_TIMEOUT_S: Final = 120.0
"""One slice is 10,000 rows at most, some 6 MB; with 64 kB of payload in each row it is 640 MB."""

Scan = Callable[[str, pl.Schema, str, float], Iterator[pl.DataFrame]]
"""`ReferenceReads.scan`."""


def stored_sql(dataset: str, day: date, ranges: Sequence[OffsetRange]) -> str:
    """The newest row of each record within the ranges that is still on the day, in no order: the service need not
    sort, and nothing of a replay depends on it. `dataset` is `project.dataset`."""
    where = f"business_date = DATE '{day.isoformat()}' AND {within_sql(ranges)}"
    return f"""WITH newest AS ({newest_sql(dataset, where)})
SELECT {", ".join(COLUMNS)} FROM newest WHERE status != '{MOVED}'"""


def copy_sql(dataset: str, copy: str, day: date, ranges: Sequence[OffsetRange], expires: datetime) -> str:
    """The same rows as a table of its own, which goes by itself: it is read in slices, without the scan of a day for
    each of them."""
    at = expires.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S+00:00")
    return f"""CREATE OR REPLACE TABLE `{dataset}.{copy}`
CLUSTER BY kafka_partition, kafka_offset
OPTIONS (expiration_timestamp = TIMESTAMP '{at}')
AS {stored_sql(dataset, day, ranges)}"""


@contextmanager
def copied(client: "Client", dataset: str, copy: str, sql: str, rows: int) -> Iterator[None]:
    """The table `copy`, made by `sql` (`copy_sql`) of a day of `rows`, while the block runs. Raises WarehouseError."""
    deque(ask(client, f"copy to {copy}", sql, rows), maxlen=0)
    try:
        yield
    finally:
        client.delete_table(f"{dataset}.{copy}", not_found_ok=True, timeout=CALL_TIMEOUT_S)


def stored(scan: Scan, copy: str, ranges: Sequence[OffsetRange], max_rows: int) -> Iterator[pl.DataFrame]:
    """Frames of `COLUMNS` with at most `max_rows` rows, from the copy. Raises WarehouseError."""
    schema = pl.Schema({name: LANDING[name] for name in COLUMNS})
    for part in slices(ranges, max_rows):
        yield from scan(copy, schema, within_sql([part]), READ_TIMEOUT_S)
