"""This consumer: its members as pods, as Cloud Run services, or on machines of our own."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from assets.cost.components import autopilot, sizing
from assets.cost.lines import Month, Use
from assets.cost.units import HOURS_A_MONTH

DRIVERS: Final = (
    "engine_fixed_cores", "engine_cpu_s_per_million", "member_events_per_s", "peak_to_mean", "cpu_ceiling",
)  # fmt: skip
CLOUD_RUN_VCPU: Final = tuple(map(Decimal, (1, 2, 4, 6, 8)))
"""Sizes of an instance-based service (cloud.google.com/run/docs/configuring/services/cpu): less than 1 vCPU is sold
with request-based billing alone, which stops a consumer between requests."""
CLOUD_RUN_LEAST_GIB: Final = {Decimal(1): Decimal("0.5"), Decimal(2): Decimal("0.5"), Decimal(4): Decimal(2),
                              Decimal(6): Decimal(4), Decimal(8): Decimal(4)}  # fmt: skip
"""Smallest memory by size, on the second-generation environment (the same page)."""
MACHINES: Final = {Decimal("0.5"): "e2-small", Decimal(1): "e2-medium", Decimal(2): "e2-standard-2",
                   Decimal(4): "e2-standard-4"}  # fmt: skip
"""By the vCPU they may keep busy: e2-small a half, e2-medium one
(cloud.google.com/compute/docs/general-purpose-machines)."""
BOOT_DISK_GIB: Final = 10
"""Smallest image of Container-Optimized OS. The consumer keeps nothing on disk."""


def gke(month: Month) -> Iterator[Use]:
    """Members as Autopilot pods: at least two, in two zones, no more than there are partitions."""
    yield from autopilot.pods(month, "members", "Consumer's pods", members(month), (*DRIVERS, "engine_memory_gib"))
    yield autopilot.cluster(month)


def cloud_run(month: Month) -> Iterator[Use]:
    """One service a member with exactly one instance, always on: a member's static id allows no second instance.

    Worker pools, made for this, have no price in the book.
    """
    need = members(month)
    vcpu = sizing.smallest(need.vcpu, CLOUD_RUN_VCPU)
    gib = max(need.gib, CLOUD_RUN_LEAST_GIB[vcpu])
    seconds = need.count * HOURS_A_MONTH * 3600
    yield Use("engine.members_vcpu", "engine", "Cloud Run services: vCPU", "gcp.cloud_run.instance_based.vcpu",
              seconds * vcpu, f"{need.how}; {need.count} services x {vcpu} vCPU x {HOURS_A_MONTH} h x 3,600 s",
              DRIVERS, month.scenario.region)  # fmt: skip
    yield Use("engine.members_memory", "engine", "Cloud Run services: memory", "gcp.cloud_run.instance_based.memory",
              seconds * gib, f"{need.count} services x {gib:.2f} GiB x {HOURS_A_MONTH} h x 3,600 s",
              (*DRIVERS, "engine_memory_gib"), month.scenario.region)  # fmt: skip


def vm(month: Month) -> Iterator[Use]:
    """One machine a member, in two zones at least."""
    need = members(month)
    size = sizing.smallest(need.vcpu, tuple(MACHINES))
    yield Use("engine.machines", "engine", f"Machines: {MACHINES[size]}", f"gcp.gce.{MACHINES[size]}",
              need.count * HOURS_A_MONTH, f"{need.how}; {need.count} x {MACHINES[size]} x {HOURS_A_MONTH} h",
              DRIVERS, month.scenario.region)  # fmt: skip
    yield sizing.disks(month, "disks", "Machines: boot disks", need.count, BOOT_DISK_GIB, drivers=DRIVERS)


def members(month: Month) -> sizing.Fleet:
    """Members of the group. Each lands at most so many events a second, whatever the size of its machine."""
    figures = month.drivers
    load = sizing.load(month, figures["engine_cpu_s_per_million"], figures["engine_fixed_cores"])
    full = figures["member_events_per_s"] * load.ceiling
    return sizing.fleet(load, full, figures["engine_memory_gib"])
