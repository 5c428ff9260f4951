"""Apache Kafka on virtual machines of one's own: brokers and controllers in three zones, tiered storage.

In its best set-up: controllers apart from the brokers (kafka.apache.org/44/operations/kraft recommends no other for
critical deployments), old segments in Cloud Storage (KIP-405, kafka.apache.org/44/operations/tiered-storage, with the
open-source plugin of Aiven), E2 machines, the cheapest core in the price book. The hours of the people who patch, scale
and are called at night are not in it.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from assets.cost.components import kafka_traffic
from assets.cost.components.kafka_traffic import REPLICAS, Traffic
from assets.cost.lines import Month, Use, in_steps
from assets.cost.units import HOURS_A_MONTH, MIB

MACHINE: Final = "gcp.gce.e2-standard-2"
"""2 vCPU with 8 GiB. Larger ones of the family cost the same a core, so their number here is a number of core pairs."""
VCPUS: Final = 2
ZONES: Final = 3
CONTROLLERS: Final = 3
"""A quorum that survives the loss of one (kafka.apache.org, operations/kraft)."""
CONTROLLER_DISK_GIB: Final = 64
"""SSD of a controller (docs.confluent.io/platform, KRaft hardware)."""
LEAST_BROKER_DISK_GIB: Final = 100
"""What Google's managed service gives a core; segments, indexes and the system need room at any rate."""


def uses(month: Month) -> Iterator[Use]:
    """What the machines of a month use."""
    traffic = kafka_traffic.of(month)
    yield from _machines(traffic, month)
    yield from _disks(traffic, month)
    copied = traffic.written_gib * (REPLICAS - 1)
    yield Use(
        "kafka.replication", "kafka", "Kafka copies to other zones", "gcp.network.inter_zone", copied,
        f"{traffic.written_gib:,.1f} GiB written x {REPLICAS - 1} copies in other zones", traffic.written_from,
        month.scenario.region,
    )  # fmt: skip


def _machines(traffic: Traffic, month: Month) -> Iterator[Use]:
    region, a_vcpu = month.scenario.region, month.drivers["kafka_mib_per_vcpu"]
    peak = traffic.write_equivalent_per_s / MIB * month.drivers["peak_to_mean"]
    brokers = in_steps(peak / a_vcpu / VCPUS, step=ZONES, at_least=ZONES)
    yield Use(
        "kafka.brokers", "kafka", "Kafka brokers", MACHINE, brokers * HOURS_A_MONTH,
        f"{peak:,.1f} MiB/s of writes at the peak (reads count a quarter) / {a_vcpu:,.0f} a vCPU, as many in each of "
        f"{ZONES} zones: {brokers:,.0f} x {VCPUS} vCPU for {HOURS_A_MONTH} h",
        (*traffic.drivers, "peak_to_mean", "kafka_mib_per_vcpu"), region,
    )  # fmt: skip
    yield Use(
        "kafka.controllers", "kafka", "Kafka controllers", MACHINE, CONTROLLERS * HOURS_A_MONTH,
        f"{CONTROLLERS} controllers, one a zone, for {HOURS_A_MONTH} h", (), region,
    )  # fmt: skip


def _disks(traffic: Traffic, month: Month) -> Iterator[Use]:
    region, fill = month.scenario.region, month.drivers["kafka_disk_fill"]
    days = min(month.drivers["kafka_local_days"], traffic.kept_days)
    local = traffic.kept_gib * days / traffic.kept_days * REPLICAS
    disks = max(local / fill, Decimal(ZONES * LEAST_BROKER_DISK_GIB))
    yield Use(
        "kafka.disks", "kafka", "Kafka disks", "gcp.pd.balanced", disks + CONTROLLERS * CONTROLLER_DISK_GIB,
        f"{days:,.1f} days on disk = {local:,.1f} GiB in {REPLICAS} copies / {fill:,.2f} full, at least "
        f"{LEAST_BROKER_DISK_GIB} GiB a zone, + {CONTROLLERS} x {CONTROLLER_DISK_GIB} GiB of the controllers",
        (*traffic.written_from, "kafka_local_days", "kafka_disk_fill"), region,
    )  # fmt: skip
    yield Use(
        "kafka.remote_storage", "kafka", "Kafka tiered storage", "gcp.gcs.storage.standard", traffic.kept_gib,
        f"{traffic.kept_days:,.1f} days kept = {traffic.kept_gib:,.1f} GiB, one object of each segment",
        traffic.written_from, region,
    )  # fmt: skip
