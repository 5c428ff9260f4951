"""The consumer group's position against the log's end, and whether there was enough to judge."""

import duckdb

from audit.asking import number
from audit.model import Check
from audit.ports import Position


def sufficiency_check(db: duckdb.DuckDBPyConnection, positions: list[Position], min_events: int) -> Check:
    """Return the check that fails an audit which saw too little to judge."""
    figures = {
        "runs": number(db, "SELECT COUNT(*) FROM runs"),
        "acked": number(db, "SELECT COUNT(*) FROM acked"),
        "rows": number(db, "SELECT COUNT(*) FROM live"),
        "positions": sum(p.committed is not None for p in positions),
    }
    return sufficiency(figures, min_events)


def sufficiency(figures: dict[str, int], min_events: int) -> Check:
    """Return the check for these figures: runs, acked, rows, positions."""
    short = []
    if figures["runs"] == 0:
        short.append("no ledger of any run: `tidemark produce` writes one")
    elif figures["acked"] < max(1, min_events):
        short.append(f"{figures['acked']} acknowledged events, {max(1, min_events)} needed")
    if figures["rows"] == 0:
        short.append("no landed row")
    if figures["positions"] == 0:
        short.append("no committed position of the consumer group")
    return Check("enough_to_judge", "was there enough to judge?", not short, figures, short)


def position_check(positions: list[Position]) -> Check:
    """Return the check that the group has committed the end of every partition that holds records."""
    behind = [p for p in positions if p.end > p.low and (p.committed is None or p.committed < p.end)]
    return Check(
        "position_at_end",
        "has the group committed the end of the log?",
        bool(positions) and not behind,
        {
            "partitions": len(positions),
            "records_behind": sum(p.end - (p.low if p.committed is None else p.committed) for p in behind),
        },
        [f"partition {p.partition}: committed {p.committed}, end {p.end}" for p in behind[:5]],
    )
