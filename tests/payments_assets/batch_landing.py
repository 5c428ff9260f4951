"""Live rows, landed as the stream lands them."""

from datetime import timedelta

import polars as pl
from superseding_world import AT

from streaming.adapters.bigquery import BigQueryWarehouse
from streaming.settings import Settings
from streaming.stages.plan import arrow_schema, serialise, split


def land(settings: Settings, rows: pl.DataFrame) -> None:
    live = BigQueryWarehouse(settings, arrow_schema())
    try:
        for block in split(rows, pl.Series([b"{}"] * rows.height, dtype=pl.Binary), 1_000):
            live.append(live.open_stream(30), 0, serialise(block, "epoch", AT - timedelta(days=1)), 30)
    finally:
        live.close()
