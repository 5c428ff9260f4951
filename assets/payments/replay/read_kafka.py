"""Source `kafka`: the day's records read again and walked as the stream walks them, in windows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import polars as pl

from assets.payments.replay.options import ReplayRefused
from assets.payments.replay.ranges import OffsetRange, not_in_log
from streaming.ports import Broker, LogRange
from streaming.reference.tables import Reference
from streaming.walk import Policy, Source, enrich

CALL_S: Final = 10.0

Windows = Callable[[Mapping[int, LogRange], int], Iterator[pl.DataFrame]]
"""`KafkaReplay.windows`."""


def require_in_log(broker: Broker, ranges: Sequence[OffsetRange]) -> None:
    """Raises ReplayRefused with each range that is gone, and BrokerError."""
    if not ranges:
        return
    facts = broker.topic(CALL_S)
    present = [r.partition for r in ranges if r.topic_id == facts.topic_id and r.partition < facts.partitions]
    logs = broker.log_ranges(sorted(set(present)), CALL_S) if present else {}
    if gone := not_in_log(ranges, facts.topic_id, logs):
        raise ReplayRefused(f"Kafka does not have these records any more: {'; '.join(gone)}; use --source landing")


def walked(
    windows: Windows, ranges: Sequence[OffsetRange], max_rows: int, reference: Reference, policy: Policy
) -> Iterator[pl.DataFrame]:
    """Landing rows (`COLUMNS`) of every record within the ranges, other days' too. All ranges are of one topic id.

    Raises BrokerError.
    """
    if not ranges:
        return
    source = Source(ranges[0].topic, ranges[0].topic_id)
    wanted = {r.partition: LogRange(r.first, r.last + 1) for r in ranges}
    for window in windows(wanted, max_rows):
        yield enrich(window, source, reference, policy).rows


def of_day(rows: pl.DataFrame, day: date) -> pl.DataFrame:
    """Those of the business date: between its lowest and highest offset lie records of other days."""
    return rows.filter(pl.col("business_date") == day)
