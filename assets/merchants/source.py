"""Where a day's snapshot of the merchants comes from: a callable; here, files that another system leaves."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from assets.merchants.fold import SnapshotRejected

MerchantSource = Callable[[date], pl.DataFrame]
"""Gives the merchants that were open as a day began, in the schema `fold.SNAPSHOT`; raises SnapshotRejected if it
has none of that day."""

DAY: Final = "{day}"


def snapshot_files(pattern: str) -> MerchantSource:
    """Return a source that reads one Parquet or CSV file a day.

    `pattern` is a path with `{day}` where the date stands (2026-11-20). Raises ValueError if it has none, which would
    fold the same file every night, or if it names another format.
    """
    if DAY not in pattern or Path(pattern).suffix not in (".csv", ".parquet"):
        raise ValueError("the merchants' snapshots are a path with {day} that ends in .parquet or .csv")

    def read(day: date) -> pl.DataFrame:
        path = Path(pattern.replace(DAY, day.isoformat()))
        try:
            return _read(path)
        except FileNotFoundError:
            raise SnapshotRejected(f"no snapshot of the merchants of {day}: {path} is not there") from None
        except (pl.exceptions.PolarsError, OSError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise SnapshotRejected(f"snapshot of the merchants of {day} cannot be read: {reason}") from None

    return read


def _read(path: Path) -> pl.DataFrame:
    """Every CSV column as text: a merchant category code may begin with 0."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    return pl.read_csv(path, infer_schema=False)
