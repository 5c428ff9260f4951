"""Small ledgers and probe answers to measure, and what a careful reader would say by hand."""

from typing import Any

import polars as pl

from sandbox.demo.latency import BLOCKS, SAMPLES

SECOND = 1_000_000


def records(*rows: dict[str, Any]) -> pl.DataFrame:
    """Acknowledged records; what a row does not say is an ordinary payment of partition 0."""
    return pl.DataFrame(
        [
            {
                "n": n,
                "event_id": f"evt-{n}",
                "occurred_us": row.get("occurred_us", 0),
                "label": row.get("label", "normal"),
                "expect": row.get("expect", "OK"),
                "partition": row.get("partition", 0),
                "offset": row.get("offset", n),
                "broker_ms": row.get("broker_ms", row.get("occurred_us", 0) // 1_000),
            }
            for n, row in enumerate(rows)
        ]
    )


def samples(*rows: tuple[int, int, int, int]) -> pl.DataFrame:
    """Rows of asked_us, answered_us, partition, highest offset seen."""
    return pl.DataFrame(rows, schema=SAMPLES, orient="row")


def blocks(*rows: tuple[int, int, int, int]) -> pl.DataFrame:
    """Rows of partition, first offset, last offset, loaded_us."""
    return pl.DataFrame(rows, schema=BLOCKS, orient="row")


def queryable_by_hand(events: pl.DataFrame, seen: pl.DataFrame) -> dict[int, int | None]:
    """For each event the earliest answer that showed its offset or a higher one of its partition."""
    return {
        event["n"]: min(
            (
                sample["answered_us"]
                for sample in seen.iter_rows(named=True)
                if sample["partition"] == event["partition"] and sample["offset"] >= event["offset"]
            ),
            default=None,
        )
        for event in events.iter_rows(named=True)
    }
