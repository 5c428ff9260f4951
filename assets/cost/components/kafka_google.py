"""Google's Managed Service for Apache Kafka: cores and memory, disks, tiered storage, traffic between zones.

The rules are those of its pricing page and of its page on planning a cluster's size (read 2026-11-30). The page's own
examples, about 1,100 dollars a month at 10 MiB/s and 11,000 at 100 MiB/s, are a test of this module.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from assets.cost.components import kafka_traffic
from assets.cost.components.kafka_traffic import OTHER_ZONES, REPLICAS, Traffic
from assets.cost.lines import Month, Use, in_steps
from assets.cost.prices import HOME_REGION
from assets.cost.units import HOURS_A_MONTH, MIB

LEAST_VCPUS: Final = 3
"""One a zone."""
GIB_A_VCPU: Final = 4
"""Memory that the page on planning recommends."""
DCU_A_VCPU: Final = Decimal("0.6")
DCU_A_GIB: Final = Decimal("0.1")
"""Data compute units of the pricing page: a core with 4 GiB is one."""
DISK_GIB_A_VCPU: Final = 100
"""Disk that comes with each core and is billed full or empty."""
MIB_A_VCPU: Final = Decimal(20)
"""Bytes written a second that one core handles when it does nothing else (pricing page)."""


def uses(month: Month) -> Iterator[Use]:
    """What the cluster of a month uses."""
    traffic = kafka_traffic.of(month)
    return of_throughput(
        traffic.written_per_s,
        traffic.read_per_s,
        traffic.kept_days,
        peak_to_mean=month.drivers["peak_to_mean"],
        mib_a_vcpu=month.drivers["kafka_mib_per_vcpu"],
        read_across_zones=kafka_traffic.read_across_zones(month),
        drivers=traffic.drivers,
        region=month.scenario.region,
    )


def of_throughput(
    written_per_s: Decimal,
    read_per_s: Decimal,
    retention_days: Decimal,
    *,
    peak_to_mean: Decimal = Decimal(2),
    mib_a_vcpu: Decimal = MIB_A_VCPU,
    read_across_zones: Decimal = Decimal(0),
    drivers: tuple[str, ...] = (),
    region: str = HOME_REGION,
) -> Iterator[Use]:
    """Uses of a cluster for mean bytes a second, each record counted once.

    The defaults are the assumptions of the pricing page: cores half busy at the mean, consumers that read the copy in
    their own zone. `drivers` names the figures behind the bytes.
    """
    traffic = Traffic(written_per_s, read_per_s, retention_days, drivers)
    yield from _cluster(traffic, peak_to_mean, mib_a_vcpu, region)
    yield from _traffic(traffic, read_across_zones, region)


def vcpus_needed(traffic: Traffic, peak_to_mean: Decimal, mib_a_vcpu: Decimal = MIB_A_VCPU) -> Decimal:
    """Cores that the peak fills, before they are rounded up to whole ones."""
    return traffic.write_equivalent_per_s * peak_to_mean / MIB / mib_a_vcpu


def _cluster(traffic: Traffic, peak_to_mean: Decimal, mib_a_vcpu: Decimal, region: str) -> Iterator[Use]:
    needed = vcpus_needed(traffic, peak_to_mean, mib_a_vcpu)
    peak, vcpus = needed * mib_a_vcpu, in_steps(needed, at_least=LEAST_VCPUS)
    dcus = vcpus * (DCU_A_VCPU + GIB_A_VCPU * DCU_A_GIB)
    why = f"{peak:,.1f} MiB/s of writes at the peak (reads count a quarter) / {mib_a_vcpu:,.0f} a vCPU, at least 3"
    sized = (*traffic.drivers, "peak_to_mean", "kafka_mib_per_vcpu")
    yield Use(
        "kafka.compute", "kafka", "Kafka brokers, cores and memory", "gcp.managed_kafka.dcu", dcus * HOURS_A_MONTH,
        f"{why}: {vcpus:,.0f} vCPU with {GIB_A_VCPU} GiB each = {dcus:,.1f} DCU for {HOURS_A_MONTH} h", sized, region,
    )  # fmt: skip
    yield Use(
        "kafka.local_storage", "kafka", "Kafka brokers, disks", "gcp.managed_kafka.local_storage",
        vcpus * DISK_GIB_A_VCPU, f"{vcpus:,.0f} vCPU x {DISK_GIB_A_VCPU} GiB that come with each", sized, region,
    )  # fmt: skip
    yield Use(
        "kafka.remote_storage", "kafka", "Kafka tiered storage", "gcp.managed_kafka.remote_storage", traffic.kept_gib,
        f"{traffic.kept_days:,.1f} days kept = {traffic.kept_gib:,.1f} GiB, one copy billed",
        traffic.written_from, region,
    )  # fmt: skip


def _traffic(traffic: Traffic, read_across_zones: Decimal, region: str) -> Iterator[Use]:
    copied = traffic.written_gib * (REPLICAS - 1)
    yield Use(
        "kafka.replication", "kafka", "Kafka copies to other zones", "gcp.managed_kafka.inter_zone", copied,
        f"{traffic.written_gib:,.1f} GiB written x {REPLICAS - 1} copies in other zones", traffic.written_from, region,
    )  # fmt: skip
    sent, fetched = traffic.written_gib * OTHER_ZONES, traffic.read_gib * read_across_zones
    yield Use(
        "kafka.clients", "kafka", "Kafka clients in other zones", "gcp.managed_kafka.inter_zone", sent + fetched,
        f"{traffic.written_gib:,.1f} GiB written x 2/3 with the leader in another zone + {traffic.read_gib:,.1f} GiB "
        f"read x {read_across_zones:,.2f}", (*traffic.drivers, "kafka_read_across_zones"), region,
    )  # fmt: skip
