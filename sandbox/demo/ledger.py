"""The producer's ledger as frames, read while it grows: what was sent, and where the broker put it."""

from pathlib import Path
from typing import Final

import polars as pl

_INTENT: Final = {
    "kind": pl.String,
    "n": pl.Int64,
    "event_id": pl.String,
    "occurred_at": pl.String,
    "business_date": pl.String,
    "label": pl.String,
    "expect": pl.String,
}
_OUTCOME: Final = {
    "kind": pl.String,
    "n": pl.Int64,
    "result": pl.String,
    "partition": pl.Int64,
    "offset": pl.Int64,
    "broker_ms": pl.Int64,
}
INTENTS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "n": pl.Int64,
    "event_id": pl.String,
    "occurred_us": pl.Int64,
    "business_date": pl.Date,
    "label": pl.String,
    "expect": pl.String,
}
"""`occurred_us`: microseconds since the epoch, null where the generator spoiled the time."""
ACKED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "n": pl.Int64,
    "partition": pl.Int64,
    "offset": pl.Int64,
    "broker_ms": pl.Int64,
}

_NEWLINE: Final = b"\n"


class LedgerTail:
    """One ledger file, read from where the last read ended. A line still being written waits for its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._intents: list[pl.DataFrame] = []
        self._acked: list[pl.DataFrame] = []

    def read(self) -> None:
        """Take what was written since. Raises OSError."""
        with self._path.open("rb") as file:
            file.seek(self._at)
            fresh = file.read()
        whole = fresh[: fresh.rfind(_NEWLINE) + 1]
        self._at += len(whole)
        if not whole:
            return
        lines = whole.splitlines(keepends=True)
        self._intents.append(_intents(b"".join(line for line in lines if b'"kind":"intent"' in line[:40])))
        self._acked.append(_acked(b"".join(line for line in lines if b'"kind":"outcome"' in line[:40])))

    def records(self, newest: int | None = None) -> pl.DataFrame:
        """Acknowledged records with their intents, one row each: `INTENTS` and `ACKED` joined by `n`.

        `newest` limits it to what the last so many reads brought.
        """
        acked = pl.concat([pl.DataFrame(schema=ACKED), *self._newest(self._acked, newest)])
        # an outcome follows its intent, by a read or two
        reach = None if newest is None else newest + 3
        intents = pl.concat([pl.DataFrame(schema=INTENTS), *self._newest(self._intents, reach)])
        return intents.join(acked, on="n", how="inner", validate="1:1")

    @staticmethod
    def _newest(parts: list[pl.DataFrame], count: int | None) -> list[pl.DataFrame]:
        return parts if count is None else parts[-count:]


def _intents(lines: bytes) -> pl.DataFrame:
    if not lines:
        return pl.DataFrame(schema=INTENTS)
    read = pl.read_ndjson(lines, schema=_INTENT)
    return read.select(
        "n",
        "event_id",
        occurred_us=pl.col("occurred_at")
        .str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC", strict=False)
        .dt.epoch("us"),
        business_date=pl.col("business_date").str.to_date("%Y-%m-%d", strict=False),
        label="label",
        expect="expect",
    )


def _acked(lines: bytes) -> pl.DataFrame:
    if not lines:
        return pl.DataFrame(schema=ACKED)
    read = pl.read_ndjson(lines, schema=_OUTCOME)
    return read.filter(pl.col("result") == "acked").select(list(ACKED))
