"""The quotas and limits that are known, with their sources. `assets/cost/limits.py` turns them into rates.

Not in it, since the rate does not move them: partitions of a table (395 days of 10,000), queued and concurrent queries
(as many as people and dashboards ask), the size of one AppendRows request (our client refuses above 9 MiB, the service
above 20 MB), rows of Dagster's event log (as many as checks and heartbeats), its database. None is known of the other
engines, of Kafka on machines of one's own and of ClickHouse: they are bought larger.
"""

from decimal import Decimal
from typing import Final

from assets.cost.components import kafka_google, kafka_traffic
from assets.cost.components.kafka_confluent import ENTERPRISE, STANDARD, ClusterType
from assets.cost.limits import Limit
from assets.cost.lines import Month
from assets.cost.scans import WIDTHS, appended_row, row_bytes
from assets.cost.scenario import Scenario
from assets.cost.units import GIB, MB

QUOTAS: Final = "docs.cloud.google.com/bigquery/quotas, copy of 2026-08-22"
BEST_PRACTICES: Final = "docs.cloud.google.com/bigquery/docs/write-api-best-practices, copy of 2026-08-22"
KAFKA_QUOTAS: Final = "docs.cloud.google.com/managed-service-for-apache-kafka/docs/quotas, undated copy"
CONFLUENT: Final = "docs.confluent.io/cloud/current/clusters/cluster-types.html, undated copy"
SNOWPIPE: Final = "docs.snowflake.com, limitations of Snowpipe Streaming high-performance; another copy says 20 MB/s"

SECONDS_A_DAY: Final = Decimal(86_400)
SURE_BYTES_PER_S: Final = 1 * MB
USUAL_BYTES_PER_S: Final = 10 * MB
"""Of one connection: at least, and what can be exceeded (BEST_PRACTICES). An application's stream has one connection,
and we have one stream a partition. Our own drain put 36,805 rows/s of 555 bytes through six of them, 3.4 MB/s each,
and there the emulator was the limit (docs/performance.md)."""
OWNERS_AN_HOUR: Final = 12
"""Assumed of a bad hour: every partition changes hands every five minutes, and each new owner opens a stream."""
MOST_ROWS_PER_LOAD: Final = 1_000_000
"""As in assets/payments/replay/shadow.py. This and the ceiling below are held to their sources by a test:
importing those modules takes longer than the whole projection."""
WRITTEN_BEFORE_BYTES: Final = 512 * GIB
"""assets/payments/pending_bigquery.py, MAXIMUM_BYTES_BILLED."""
WIDEST_REPLAY_ID: Final = Decimal(30)
"""Bytes of `replay_id` where it is not NULL. Few rows have one; a day whose every row was corrected has them all."""


def peak_bytes(month: Month) -> Decimal:
    """Bytes a second of rows at the peak; what requests have besides is nothing at rates that reach a limit."""
    return month.peak_rate * appended_row(month)


def _day_of(width: Decimal, month: Month) -> Decimal:
    return month.rate * SECONDS_A_DAY * width


def _written_at_peak(month: Month) -> Decimal:
    return kafka_traffic.of(month).written_per_s * month.drivers["peak_to_mean"]


def _to_bigquery(scenario: Scenario) -> bool:
    return scenario.warehouse == "bigquery"


def _in_region(scenario: Scenario) -> bool:
    return _to_bigquery(scenario) and scenario.warehouse_region != "us"


def _in_multi_region(scenario: Scenario) -> bool:
    return _to_bigquery(scenario) and scenario.warehouse_region == "us"


def _by_us(scenario: Scenario) -> bool:
    return scenario.engine.startswith("tidemark")


def _by_us_to_bigquery(scenario: Scenario) -> bool:
    return _by_us(scenario) and _to_bigquery(scenario)


def _confluent(kind: ClusterType, name: str) -> Limit:
    return Limit(
        "kafka", f"bytes into a {kind.name} cluster", Decimal(kind.most_units), "eCKU",
        lambda month: _written_at_peak(month) / MB / month.drivers[kind.mb_in],
        "bytes of a record on the wire x peak / MB/s into one unit",
        "theirs", CONFLUENT, "a Dedicated cluster, or a second one", lambda scenario: scenario.kafka == name,
    )  # fmt: skip


KAFKA: Final = (
    Limit(
        "kafka", "vCPUs of Managed Kafka", Decimal(750), "vCPU in a project and region",
        lambda month: kafka_google.vcpus_needed(
            kafka_traffic.of(month), month.drivers["peak_to_mean"], month.drivers["kafka_mib_per_vcpu"]
        ),
        "bytes written to three replicas and a quarter of those read, at the peak / MiB/s of one vCPU",
        "theirs", KAFKA_QUOTAS, "ask for more: the quota can be raised", lambda scenario: scenario.kafka == "google",
    ),
    _confluent(STANDARD, "confluent-standard"),
    _confluent(ENTERPRISE, "confluent-enterprise"),
)  # fmt: skip
ENGINE: Final = (
    Limit(
        "engine", "one member a partition at most", Decimal(1), "of all partitions",
        lambda month: month.peak_rate / (month.drivers["member_events_per_s"] * month.scenario.partitions),
        "peak / (events a second of one member x partitions)",
        "ours", "the driver member_events_per_s, measured", "more partitions, and as many members", _by_us,
    ),
)  # fmt: skip


def _stream(name: str, bound: Decimal) -> Limit:
    return Limit(
        "warehouse", name, bound, "bytes/s a write stream",
        lambda month: peak_bytes(month) / month.scenario.partitions,
        "bytes of an appended row x peak / partitions, one write stream each",
        "theirs", BEST_PRACTICES, "more partitions: each brings a stream", _by_us_to_bigquery,
    )  # fmt: skip


WAREHOUSE: Final = (
    _stream("what a write stream is sure to carry", SURE_BYTES_PER_S),
    _stream("what a write stream may carry", USUAL_BYTES_PER_S),
    Limit(
        "warehouse", "Storage Write API throughput", 300 * MB, "bytes/s in a project and region", peak_bytes,
        "bytes of an appended row x peak",
        "theirs", QUOTAS, "ask for more, or the US multi-region, which takes ten times that", _in_region,
    ),
    Limit(
        "warehouse", "Storage Write API throughput", 3_000 * MB, "bytes/s in a project and multi-region", peak_bytes,
        "bytes of an appended row x peak", "theirs", QUOTAS, "ask for more", _in_multi_region,
    ),
    Limit(
        "warehouse", "concurrent connections", Decimal(5_000), "connections in a project and region",
        lambda month: peak_bytes(month) / USUAL_BYTES_PER_S,
        "one for each partition, of which the peak fills one with 10 MB/s",
        "theirs", QUOTAS, "ask for more", lambda scenario: _by_us(scenario) and _in_region(scenario),
    ),
    Limit(
        "warehouse", "CreateWriteStream", Decimal(10_000), "calls an hour in a project and region",
        lambda month: peak_bytes(month) / USUAL_BYTES_PER_S * OWNERS_AN_HOUR,
        "one for each partition and owner, 12 owners in a bad hour (assumed)",
        "theirs", QUOTAS, "ask for more; fewer rebalances", _by_us_to_bigquery,
    ),
    Limit(
        "warehouse", "Snowpipe Streaming, one channel a partition", 12 * MB, "bytes/s a channel",
        lambda month: month.peak_rate * row_bytes(month) / month.scenario.partitions,
        "bytes of a row x peak / partitions", "theirs", SNOWPIPE, "more partitions, or ask for more",
        lambda scenario: scenario.warehouse == "snowflake",
    ),
)  # fmt: skip
JOBS: Final = (
    Limit(
        "orchestration", "load jobs of a replayed day", Decimal(1_500), "load jobs a day into one table",
        lambda month: month.rate * SECONDS_A_DAY / MOST_ROWS_PER_LOAD, "records of a day / 1,000,000 rows a load job",
        "ours", f"{QUOTAS}; assets/payments/replay/shadow.py, MOST_ROWS_PER_LOAD", "more memory: a constant",
        _by_us_to_bigquery,
    ),
    Limit(
        "orchestration", "bytes to see whether a correction was written", WRITTEN_BEFORE_BYTES, "bytes a query",
        lambda month: _day_of(WIDTHS["business_date"] + WIDEST_REPLAY_ID, month),
        "bytes of two columns x records of a day", "ours", "assets/payments/pending_bigquery.py, MAXIMUM_BYTES_BILLED",
        "raise the constant", _by_us_to_bigquery,
    ),
    Limit(
        "orchestration", "ceilings of checks, ledger, corrections, re-drives and replays", Decimal(1), "ceiling",
        lambda _: Decimal(0), "they follow the busiest day of the last two weeks, and the rows that are kept",
        "ours", "assets/warehouse/size.py", "none needed", _by_us_to_bigquery,
    ),
)  # fmt: skip
LIMITS: Final = (*KAFKA, *ENGINE, *WAREHOUSE, *JOBS)
"""All of them."""
