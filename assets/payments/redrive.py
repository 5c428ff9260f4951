"""Re-drive: quarantined records that today's rules accept supersede their old rows, on their own dates."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from assets.payments.batch_warehouse import BatchWarehouse
from assets.payments.correct import MAX_ROWS
from assets.payments.pages import MAX_GIB, gather, pages
from assets.payments.pending import write
from assets.payments.reconsider import QUARANTINED, reconsider
from assets.payments.superseding import newest_sql, supersede
from streaming import contract
from streaming.landing import LANDING
from streaming.reference.tables import Reference
from streaming.stages.plan import COLUMNS
from streaming.walk import Policy

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

ROWS_PER_PAGE: Final = 1_000
"""Quarantined records read and judged at a time: with payloads of 64 kB that is 64 MB."""
EXAMPLES: Final = 3
"""Records named for each reason that a record is still refused for."""

_DAYS: Final = """
SELECT DISTINCT business_date FROM `{dataset}.payments_landing`
WHERE business_date BETWEEN DATE '{first}' AND DATE '{last}' AND status = '{status}'
ORDER BY business_date
"""
"""Reads two columns. Also days of which every such record is mended by now: a repeated re-drive must see them."""

Read = Callable[[date], Iterable[pl.DataFrame]]
"""The newest rows of a day's quarantined records, in frames of the schema `QUARANTINED`."""


@dataclass(slots=True)
class DayRedriven:
    """What became of one day's quarantined records."""

    day: date
    quarantined: int = 0
    """Records of the reason that were looked at."""
    accepted: int = 0
    dates: tuple[date, ...] = ()
    """Business dates of the accepted ones, ascending."""
    refused: Counter[str] = field(default_factory=Counter)
    """Why the others are still refused, and how many."""
    examples: dict[str, list[str]] = field(default_factory=dict)
    """For each of these reasons where some of the records are: coordinates, never a value."""
    appended: int = 0
    """Rows written now, MOVED rows included; 0 if an earlier attempt under the same id had written them."""


def redrive_id(reason: str, unique: str) -> str:
    """Name of a re-drive. The reason is part of it: the same name must not write other records."""
    return f"redrive-{reason}-{unique}"


def is_id_of(name: str, reason: str) -> bool:
    """Whether this is the name of a re-drive of `reason`."""
    return name.startswith(redrive_id(reason, "")) and len(name) > len(redrive_id(reason, ""))


def redrive(
    read: Read,
    batch: BatchWarehouse | None,
    reference: Reference,
    policy: Policy,
    days: Sequence[date],
    *,
    replay_id: str,
    at: datetime,
    max_rows: int = MAX_ROWS,
) -> Iterator[DayRedriven]:
    """Judge the records of these days again and, unless `batch` is None, write those that are accepted, day by day.

    A day is written as a whole or not at all. What fails is done again under the same `replay_id`, which appends
    nothing twice. `at`: now, UTC. Raises TooManyRows and what `write` does.
    """
    for day in days:
        done = DayRedriven(day)
        judged = _superseding(read(day), reference, policy, replay_id, done)
        rows = gather(judged, _SCHEMA, day, max_rows)
        done.dates = tuple(rows.filter(status=contract.STATUS_OK)["business_date"].unique().sort())
        if batch is not None:
            written = write(batch, rows, replay_id, day, kind="redrive", at=at)
            done.appended = 0 if written.again else written.rows
        yield done


def _superseding(
    frames: Iterable[pl.DataFrame], reference: Reference, policy: Policy, replay_id: str, done: DayRedriven
) -> Iterator[pl.DataFrame]:
    for newest in frames:
        found = reconsider(newest, reference, policy)
        done.quarantined += newest.height
        done.accepted += found.rows.height
        _note(done, found.refused)
        yield supersede(found.rows, newest, replay_id, done.day)


def _note(done: DayRedriven, refused: pl.DataFrame) -> None:
    for partition, offset, reason in refused.select("kafka_partition", "kafka_offset", "reason").iter_rows():
        done.refused[reason] += 1
        examples = done.examples.setdefault(reason, [])
        if len(examples) < EXAMPLES:
            examples.append(f"partition {partition} offset {offset}")


def days_with(
    client: "Client", dataset: str, reason: str, first: date, last: date, *, max_gib: int = MAX_GIB
) -> list[date]:
    """The business dates on which records were quarantined for `reason`. Raises as `pages` does."""
    sql = _DAYS.format(dataset=dataset, first=first, last=last, status=_status(reason))
    found = pages(client, sql, {"business_date": pl.Date}, ROWS_PER_PAGE, max_gib)
    return [day for frame in found for day in frame["business_date"]]


def records_sql(dataset: str, day: date, status: str) -> str:
    """The newest rows of the day's records that stand with this status, in order. `dataset` is `project.dataset`."""
    columns = ", ".join(QUARANTINED)
    newest = newest_sql(dataset, f"business_date = DATE '{day}'", f"{columns}, status")
    return f"""WITH newest AS ({newest})
SELECT {columns} FROM newest WHERE status = '{status}'
ORDER BY kafka_topic_id, kafka_partition, kafka_offset"""


def quarantined(
    client: "Client", dataset: str, reason: str, day: date, max_gib: int = MAX_GIB
) -> Iterator[pl.DataFrame]:
    """The newest rows of the day's records that stand as quarantined for `reason`. Raises as `pages` does."""
    return pages(client, records_sql(dataset, day, _status(reason)), QUARANTINED, ROWS_PER_PAGE, max_gib)


def _status(reason: str) -> str:
    return f"{contract.QUARANTINED_PREFIX}{reason}"


_SCHEMA: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {name: LANDING[name] for name in COLUMNS}
