"""Settled days: which of them the view shows as they were, because landing has rows since they were built.

The view reads days that are over from a table that is rebuilt each hour, so after a late row, a correction or a replay
such a day waits for its rebuild. It is left out of the comparison then; one that waits too long is an offender.
"""

from datetime import date, datetime, timedelta

import duckdb

from audit.model import OFFENDERS_SHOWN, Check
from audit.ports import WarehouseReader

REBUILT_WITHIN = timedelta(hours=26)
"""Days up to four back, and those that a batch write touched, are rebuilt each hour; all others once a day, for which
a run may take its time."""

State = tuple[int, datetime]


def settled_check(db: duckdb.DuckDBPyConnection, reader: WarehouseReader, dates: tuple[str, str]) -> Check:
    """Create `waiting`, column `day`: the settled days that wait for their rebuild. Returns whether none waits long.

    Compares how many landing rows each day was built from, by the warehouse's record, with how many it has.
    """
    within = f"business_date BETWEEN DATE '{dates[0]}' AND DATE '{dates[1]}'"
    landed = _states(
        reader, f"SELECT business_date, COUNT(*), MAX(loaded_at) FROM payments_landing WHERE {within} GROUP BY 1"
    )
    built = _states(reader, "SELECT business_date, landing_rows, newest_loaded_at FROM payments_settled_builds")
    newest = max(built, default=None)
    settled = {day: state for day, state in landed.items() if newest is not None and day <= newest}
    waiting = {day: state for day, state in settled.items() if built.get(day) != state}
    db.execute("CREATE TABLE waiting (day DATE)")
    if waiting:
        db.executemany("INSERT INTO waiting VALUES (?)", [[day] for day in sorted(waiting)])
    now, since = reader.query("SELECT CURRENT_TIMESTAMP()")[0][0], _since(reader, waiting, built)
    offenders = [
        line
        for day, (rows, _) in sorted(waiting.items())
        if (line := _offends(day, rows, built.get(day, (0, now))[0], now - since[day] > REBUILT_WITHIN))
    ]
    return Check(
        "settled_days_follow",
        "is no settled day older than the rows that landed, but for those that the next runs rebuild?",
        not offenders,
        {"settled": len(settled), "waiting": len(waiting), "offenders": len(offenders)},
        offenders[:OFFENDERS_SHOWN],
    )


def _offends(day: date, rows: int, built_from: int, waits_long: bool) -> str:
    if rows < built_from:
        return f"{day} was built from {built_from} rows, payments_landing has {rows} of them left: kept as it was built"
    return f"{day} has {rows} rows, built from {built_from}: run payments_settled" * waits_long


def _since(reader: WarehouseReader, waiting: dict[date, State], built: dict[date, State]) -> dict[date, datetime]:
    """When the first row came that each day waits for: a day that gets a row each hour must not wait for ever.

    The newest row's time where all are older than what was built: a batch write dates its rows with its start.
    """
    since = {day: at for day, (_, at) in waiting.items()}
    for day in waiting:
        later = f" AND loaded_at > TIMESTAMP '{built[day][1].isoformat(' ')}'" if day in built else ""
        sql = f"SELECT MIN(loaded_at) FROM payments_landing WHERE business_date = DATE '{day}'{later}"
        since[day] = reader.query(sql)[0][0] or since[day]
    return since


def _states(reader: WarehouseReader, sql: str) -> dict[date, State]:
    return {row[0]: (row[1], row[2]) for row in reader.query(sql)}
