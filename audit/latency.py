"""Latency of normal events, from the times in their rows. Late, duplicate and quarantined ones say nothing of it."""

from typing import Any

import duckdb

_HOPS = {
    "end_to_end": ("sent_occurred_at", "loaded_at"),
    "event_to_broker": ("sent_occurred_at", "broker_timestamp"),
    "broker_to_row": ("broker_timestamp", "loaded_at"),
}


def latency_ms(db: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return {"end_to_end": {p50, p95, p99}, "by_hop": {...}}, milliseconds; values are None without rows.

    `loaded_at` is the consumer's clock when it serialised the row: the acknowledgement and the visibility to queries
    come after it.
    """
    figures = {name: _percentiles(db, start, end) for name, (start, end) in _HOPS.items()}
    return {"end_to_end": figures.pop("end_to_end"), "by_hop": figures}


def _percentiles(db: duckdb.DuckDBPyConnection, start: str, end: str) -> dict[str, float | None]:
    row = db.execute(f"""SELECT quantile_cont((epoch_us({end}) - epoch_us({start})) / 1000.0, [0.5, 0.95, 0.99])
        FROM matched WHERE expect = 'OK' AND label = 'normal'""").fetchone()
    values = row[0] if row and row[0] else [None] * 3
    names = ("p50", "p95", "p99")
    return {name: None if value is None else round(value, 1) for name, value in zip(names, values, strict=True)}
