"""Write corrections: read the candidates of each day, enrich them with today's reference, supersede what changes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from assets.payments.batch_warehouse import BatchWarehouse
from assets.payments.candidates import candidates_sql
from assets.payments.corrections import correct_rows
from assets.payments.pages import MAX_GIB, gather, pages
from assets.payments.pending import write
from assets.payments.superseding import supersede
from assets.warehouse.client import CALL_TIMEOUT_S
from streaming.landing import LANDING
from streaming.ports import Warehouse
from streaming.reference.tables import Reference
from streaming.stages.plan import COLUMNS

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

ROWS_PER_PAGE: Final = 20_000
"""Candidates read and enriched at a time: 20 MB and as much again for their new values."""
MAX_ROWS: Final = 500_000
"""Rows of one day that may change in a run: they are held until they are written, 2 kB each as measured: 1 GB."""


@dataclass(frozen=True, slots=True)
class Corrections:
    """What a run did. Counts are rows; `appended` leaves out those of an earlier attempt under the same id."""

    candidates: int
    merchant: int
    money: int
    appended: int
    days: tuple[date, ...]
    """Business dates that have new rows now: what is built from them is out of date."""

    def __add__(self, other: "Corrections") -> "Corrections":
        return Corrections(
            self.candidates + other.candidates,
            self.merchant + other.merchant,
            self.money + other.money,
            self.appended + other.appended,
            self.days + other.days,
        )


class CorrectionsFailed(Exception):
    """Some days could not be corrected; one line that names them. The other days are done."""

    def __init__(self, failed: Mapping[date, Exception], done: Corrections) -> None:
        why = "; ".join(f"{day}: {_line(error)}" for day, error in failed.items())
        super().__init__(f"not corrected: {why}")
        self.days = tuple(failed)
        self.done = done


def _line(error: Exception) -> str:
    """The client of BigQuery says everything twice, the second time behind "; reason:"."""
    return next(iter(str(error).splitlines()), "").partition("; reason:")[0] or type(error).__name__


def todays_reference(warehouse: Warehouse) -> Reference:
    """The newest published versions. Raises KeyError if there are none, ReferenceError, WarehouseError."""
    versions = warehouse.reference_versions(CALL_TIMEOUT_S)
    merchants, rates = versions["merchants"], versions["fx_rates"]
    return Reference.build(
        warehouse.load_merchants(merchants, CALL_TIMEOUT_S),
        warehouse.load_fx_rates(rates, CALL_TIMEOUT_S),
        merchants,
        rates,
    )


def correct(
    client: "Client",
    dataset: str,
    batch: BatchWarehouse,
    reference: Reference,
    days: Sequence[date],
    *,
    replay_id: str,
    reporting_currency: str,
    at: datetime,
    max_rows: int = MAX_ROWS,
    max_gib: int = MAX_GIB,
) -> Corrections:
    """Correct these business dates. Run again, also under another id, it appends nothing.

    `dataset` is `project.dataset`; a day's query bills at most `max_gib`. An attempt that failed is done again under
    the same `replay_id`. `at`: now, UTC.
    Every day is tried; raises CorrectionsFailed at the end if one failed.
    """

    def read(day: date) -> Iterator[pl.DataFrame]:
        return pages(client, candidates_sql(dataset, day, reporting_currency), _SCHEMA, ROWS_PER_PAGE, max_gib)

    def one(day: date) -> Corrections:
        found = correct_day(read(day), reference, reporting_currency, replay_id=replay_id, day=day, max_rows=max_rows)
        written = write(batch, found.rows, replay_id, day, kind="correction", at=at)
        appended = 0 if written.again else written.rows
        return Corrections(found.candidates, found.merchant, found.money, appended, (day,) if written.rows else ())

    return each_day(days, one)


def each_day(days: Sequence[date], one: Callable[[date], Corrections]) -> Corrections:
    """Correct day by day: one that fails does not stop the others. Raises CorrectionsFailed at the end."""
    total, failed = Corrections(0, 0, 0, 0, ()), dict[date, Exception]()
    for day in days:
        try:
            total += one(day)
        except Exception as error:  # whatever it is: the other days are independent of it
            failed[day] = error
    if failed:
        raise CorrectionsFailed(failed, total) from next(iter(failed.values()))
    return total


@dataclass(frozen=True, slots=True)
class Found:
    """What a correction of one day writes, and what it looked at."""

    rows: pl.DataFrame
    """Superseding rows (`COLUMNS`)."""
    candidates: int
    merchant: int
    money: int


def correct_day(
    frames: Iterable[pl.DataFrame],
    reference: Reference,
    reporting_currency: str,
    *,
    replay_id: str,
    day: date,
    max_rows: int = MAX_ROWS,
) -> Found:
    """Enrich the candidates of a day again, a frame (`COLUMNS`) at a time. Raises TooManyRows."""
    looked = merchant = money = 0

    def superseding() -> Iterator[pl.DataFrame]:
        nonlocal looked, merchant, money
        for newest in frames:
            found = correct_rows(newest, reference, reporting_currency)
            looked, merchant, money = looked + newest.height, merchant + found.merchant, money + found.money
            yield supersede(found.rows, newest, replay_id, day)

    rows = gather(superseding(), _SCHEMA, day, max_rows)
    return Found(rows, looked, merchant, money)


_SCHEMA: Final = {name: LANDING[name] for name in COLUMNS}
