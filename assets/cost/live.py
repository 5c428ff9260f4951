"""What a closed day and the running members say of the figures that the bill is driven by. Pure but for its types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from assets.cost.drivers import Drivers
from assets.cost.units import GIB, MILLION

LEAST_RECORDS: Final = 1_000_000
"""Half an hour at 500 events/s. Fewer say nothing of a month: a test, or a stream that was just started."""
WHOLE_DAY: Final = timedelta(hours=23)
"""A day whose first and last record are further apart than that had traffic all day; else its hours are counted."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """A closed day of the landing table."""

    day: date
    records: int
    """Live rows: Kafka's records."""
    quarantined: int
    repeated: int
    """Live rows whose event is in another one as well."""
    superseding: int
    first: datetime | None
    """Broker's time of the first record and of the last; None without any."""
    last: datetime | None
    logical_bytes: int | None = None
    """Of all its rows, as BigQuery counts them; None where it does not say (an emulator)."""
    rows: int | None = None
    """Rows that these bytes are of."""

    @property
    def rate(self) -> Decimal:
        """Mean records a second, over the hours that had some."""
        if self.first is None or self.last is None or self.records < 2:
            return Decimal(0)
        apart = self.last - self.first
        return Decimal(self.records) / Decimal((_DAY if apart >= WHOLE_DAY else apart) / timedelta(seconds=1))

    @property
    def enough(self) -> bool:
        """Whether a month may be told from it."""
        return self.records >= LEAST_RECORDS and self.rate > 0


@dataclass(frozen=True)
class Member:
    """A living member's own count of itself, since it started."""

    rows: int
    cpu_seconds: Decimal
    peak_bytes: int


def statement(dataset: str, day: date) -> str:
    """Counts of one business date; five narrow columns are read, 85 bytes a row. `dataset` is `project.dataset`."""
    live = "replay_id IS NULL AND enrichment_revision = 0"
    return f"""SELECT
  COUNTIF({live}) AS records,
  COUNTIF({live} AND status != 'OK') AS quarantined,
  COUNTIF({live} AND status = 'OK') - COUNT(DISTINCT IF({live} AND status = 'OK', event_id, NULL)) AS repeated,
  COUNTIF(NOT ({live})) AS superseding,
  MIN(broker_timestamp) AS first,
  MAX(broker_timestamp) AS last
FROM `{dataset}.payments_landing`
WHERE business_date = DATE '{day.isoformat()}'"""


def size_statement(dataset: str, day: date) -> str:
    """Rows and logical bytes of one partition by the service's own count, from metadata: no row is read
    (docs.cloud.google.com/bigquery/docs/information-schema-partitions)."""
    return f"""SELECT SUM(total_rows) AS n, SUM(total_logical_bytes) AS bytes
FROM `{dataset}.INFORMATION_SCHEMA.PARTITIONS`
WHERE table_name = 'payments_landing' AND partition_id = '{day:%Y%m%d}'"""


def day_of(day: date, row: Mapping[str, Any], size: Mapping[str, Any] | None) -> Day:
    """A day from the rows of `statement` and `size_statement`."""
    counts = {name: int(row[name] or 0) for name in ("records", "quarantined", "repeated", "superseding")}
    known = size is not None and size["n"]
    return Day(
        day,
        **counts,
        first=row["first"],
        last=row["last"],
        logical_bytes=int(size["bytes"]) if size is not None and known else None,
        rows=int(size["n"]) if size is not None and known else None,
    )


def measured(day: Day, members: Sequence[Member], drivers: Drivers) -> dict[str, Decimal]:
    """The figures that the day and the members tell, by the drivers' names; those they do not tell are left out."""
    found: dict[str, Decimal] = {}
    if day.records:
        found["quarantine_share"] = Decimal(day.quarantined) / day.records
        found["duplicate_share"] = Decimal(day.repeated) / day.records
        found["superseding_share"] = Decimal(day.superseding) / day.records
    if day.rows and day.logical_bytes is not None:
        found["logical_bytes"] = Decimal(day.logical_bytes) / day.rows
    return {**found, **_engine(day, members, drivers)}


def _engine(day: Day, members: Sequence[Member], drivers: Drivers) -> dict[str, Decimal]:
    """Memory as the members say; CPU as a multiple of what the drivers expect at this rate, in both their parts."""
    rows = sum(member.rows for member in members)
    if rows < LEAST_RECORDS or not day.enough:
        return {}
    a_million = sum((member.cpu_seconds for member in members), Decimal(0)) / (rows / MILLION)
    fixed, slope = drivers["engine_fixed_cores"], drivers["engine_cpu_s_per_million"]
    times = a_million / (fixed * len(members) * MILLION / day.rate + slope)
    return {
        "engine_fixed_cores": fixed * times,
        "engine_cpu_s_per_million": slope * times,
        "engine_memory_gib": max(member.peak_bytes for member in members) / GIB,
    }
