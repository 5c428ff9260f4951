"""The one way in which batch runs write to landing: one PENDING stream per run and day, committed as a whole.

look for rows -> commit what is recorded -> open -> record -> append -> finalize -> commit

The stream's name is recorded before the first append, so a retry never wonders whether a commit without an answer was
applied: it commits that same stream again. One stream carries all rows of a run and day, on whatever dates they lie
(a moved row and its MOVED row become visible together). One run at a time writes an id.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import polars as pl

from assets.payments.batch_warehouse import AlreadyCommitted, BatchWarehouse, BatchWrite
from assets.payments.superseding import require_superseding
from streaming.ports import StreamFinalized, StreamNotFound, WarehouseError
from streaming.stages.plan import serialise, split

KINDS: Final = ("correction", "replay", "redrive")

ROWS_PER_REQUEST: Final = 1_500
"""A row without its payload is below 5 kB (600 bytes and a description of 1,000 characters): 7.5 MB a request, the
service takes 10 MB."""
ROWS_PER_REQUEST_WITH_PAYLOADS: Final = 100
"""A quarantined row carries up to 64 kB of scrubbed payload: 7 MB a request."""


class WriteMismatch(WarehouseError):
    """The stream holds another number of rows than it was given. Nothing of it was committed."""


@dataclass(frozen=True, slots=True)
class Written:
    """What is in the table now."""

    stream: str
    """Empty if there was nothing to write."""
    rows: int
    """Rows of the stream, MOVED rows included."""
    again: bool
    """An earlier attempt had written all but the last step: its rows stand, the ones given now were not used."""


def write(
    warehouse: BatchWarehouse, rows: pl.DataFrame, replay_id: str, day: date, *, kind: str, at: datetime
) -> Written:
    """Append the superseding `rows` (`plan.COLUMNS`) of this run and day exactly once, however often it is called.

    `day`: the business date of the rows they supersede. `at`: now, UTC; it becomes `loaded_at`. Raises NotSuperseding
    before anything is written, WriteMismatch, ValueError for an unknown kind, and the warehouse's errors: after any
    of these call it again with the same run and day.
    """
    if kind not in KINDS:
        raise ValueError(f"a batch write is one of {', '.join(KINDS)}, not {kind}")
    require_superseding(rows, replay_id, day)
    before = warehouse.recorded(replay_id, day)
    if before is not None and _settle(warehouse, before):
        return Written(before.stream, before.row_count, again=True)
    if rows.is_empty():
        return Written("", 0, again=False)
    dates = tuple(rows["business_date"].unique().sort())
    new = BatchWrite(replay_id, day, warehouse.create_pending(), rows.height, at, kind, dates)
    warehouse.record(new)
    _fill(warehouse, new, rows)
    _commit(warehouse, new.stream)
    return Written(new.stream, new.row_count, again=False)


def _settle(warehouse: BatchWarehouse, before: BatchWrite) -> bool:
    """Whether the rows of a recorded write are in the table after this. False: none are, and none ever will be."""
    if warehouse.rows_of(before.replay_id, before.business_date):
        return True
    try:
        if warehouse.finalize(before.stream) != before.row_count:
            return False  # its appends were cut short: finalized now, so nobody can complete and commit it
    except StreamFinalized:
        pass  # refused only once it is committed, which the commit below will say
    except StreamNotFound:
        return warehouse.rows_of(before.replay_id, before.business_date) > 0
    _commit(warehouse, before.stream)
    return True


def _fill(warehouse: BatchWarehouse, new: BatchWrite, rows: pl.DataFrame) -> None:
    offset = 0
    for batch, length in _requests(rows, new.recorded_at):
        warehouse.append(new.stream, offset, batch)
        offset += length
    held = warehouse.finalize(new.stream)
    if held != new.row_count:
        raise WriteMismatch(f"{new.stream} holds {held} rows, {new.row_count} were appended: not committed")


def _requests(rows: pl.DataFrame, at: datetime) -> Iterator[tuple[bytes, int]]:
    """Serialised batches by partition, cut to what one request may hold. The same blocks as the stream's."""
    payloads = pl.Series("payload", [None] * rows.height, dtype=pl.Binary)
    carried = rows["payload_scrubbed"].null_count() < rows.height
    for block in split(rows, payloads, ROWS_PER_REQUEST_WITH_PAYLOADS if carried else ROWS_PER_REQUEST):
        yield serialise(block, None, at), len(block)


def _commit(warehouse: BatchWarehouse, stream: str) -> None:
    try:
        warehouse.commit(stream)
    except AlreadyCommitted:
        return
