"""Google's Dataflow, by Google's own benchmark of Kafka to BigQuery: nothing of it was measured by us.

The benchmark maps JSON of 1 KiB onto a table, exactly once, on e2-standard-2 workers 70 % busy. Google scales it by
bytes, and so does this; our smaller messages and two joins take more a byte than that.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from assets.cost.lines import Month, Use
from assets.cost.units import GIB, HOURS_A_MONTH, MB

WORKER_VCPU: Final = 2
WORKER_GIB: Final = 8
WORKER_DISK_GIB: Final = 30
"""e2-standard-2 with Streaming Engine, as benchmarked
(docs.cloud.google.com/dataflow/docs/guides/kafka-bigquery-performance)."""
BENCHMARKED_BUSY: Final = Decimal("0.70")
"""Mean CPU utilisation of the benchmark's workers: ours may be as busy as every other engine's."""
WORK: Final = ("wire_bytes_plain", "dataflow_workers_per_gib", "cpu_ceiling")


def uses(month: Month) -> Iterator[Use]:
    """Workers, their memory and disks, and Streaming Engine's compute units.

    Workers follow the load without a restart, so the mean is billed, not the peak; the service replaces one that fails,
    so one is enough.
    """
    workers, how = _workers(month)
    for key, label, sku, each, unit in (
        ("vcpu", "vCPU", "gcp.dataflow.streaming.vcpu", WORKER_VCPU, "vCPU"),
        ("memory", "memory", "gcp.dataflow.streaming.memory", WORKER_GIB, "GiB"),
        ("disks", "disks", "gcp.dataflow.pd_standard", WORKER_DISK_GIB, "GiB of disk"),
    ):
        yield Use(f"engine.workers_{key}", "engine", f"Dataflow's workers: {label}", sku,
                  workers * each * HOURS_A_MONTH, f"{how} x {each} {unit} x {HOURS_A_MONTH} h", WORK,
                  month.scenario.region)  # fmt: skip
    units = _bytes_per_s(month) / GIB * month.drivers["dataflow_secu_per_gib"]
    yield Use("engine.streaming_engine", "engine", "Dataflow: Streaming Engine", "gcp.dataflow.streaming_engine.secu",
              units * HOURS_A_MONTH, f"{_bytes_per_s(month) / MB:,.2f} MB/s x {month.drivers['dataflow_secu_per_gib']} "
              f"units an hour at 1 GiB/s = {units:.3f} x {HOURS_A_MONTH} h",
              ("wire_bytes_plain", "dataflow_secu_per_gib"), month.scenario.region)  # fmt: skip


def _bytes_per_s(month: Month) -> Decimal:
    return month.rate * month.drivers["wire_bytes_plain"] * month.scenario.message_size


def _workers(month: Month) -> tuple[Decimal, str]:
    figures = month.drivers
    each, ceiling = figures["dataflow_workers_per_gib"], figures["cpu_ceiling"]
    workers = max(Decimal(1), _bytes_per_s(month) / GIB * each * BENCHMARKED_BUSY / ceiling)
    return workers, (
        f"{_bytes_per_s(month) / MB:,.2f} MB/s x {each} workers at 1 GiB/s, {BENCHMARKED_BUSY:.0%} busy, here at most "
        f"{ceiling:.0%} = {workers:.2f} workers on average, at least one,"
    )
