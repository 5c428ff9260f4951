"""Superseding rows: newer revisions of landed records. Frames in, frames out; nothing is ever updated.

A row that stays on its business date is one row. A row that leaves it is two: the new one on its new date and a MOVED
row on the old date, which takes the old one out of every view. So each superseded record has exactly one row on the
day that its old row lies on, and a write is told apart from all others by a look at that one day.
"""

from datetime import date
from typing import Final

import polars as pl

from streaming.landing import LANDING
from streaming.stages.plan import COLUMNS, KEPT_WHEN_REJECTED

MOVED: Final = "MOVED"
COORDINATES: Final = ("kafka_topic_id", "kafka_partition", "kafka_offset")
_PLACE: Final = [*COORDINATES, "business_date"]


class NotSuperseding(ValueError):
    """These rows must not be written as superseding rows. One line that says which rule they break."""


def write_id(replay_id: str, day: date) -> str:
    """What a row's `replay_id` holds: the run and the day it worked on.

    The day is part of it because rows that another day's write moved here carry the same run and this date.
    """
    return f"{replay_id}/{day.isoformat()}"


def newest_sql(dataset: str, where: str, columns: str = "*") -> str:
    """The newest landed revision of each record among the landing rows `where`, as the view `payments` chooses it.

    `dataset` is `project.dataset`; `where` has to hold a constant `business_date`: the table is partitioned by it.
    """
    return f"""
  SELECT {columns}
  FROM `{dataset}.payments_landing`
  WHERE {where}
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY business_date, kafka_topic_id, kafka_partition, kafka_offset
    ORDER BY enrichment_revision DESC, loaded_at
  ) = 1
"""


def supersede(new: pl.DataFrame, newest: pl.DataFrame, replay_id: str, day: date) -> pl.DataFrame:
    """Rows that replace `newest` by `new`: `COLUMNS`, with MOVED rows for those that leave `day`.

    `new`: `COLUMNS`, one row per record. `newest`: coordinates and `enrichment_revision` of the newest row of at least
    those records, all on `day`. Raises NotSuperseding if a record of `new` has no newest row there, or several.
    """
    old = newest.select(*COORDINATES, _newest=pl.col("enrichment_revision"))
    rows = new.select(COLUMNS).join(old, on=COORDINATES, how="left", maintain_order="left")
    if rows.height != new.height:
        raise NotSuperseding("a record has several newest rows")
    if rows["_newest"].null_count():
        raise NotSuperseding(f"{rows['_newest'].null_count()} records have no row on {day} to supersede")
    rows = rows.with_columns(
        replay_id=pl.lit(write_id(replay_id, day)), enrichment_revision=pl.col("_newest") + 1
    ).select(COLUMNS)
    left = rows.filter(pl.col("business_date") != day).select(_moved(name, day) for name in COLUMNS)
    return pl.concat([rows, left])


def _moved(name: str, day: date) -> pl.Expr:
    """A column of a MOVED row: where the record came from, and nothing that a sum could count."""
    if name == "status":
        return pl.lit(MOVED).alias(name)
    if name == "status_detail":
        return pl.format("business_date {}", pl.col("business_date")).alias(name)
    if name == "business_date":
        return pl.lit(day).alias(name)
    return pl.col(name) if name in KEPT_WHEN_REJECTED else pl.lit(None, dtype=LANDING[name]).alias(name)


def require_superseding(rows: pl.DataFrame, replay_id: str, day: date) -> None:
    """Raise NotSuperseding unless `rows` (`COLUMNS`) are what one write of this run and day may append."""
    wanted = {name: LANDING[name] for name in COLUMNS}
    if dict(rows.schema) != wanted:
        off = sorted(set(wanted.items()) ^ set(rows.schema.items()), key=str)
        raise NotSuperseding(f"columns differ from a landing row's at {off[0][0] if off else 'their order'}")
    if rows.filter(pl.col("replay_id").ne_missing(write_id(replay_id, day))).height:
        raise NotSuperseding(f"a row's replay_id is not {write_id(replay_id, day)}")
    if rows.filter(pl.col("enrichment_revision").fill_null(0) < 1).height:
        raise NotSuperseding("a row has revision 0: that is a live row's")
    if rows.select(_PLACE).is_duplicated().any():
        raise NotSuperseding("a record has two rows on one business_date")
    on_day = rows.filter(business_date=day)
    if rows.select(COORDINATES).unique().height != on_day.height:
        raise NotSuperseding(f"a record has no row on {day}: one that leaves it needs a {MOVED} row there")
    moved, elsewhere = on_day.filter(status=MOVED), rows.filter(pl.col("business_date") != day)
    if moved.height != elsewhere.height or moved.join(elsewhere, on=COORDINATES, how="anti").height:
        raise NotSuperseding(f"a {MOVED} row and a row on another date belong together")
