"""Flink SQL: run by us on GKE, as Amazon's managed service, or as Confluent's."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from assets.cost.components import autopilot, relay, sizing
from assets.cost.lines import Month, Use, in_steps
from assets.cost.units import GIB, HOURS_A_MONTH, MB, MILLION, SECONDS_A_MONTH

MEASURED_VCPU: Final = Decimal(2)
"""Cores of the machine that the lab's Flink ran on: its memory is that of two vCPU."""
TASK_MANAGER_GIB: Final = Decimal(1728) / 1024
JOB_MANAGER_GIB: Final = Decimal(1600) / 1024
"""What Flink comes configured with: taskmanager.memory.process.size 1728m, jobmanager.memory.process.size 1600m."""
JOB_MANAGERS: Final = Decimal(2)
"""One leads, one stands by (Flink's high availability on Kubernetes)."""
JOB_MANAGER_VCPU: Final = Decimal("0.5")
KPU_STORAGE_GB: Final = 50
"""Running storage billed with each KPU but the orchestrating one, as the examples of Amazon's pricing page count it."""
WORK: Final = ("flink_cpu_s_per_million", "append_cpu_s_per_million", "peak_to_mean", "cpu_ceiling")


def self_run(month: Month) -> Iterator[Use]:
    """A pair of JobManagers, task managers in two zones, checkpoints in Cloud Storage.

    What it takes when idle, and the operator's pod, are not counted.
    """
    figures = month.drivers
    load = _load(month)
    need = sizing.fleet(load, load.full(MEASURED_VCPU), Decimal(0))
    step = autopilot.accepted(need).vcpu / MEASURED_VCPU
    gib = max(TASK_MANAGER_GIB, figures["flink_memory_mb"] * MB / GIB * step)
    tasks = sizing.Fleet(need.count, need.vcpu, gib, need.how)
    yield from autopilot.pods(month, "task_managers", "Flink's task managers", tasks, (*WORK, "flink_memory_mb"))
    leaders = sizing.Fleet(JOB_MANAGERS, JOB_MANAGER_VCPU, JOB_MANAGER_GIB, "one leads, one stands by")
    yield from autopilot.pods(month, "job_managers", "Flink's JobManagers", leaders, ())
    writes = SECONDS_A_MONTH / figures["flink_checkpoint_s"]
    yield Use("engine.checkpoints", "engine", "Flink's checkpoints", "gcp.gcs.class_a_ops.standard", writes / 1000,
              f"one every {figures['flink_checkpoint_s']} s = {writes:,.0f} writes a month; a state of a few kB is in "
              "the checkpoint's own file", ("flink_checkpoint_s",), month.scenario.region)  # fmt: skip
    yield autopilot.cluster(month)


def managed(month: Month) -> Iterator[Use]:
    """Amazon's service: KPUs of 1 vCPU and 4 GB and one more that orchestrates. The service replaces what fails, so one
    KPU of work is enough. Reading from and writing to Google crosses clouds: `network` has that."""
    load = _load(month)
    kpus = in_steps(load.all_vcpu, 1, 1)
    yield Use("engine.kpus", "engine", "Managed Flink: KPUs", "aws.managed_flink.kpu", (kpus + 1) * HOURS_A_MONTH,
              f"{load.said}; {kpus} + 1 that orchestrates, x {HOURS_A_MONTH} h", WORK)  # fmt: skip
    yield Use("engine.running_storage", "engine", "Managed Flink: running storage", "aws.managed_flink.running_storage",
              kpus * KPU_STORAGE_GB, f"{load.said}; {kpus} x {KPU_STORAGE_GB} GB", WORK)  # fmt: skip


def confluent(month: Month) -> Iterator[Use]:
    """Confluent's service: CFUs that follow the load from minute to minute, so the mean is billed, not the peak.

    It reads and writes topics of Confluent Cloud alone: an enriched topic and a sink stand behind it, and Kafka has to
    be Confluent's.
    """
    figures = month.drivers
    rate = month.rate * month.scenario.message_size
    cores = rate * figures["flink_cpu_s_per_million"] / MILLION / figures["cpu_ceiling"]
    cfus = max(Decimal(1), cores / figures["cfu_cores"])
    yield Use("engine.cfus", "engine", "Confluent's Flink: CFUs", "confluent.flink.cfu", cfus * HOURS_A_MONTH,
              f"{rate:,.0f} events/s x {figures['flink_cpu_s_per_million']} CPU s a million, at most "
              f"{figures['cpu_ceiling']:.0%} busy = {cores:.3f} cores, {figures['cfu_cores']} a CFU, at least one = "
              f"{cfus:.2f} CFU x {HOURS_A_MONTH} h; topics are Confluent's",
              ("flink_cpu_s_per_million", "cfu_cores", "cpu_ceiling"), month.scenario.region)  # fmt: skip
    kafka = month.scenario.kafka
    yield from relay.uses(month, kafka if kafka in relay.CONFLUENT else "confluent-standard", written_inside=True)
    yield autopilot.cluster(month)


def _load(month: Month) -> sizing.Load:
    figures = month.drivers
    return sizing.load(month, figures["flink_cpu_s_per_million"] + figures["append_cpu_s_per_million"])
