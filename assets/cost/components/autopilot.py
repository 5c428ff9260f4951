"""Pods on a GKE Autopilot cluster: their requests are billed, and have to be of sizes that it accepts."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from assets.cost.components.sizing import Fleet
from assets.cost.lines import Month, Use, in_steps
from assets.cost.units import HOURS_A_MONTH

POD_STEP_VCPU: Final = Decimal("0.25")
POD_LEAST_GIB: Final = Decimal("0.5")
POD_GIB_A_VCPU: Final = (Decimal(1), Decimal("6.5"))
"""General-purpose pods: steps of 0.25 vCPU, 0.5 GiB at least, 1 to 6.5 GiB a vCPU
(cloud.google.com/kubernetes-engine/docs/concepts/autopilot-resource-requests). Clusters that allow bursting go down to
0.05 vCPU; not counted on, for any engine."""


def accepted(need: Fleet) -> Fleet:
    """The same as pods that are accepted: whole steps of vCPU, memory within its ratio to them."""
    least, most = POD_GIB_A_VCPU
    vcpu = in_steps(max(need.vcpu, need.gib / most), POD_STEP_VCPU, POD_STEP_VCPU)
    return Fleet(need.count, vcpu, max(need.gib, vcpu * least, POD_LEAST_GIB), need.how)


def pods(month: Month, key: str, label: str, need: Fleet, drivers: tuple[str, ...]) -> Iterator[Use]:
    """vCPU and memory requested, used or not. Scratch disk, 4 cents a GiB, is left out."""
    pod = accepted(need)
    region = month.scenario.region
    yield Use(f"engine.{key}_vcpu", "engine", f"{label}: vCPU", "gcp.gke.autopilot.vcpu",
              pod.count * pod.vcpu * HOURS_A_MONTH,
              f"{need.how}; {pod.count} pods x {pod.vcpu} vCPU x {HOURS_A_MONTH} h", drivers, region)  # fmt: skip
    yield Use(f"engine.{key}_memory", "engine", f"{label}: memory", "gcp.gke.autopilot.memory",
              pod.count * pod.gib * HOURS_A_MONTH,
              f"{pod.count} pods x {pod.gib:.2f} GiB x {HOURS_A_MONTH} h", drivers, region)  # fmt: skip


def cluster(month: Month) -> Use:
    """The fee of one Autopilot cluster, which Dagster's pods share. The book has Google's credit as free hours."""
    return Use("engine.cluster", "engine", "GKE cluster fee", "gcp.gke.cluster_fee", HOURS_A_MONTH,
               f"1 Autopilot cluster x {HOURS_A_MONTH} h", (), month.scenario.region)  # fmt: skip
