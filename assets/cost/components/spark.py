"""Spark Structured Streaming: on a Dataproc cluster, or as a serverless batch that never ends."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from assets.cost.components import sizing
from assets.cost.lines import Month, Use, in_steps
from assets.cost.units import HOURS_A_MONTH, SECONDS_A_MONTH

MACHINE: Final = "gcp.gce.e2-standard-2"
MACHINE_VCPU: Final = 2
"""Larger machines cost as much a vCPU, so the smallest gives the finest steps."""
WORKERS: Final = 2
"""A cluster has two primary workers at least (cloud.google.com/dataproc/docs/guides/create-cluster)."""
BOOT_DISK_GIB: Final = 50
"""Dataproc's images take 30; nothing but logs and shuffle files is written."""
EXECUTOR_VCPU: Final = 4
EXECUTORS: Final = 2
DCU_A_NODE: Final = Decimal(4)
"""A serverless driver or executor of 4 vCPU and 16 GB: 4 x 0.6 + 16 x 0.1 DCU. A driver and two executors are the
least, 12 DCU (cloud.google.com/dataproc-serverless/pricing)."""
FILES_A_BATCH: Final = 2
"""A micro-batch writes its offsets before and its commit after (Structured Streaming's checkpoint)."""
WORK: Final = ("spark_cpu_s_per_million", "append_cpu_s_per_million", "peak_to_mean", "cpu_ceiling")


def dataproc(month: Month) -> Iterator[Use]:
    """Masters, workers, their disks and Dataproc's fee. Its autoscaler does not support Structured Streaming
    (cloud.google.com/dataproc/docs/concepts/configuring-clusters/autoscaling), so the peak is bought."""
    load = _load(month)
    need = sizing.fleet(load, load.full(Decimal(MACHINE_VCPU)), Decimal(0), WORKERS)
    masters = in_steps(month.drivers["dataproc_masters"])
    nodes = need.count + masters
    yield Use("engine.machines", "engine", "Dataproc: e2-standard-2", MACHINE, nodes * HOURS_A_MONTH,
              f"{need.how}; {need.count} workers + {masters} masters, {nodes} x {HOURS_A_MONTH} h",
              (*WORK, "dataproc_masters"), month.scenario.region)  # fmt: skip
    yield Use("engine.dataproc_fee", "engine", "Dataproc: fee", "gcp.dataproc.cluster_fee",
              nodes * MACHINE_VCPU * HOURS_A_MONTH, f"{nodes} nodes x {MACHINE_VCPU} vCPU x {HOURS_A_MONTH} h",
              (*WORK, "dataproc_masters"), month.scenario.region)  # fmt: skip
    yield sizing.disks(
        month, "disks", "Dataproc: boot disks", nodes, BOOT_DISK_GIB, drivers=(*WORK, "dataproc_masters")
    )
    yield _checkpoints(month)


def serverless(month: Month) -> Iterator[Use]:
    """A driver and executors of 4 vCPU. Streaming is not managed there: restarts are ours to arrange.

    The join with 80,000 merchants is broadcast, so no shuffle storage is counted.
    """
    load = _load(month)
    executors = in_steps(load.all_vcpu / EXECUTOR_VCPU, 1, EXECUTORS)
    yield Use("engine.dcus", "engine", "Dataproc Serverless: DCUs", "gcp.dataproc_serverless.dcu.standard",
              DCU_A_NODE * (1 + executors) * HOURS_A_MONTH,
              f"{load.said}; (1 driver + {executors} executors) of {EXECUTOR_VCPU} vCPU x {DCU_A_NODE} DCU x "
              f"{HOURS_A_MONTH} h", WORK, month.scenario.region)  # fmt: skip
    yield _checkpoints(month)


def _load(month: Month) -> sizing.Load:
    figures = month.drivers
    return sizing.load(month, figures["spark_cpu_s_per_million"] + figures["append_cpu_s_per_million"])


def _checkpoints(month: Month) -> Use:
    writes = SECONDS_A_MONTH / month.drivers["spark_trigger_s"] * FILES_A_BATCH
    return Use("engine.checkpoints", "engine", "Spark's checkpoints", "gcp.gcs.class_a_ops.standard", writes / 1000,
               f"{FILES_A_BATCH} files every {month.drivers['spark_trigger_s']} s = {writes:,.0f} writes a month",
               ("spark_trigger_s",), month.scenario.region)  # fmt: skip
