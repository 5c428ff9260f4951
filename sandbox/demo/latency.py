"""From ledger and probe samples to latencies: when did each payment become queryable, and where did the time go.

All of it is arithmetic on frames. Times are microseconds since the epoch (UTC) unless a name says otherwise.
"""

from typing import Any, Final

import polars as pl

SAMPLES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "asked_us": pl.Int64,
    "answered_us": pl.Int64,
    "partition": pl.Int64,
    "offset": pl.Int64,
}
"""One answer of the probe for one partition: asked at, answered at, highest offset the view `payments` showed."""
BLOCKS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "partition": pl.Int64,
    "first": pl.Int64,
    "last": pl.Int64,
    "loaded_us": pl.Int64,
}
"""One append as the table shows it: rows `first` to `last` of a partition, serialised at `loaded_us`."""

_LAGS: Final = {"asked_us": pl.Int64, "answered_us": pl.Int64, "lag_s": pl.Float64, "moved": pl.Boolean}

LATE: Final = "late"
DUPLICATE: Final = "duplicate"
QUANTILES: Final = (50, 95, 99)


def measured(records: pl.DataFrame) -> pl.DataFrame:
    """The records whose latency counts: acknowledged OK events, once each, without those that were sent late.

    A duplicate's second record is the same event: what the view shows is the first one.
    """
    return records.filter(pl.col("expect") == "OK", ~pl.col("label").is_in([LATE, DUPLICATE]))


def with_queryable(events: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Add `queryable_us`: when a query's answer first proved the event visible; null if none did.

    Rows of a partition are appended in offset order, so a visible offset proves all below it.
    """
    seen = (
        samples.sort("answered_us")
        .unique(["partition", "offset"], keep="first", maintain_order=True)
        .sort("offset")
        .select("partition", seen="offset", queryable_us="answered_us")
    )
    found = events.sort("offset").join_asof(
        seen, left_on="offset", right_on="seen", by="partition", strategy="forward", check_sortedness=False
    )
    return found.drop("seen")


def with_loaded(events: pl.DataFrame, blocks: pl.DataFrame) -> pl.DataFrame:
    """Add `loaded_us`, the time at which the consumer serialised the event's row; null if it is in no block."""
    found = events.sort("offset").join_asof(
        blocks.sort("first"), left_on="offset", right_on="first", by="partition", check_sortedness=False
    )
    landed = pl.when(pl.col("offset") <= pl.col("last")).then("loaded_us").alias("loaded_us")
    return found.with_columns(landed).drop("first", "last")


def percentiles(milliseconds: pl.Series) -> dict[str, float | None]:
    """p50, p95 and p99 of the values that are not null, rounded to 0.1 ms; null each if there are none."""
    known = milliseconds.drop_nulls()
    if known.is_empty():
        return {f"p{q}": None for q in QUANTILES}
    return {f"p{q}": round(float(known.quantile(q / 100, "linear") or 0.0), 1) for q in QUANTILES}


def between(events: pl.DataFrame, start: str, end: str) -> dict[str, float | None]:
    """Percentiles of `end - start`, two columns in microseconds, in milliseconds."""
    return percentiles(events.select((pl.col(end) - pl.col(start)) / 1_000).to_series())


def summary(events: pl.DataFrame, disturbed: list[tuple[int, int]]) -> dict[str, Any]:
    """The report's `latency_ms`. `events` has occurred_us, broker_ms, loaded_us and queryable_us.

    `disturbed`: intervals in which events that occurred are left out of `steady`.
    """
    apart = pl.any_horizontal(
        pl.lit(False), *(pl.col("occurred_us").is_between(start, end) for start, end in disturbed)
    )
    events = events.with_columns(apart=apart, broker_us=pl.col("broker_ms") * 1_000)
    steady = events.filter(~pl.col("apart"))
    return {
        "end_to_end": between(events, "occurred_us", "queryable_us") | {"events": len(events)},
        "steady": between(steady, "occurred_us", "queryable_us") | {"left_out": len(events) - len(steady)},
        "by_hop": {
            "producer_and_broker": between(steady, "occurred_us", "broker_us"),
            "consumer": between(steady, "broker_us", "loaded_us"),
            "warehouse_and_probe": between(steady, "loaded_us", "queryable_us"),
        },
        "never_queryable": events["queryable_us"].null_count(),
    }


def lag_seconds(events: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """How far the view was behind at each sample: columns `asked_us`, `answered_us`, `lag_s`, `moved`.

    The lag is the age of the oldest event that Kafka had acknowledged and the answer did not show, at the time of
    asking; `moved` is true if some partition showed more than in any answer before.
    """
    polls = samples.group_by("asked_us", "answered_us").agg(seen=pl.struct("partition", "offset")).sort("asked_us")
    if polls.is_empty() or events.is_empty():
        return pl.DataFrame(
            schema={"asked_us": pl.Int64, "answered_us": pl.Int64, "lag_s": pl.Float64, "moved": pl.Boolean}
        )
    waiting = events.select("partition", "offset", broker_us=pl.col("broker_ms") * 1_000).sort("offset")
    by_partition = {int(key[0]): part for key, part in waiting.group_by("partition")}
    highest = dict.fromkeys(by_partition, -1)
    rows = []
    for poll in polls.iter_rows(named=True):
        before = dict(highest)
        for seen in poll["seen"]:
            highest[seen["partition"]] = max(highest.get(seen["partition"], -1), seen["offset"])
        oldest = _oldest_waiting(by_partition, highest, poll["asked_us"])
        rows.append((poll["asked_us"], poll["answered_us"], (poll["asked_us"] - oldest) / 1e6, highest != before))
    return pl.DataFrame(rows, schema=_LAGS, orient="row")


def _oldest_waiting(by_partition: dict[int, pl.DataFrame], highest: dict[int, int], asked_us: int) -> int:
    oldest = asked_us
    for number, part in by_partition.items():
        at = part["offset"].search_sorted(highest[number], side="right")
        if at < len(part):
            oldest = min(oldest, part["broker_us"][at])
    return oldest


def recovered_us(lags: pl.DataFrame, killed_us: int, resumed_us: int) -> int | None:
    """When the view had caught up after a kill: the first answer asked after `resumed_us` (the new process landed
    its first row then) that is less than a second behind. None if it never was.
    """
    caught_up = lags.filter(pl.col("asked_us") >= max(killed_us, resumed_us), pl.col("lag_s") < 1.0)
    return None if caught_up.is_empty() else int(caught_up["answered_us"][0])
