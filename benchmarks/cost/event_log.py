"""Dagster's event log in SQLite, read while Dagster writes it: a database a run, and one of events without a run.

Each event is in exactly one of these; a further one, `index.db`, has those of assets again.
"""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Final

WITHOUT_RUN: Final = ""
"""Name of the database of events that a sensor reports without a run."""


def shards(home: Path) -> set[str]:
    """Names of the databases of runs."""
    return {path.stem for path in _folder(home).glob("*.db")} - {"index", ".db"}


def _folder(home: Path) -> Path:
    return home / "history" / "runs"


def events(home: Path, shard: str) -> tuple[Counter[str], int]:
    """Rows by type, and bytes of their text, of one database; none before it is there."""
    path = _folder(home) / f"{shard}.db"
    if not path.exists():
        return Counter(), 0
    with closing(_opened(path)) as database:
        rows = database.execute(
            "SELECT COALESCE(dagster_event_type, 'LOG'), COUNT(*), SUM(LENGTH(event)) FROM event_logs GROUP BY 1"
        ).fetchall()
    return Counter({name: count for name, count, _ in rows}), sum(size for _, _, size in rows)


def size(home: Path, shard: str) -> int:
    """Bytes of one database: its pages, with what is not yet in the main file."""
    with closing(_opened(_folder(home) / f"{shard}.db")) as database:
        (pages,), (page,) = (database.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    return int(pages) * int(page)


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
