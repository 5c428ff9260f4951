"""SCD2: fold a day's snapshot of all open merchants into the standing history. Frames in, frames out.

A snapshot says what the source holds at one instant; what differs from the history holds from that instant on.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import blake2b
from typing import Final

import polars as pl

from assets.merchants.versions import ATTRIBUTES, BEGINNING_OF_TIME
from streaming.landing import MERCHANTS

SNAPSHOT: Final[Mapping[str, type[pl.DataType]]] = {"merchant_id": pl.String, **dict.fromkeys(ATTRIBUTES, pl.String)}
"""A snapshot: one row per merchant that is open; any order."""

HISTORY: Final = {name: MERCHANTS[name] for name in (*SNAPSHOT, "valid_from", "valid_to")}
"""The history as a fold takes and gives it: every version, half-open `[valid_from, valid_to)`."""

MAX_CLOSED_PERCENT: Final = 20
"""Share of the open merchants that one snapshot may close. A portfolio loses some percent a year; a fifth missing
at once is a file that was cut off, and closing them would leave their payments without a merchant."""


class SnapshotRejected(ValueError):
    """This snapshot must not be folded; nothing was changed. One line with the rule and the counts."""


@dataclass(frozen=True, slots=True)
class Folded:
    """The history after a fold (schema `HISTORY`, sorted by merchant and start), and what became of each merchant."""

    history: pl.DataFrame
    inserted: int
    changed: int
    closed: int
    reopened: int
    unchanged: int

    @property
    def differs(self) -> bool:
        """Whether the history is another one than before."""
        return bool(self.inserted or self.changed or self.closed or self.reopened)


def holds_from(day: date) -> datetime:
    """The instant from which the snapshot of a day holds: its 00:00 UTC, since it is taken as the day begins."""
    return datetime.combine(day, time(), UTC)


def open_at(history: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """The versions of `history` that are valid at `at`, at most one per merchant."""
    return history.filter((pl.col("valid_from") <= at) & (pl.col("valid_to").is_null() | (pl.col("valid_to") > at)))


def fold(
    history: pl.DataFrame,
    snapshot: pl.DataFrame,
    at: datetime,
    *,
    known_until: datetime | None = None,
    max_closed_percent: int = MAX_CLOSED_PERCENT,
) -> Folded:
    """Return `history` (schema `HISTORY`) with `snapshot` (schema `SNAPSHOT`) as what holds from `at` on.

    A merchant never seen before is valid from the beginning of time, one that was closed from `at`. `known_until` is
    the newest snapshot's instant: who only appeared with it does not show in the history's times. A snapshot that the
    history agrees with changes nothing, however old it is. Raises SnapshotRejected for a snapshot that is empty, has
    nulls or a merchant twice, is not newer than the history and contradicts it, or closes more than
    `max_closed_percent` of the open merchants.
    """
    rows = _checked(snapshot)
    found = _compare(history, rows, at)
    newest = max(newest_change(history), known_until or BEGINNING_OF_TIME)
    if newest >= at:
        _refuse_contradiction(found, at, newest)
        return Folded(history.select(list(HISTORY)).sort("merchant_id", "valid_from"), 0, 0, 0, 0, found.known)
    _refuse_many_closed(len(found.gone), found.known + len(found.gone), max_closed_percent)
    ended = pl.concat([found.changed["merchant_id"], found.gone["merchant_id"]])
    returning = rows.join(
        pl.concat([found.changed, found.reopened]).select("merchant_id"), on="merchant_id", how="semi"
    )
    versions = [_ended(history, ended, at), _versions(found.unseen, BEGINNING_OF_TIME), _versions(returning, at)]
    return Folded(
        history=pl.concat(versions).sort("merchant_id", "valid_from"),
        inserted=len(found.unseen),
        changed=len(found.changed),
        closed=len(found.gone),
        reopened=len(found.reopened),
        unchanged=found.known - len(found.changed),
    )


def newest_change(history: pl.DataFrame) -> datetime:
    """The newest start or end of a version; the beginning of time for an empty history."""
    instants = [history[name].max() for name in ("valid_from", "valid_to")]
    return max([BEGINNING_OF_TIME, *(at for at in instants if isinstance(at, datetime))])


def content_hash(history: pl.DataFrame) -> str:
    """BLAKE2b-128, hexadecimal, of the versions of `history`; the order of rows and columns does not matter."""
    digest = blake2b(digest_size=16)
    for row in history.select(list(HISTORY)).sort("merchant_id", "valid_from").iter_rows():
        said = [value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value for value in row]
        digest.update(json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def _checked(snapshot: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in SNAPSHOT if name not in snapshot.columns]
    if missing:
        raise SnapshotRejected(f"snapshot of the merchants has no column {missing[0]}")
    rows = snapshot.select(list(SNAPSHOT))
    mistyped = [name for name, dtype in rows.schema.items() if dtype != pl.String]
    if mistyped:
        raise SnapshotRejected(
            f"snapshot of the merchants: {mistyped[0]} is {rows.schema[mistyped[0]]}, must be String"
        )
    if rows.is_empty():
        raise SnapshotRejected("snapshot of the merchants is empty: 0 rows")
    absent = rows.filter(pl.any_horizontal(pl.all().is_null()) | (pl.col("merchant_id") == ""))
    if len(absent):
        raise SnapshotRejected(f"snapshot of the merchants: {len(absent)} of {len(rows)} rows have a null or no id")
    twice = rows.filter(pl.col("merchant_id").is_duplicated())
    if len(twice):
        ids, first = twice["merchant_id"].n_unique(), twice["merchant_id"][0]
        raise SnapshotRejected(
            f"snapshot of the merchants: duplicate ids: {ids} in {len(twice)} rows, first of {first}"
        )
    return rows


@dataclass(frozen=True, slots=True)
class _Found:
    """How a snapshot differs from what the history holds at its instant; `known` counts those in both."""

    known: int
    changed: pl.DataFrame
    gone: pl.DataFrame
    unseen: pl.DataFrame
    reopened: pl.DataFrame


def _compare(history: pl.DataFrame, rows: pl.DataFrame, at: datetime) -> _Found:
    standing = open_at(history, at)
    known = standing.join(rows, on="merchant_id", suffix="_new")
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_new")) for name in ATTRIBUTES)
    fresh = rows.join(standing, on="merchant_id", how="anti")
    return _Found(
        known=len(known),
        changed=known.filter(differs).select(rows.columns),
        gone=standing.join(rows, on="merchant_id", how="anti"),
        unseen=fresh.join(history, on="merchant_id", how="anti"),
        reopened=fresh.join(history, on="merchant_id", how="semi"),
    )


def _refuse_contradiction(found: _Found, at: datetime, newest: datetime) -> None:
    """Who first appeared later is valid from the beginning of time: that is no contradiction."""
    missing = found.gone.filter(pl.col("valid_from") > BEGINNING_OF_TIME)
    if count := len(found.changed) + len(missing) + len(found.unseen) + len(found.reopened):
        raise SnapshotRejected(
            f"snapshot of the merchants as of {at:%Y-%m-%d %H:%M} UTC is not newer than the history "
            f"({newest:%Y-%m-%d %H:%M}) and contradicts it; merchants that differ: {count}"
        )


def _refuse_many_closed(closed: int, standing: int, percent: int) -> None:
    if closed * 100 > standing * percent:
        raise SnapshotRejected(
            f"snapshot of the merchants lacks {closed} of {standing} open ones, more than {percent} %: cut off?"
        )


def _ended(history: pl.DataFrame, merchants: pl.Series, at: datetime) -> pl.DataFrame:
    """`history` with the open versions of these merchants ending at `at`."""
    ends = pl.col("valid_to").is_null() & pl.col("merchant_id").is_in(merchants.implode())
    end = pl.when(ends).then(at).otherwise(pl.col("valid_to")).cast(HISTORY["valid_to"])
    return history.select(list(HISTORY)).with_columns(valid_to=end)


def _versions(rows: pl.DataFrame, start: datetime) -> pl.DataFrame:
    """Open versions of `rows` from `start` on, in the schema `HISTORY`."""
    return rows.select(
        *SNAPSHOT,
        valid_from=pl.lit(start, HISTORY["valid_from"]),
        valid_to=pl.lit(None, HISTORY["valid_to"]),
    )
