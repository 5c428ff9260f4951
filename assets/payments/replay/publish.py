"""Publishing a replay: the rows that differ become superseding rows, through the one write path of batch runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from assets.payments.batch_warehouse import BatchWarehouse
from assets.payments.pending import write
from assets.payments.replay.ask import ask
from assets.payments.replay.difference import VALUES, VERSIONS, Difference, differs, pairs_sql, same_record
from assets.payments.replay.options import ReplayRefused
from assets.payments.replay.pins import Pins
from assets.payments.replay.ranges import OffsetRange, rows_of
from assets.payments.superseding import COORDINATES, supersede
from streaming.landing import LANDING
from streaming.stages.plan import COLUMNS

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import

_NEWEST: Final = "newest_revision"


def refusal(pins: Pins, difference: Difference) -> str | None:
    """Why this replay must not be published; None if it may be."""
    if pins.older:
        return f"pinned to versions that are not the newest: {'; '.join(pins.older)}"
    if difference.unexplained:
        return f"unexplained differences: {difference.unexplained:,}"
    return None


def changed_sql(dataset: str, shadow: str, day: date, ranges: Sequence[OffsetRange]) -> str:
    """Replayed rows in which a value differs from the newest landed one, and that one's revision. A row that only
    names another version is left alone. `dataset` is `project.dataset`."""
    values = [name for name in VALUES if name not in VERSIONS]
    columns = ", ".join(f"replayed.{name}" for name in COLUMNS)
    return f"""WITH {pairs_sql(dataset, shadow, day, ranges)}
SELECT {columns}, landed.enrichment_revision AS {_NEWEST}
FROM landed JOIN replayed ON {same_record("landed", "replayed")}
WHERE {differs(values)}"""


def changed(
    client: "Client", dataset: str, shadow: str, day: date, ranges: Sequence[OffsetRange]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows to append (`COLUMNS`), and what they supersede (coordinates and revision). Raises WarehouseError."""
    schema = {**{name: LANDING[name] for name in COLUMNS}, _NEWEST: pl.Int64}
    rows = ask(client, f"changed rows of {day}", changed_sql(dataset, shadow, day, ranges), rows_of(ranges))
    found = pl.DataFrame([tuple(row.values()) for row in rows], schema=schema, orient="row")
    return found.select(COLUMNS), found.select(*COORDINATES, enrichment_revision=pl.col(_NEWEST))


@dataclass(frozen=True, slots=True)
class Place:
    """What is published, and where to."""

    dataset: str
    """`project.dataset`."""
    shadow: str
    day: date
    ranges: tuple[OffsetRange, ...]
    replay_id: str


def publish(client: "Client", batch: BatchWarehouse, place: Place, at: datetime) -> int:
    """Append the rows that differ and return how many; an attempt under the same id that was cut off is completed, and
    one that was not has left nothing to do. Raises ReplayRefused if it published something else, and what `write` does.
    """

    def found() -> tuple[pl.DataFrame, pl.DataFrame]:
        return changed(client, place.dataset, place.shadow, place.day, place.ranges)

    stood = batch.rows_of(place.replay_id, place.day)
    rows, newest = found()
    new = supersede(rows, newest, place.replay_id, place.day)
    written = write(batch, new, place.replay_id, place.day, kind="replay", at=at)
    if written.again and rows.height and (left := found()[0].height):
        raise ReplayRefused(
            f"{place.replay_id} published {written.rows:,} rows of {place.day} before and {left:,} differ now: "
            "replay under a new id"
        )
    return 0 if stood else written.rows
