"""How a check is asked: a query of offenders, all of them counted, the first few named."""

import duckdb

from audit.model import OFFENDERS_SHOWN, Check


def none_of(
    db: duckdb.DuckDBPyConnection, name: str, question: str, offenders: str, figures: dict[str, int] | None = None
) -> Check:
    """Return a check that passes if the query, one text column, has no row. Its count is the figure `offenders`."""
    rows = db.execute(f"SELECT COUNT(*) FROM ({offenders})").fetchone()
    count = int(rows[0]) if rows else 0
    shown = db.execute(f"SELECT * FROM ({offenders}) ORDER BY 1 LIMIT {OFFENDERS_SHOWN}").fetchall() if count else []
    return Check(name, question, count == 0, (figures or {}) | {"offenders": count}, [str(row[0]) for row in shown])


def number(db: duckdb.DuckDBPyConnection, sql: str) -> int:
    """Return the one integer a query yields."""
    row = db.execute(sql).fetchone()
    return int(row[0] or 0) if row else 0


ROW = "'partition ' || kafka_partition || ' offset ' || kafka_offset"
"""SQL that names a row by its coordinates, for tables with the landing's column names."""
EVENT = "'partition ' || partition || ' offset ' || \"offset\" || coalesce(' event ' || event_id, '')"
"""SQL that names a fact by its coordinates and event."""
