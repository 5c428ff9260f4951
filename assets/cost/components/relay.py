"""What stands behind an engine that writes to Kafka alone: a topic of enriched payments and a sink to the warehouse."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from assets.cost.components import autopilot, sizing
from assets.cost.components.kafka_google import DISK_GIB_A_VCPU
from assets.cost.components.kafka_traffic import OTHER_ZONES, REPLICAS, Traffic
from assets.cost.lines import Month, Use
from assets.cost.scenario import Kafka
from assets.cost.units import HOURS_A_MONTH, MB, MIB

KEPT_DAYS: Final = Decimal(1)
"""The sink reads a record within seconds; a day is left to mend it. What is older is in the first topic still."""
LARGEST_VCPU: Final = Decimal(2)
BYTES: Final = ("arrow_bytes", "wire_bytes_compressed", "wire_bytes_plain")
SINK: Final = (
    "client_cpu_s_per_million",
    "append_cpu_s_per_million",
    "connect_memory_gib",
    "peak_to_mean",
    "cpu_ceiling",
)
LABELS: Final = {
    "brokers": "share of the brokers", "disks": "brokers' disks", "zones": "between zones", "in": "written",
    "out": "read by the sink", "endpoint": "through endpoints", "storage": "storage",
}  # fmt: skip
CONFLUENT: Final = {
    "confluent-standard": ("confluent.standard.ecku", "confluent_standard_mb_in"),
    "confluent-enterprise": ("confluent.enterprise.ecku", "confluent_enterprise_mb_in"),
}
"""Units of a cluster type, and the driver with the MB/s that one takes in."""


def uses(month: Month, hosting: Kafka, *, written_inside: bool = False) -> Iterator[Use]:
    """The topic, on the Kafka given, and two or more Kafka Connect workers with a BigQuery sink.

    The topic takes its share of the brokers, not rounded: steps and the smallest cluster are on Kafka's own bill. The
    sink delivers at least once; what it doubles after a crash has to be removed in the warehouse.
    `written_inside`: by an engine that runs where the brokers are.
    """
    topic = {"google": _on_google, "self-run": _on_machines}
    yield from topic.get(hosting, _on_confluent)(month, hosting)
    yield from _way_in_and_out(month, hosting, written_inside)
    figures = month.drivers
    load = sizing.load(month, figures["client_cpu_s_per_million"] + figures["append_cpu_s_per_million"])
    need = sizing.fleet(load, load.full(LARGEST_VCPU), figures["connect_memory_gib"])
    yield from autopilot.pods(month, "sink", "Kafka Connect's BigQuery sink", need, SINK)


def record_bytes(month: Month) -> Decimal:
    """Bytes of an enriched payment in the topic: those of a row, compressed as well as a payment is."""
    figures = month.drivers
    packed = figures["wire_bytes_compressed"] / figures["wire_bytes_plain"] if month.scenario.compressed else Decimal(1)
    return figures["arrow_bytes"] * packed * month.scenario.message_size


def _traffic(month: Month) -> Traffic:
    written = month.rate * record_bytes(month)
    return Traffic(written, written, KEPT_DAYS, BYTES)


def _use(month: Month, key: str, sku: str, quantity: Decimal, how: str, *more: str) -> Use:
    said = f"{month.rate:,.0f} enriched events/s x {record_bytes(month):,.0f} B"
    return Use(f"engine.topic_{key}", "engine", f"Enriched topic: {LABELS[key]}", sku, quantity, f"{said}; {how}",
               (*BYTES, *more), month.scenario.region)  # fmt: skip


def _stored(month: Month, sku: str, copies: Decimal, *more: str) -> Use:
    gib = _traffic(month).kept_gib
    how = f"{KEPT_DAYS} day kept = {gib:,.2f} GiB x {copies} copies billed"
    return _use(month, "storage", sku, gib * copies, how, *more)


def _crossings(month: Month, sku: str) -> Use:
    gib, read = _traffic(month).written_gib, month.drivers["kafka_read_across_zones"]
    times = REPLICAS - 1 + OTHER_ZONES + read
    how = f"{gib:,.1f} GiB x ({REPLICAS - 1} copies + 2/3 written + {read:,.2f} read in other zones)"
    return _use(month, "zones", sku, gib * times, how, "kafka_read_across_zones")


def _on_google(month: Month, _hosting: Kafka) -> Iterator[Use]:
    each = month.drivers["kafka_mib_per_vcpu"]
    peak = _traffic(month).write_equivalent_per_s / MIB * month.drivers["peak_to_mean"]
    how = f"{peak:,.2f} MiB/s of writes at the peak (reads count a quarter) / {each:,.0f} = {peak / each:.3f} vCPU"
    sized = ("kafka_mib_per_vcpu", "peak_to_mean")
    yield _use(month, "brokers", "gcp.managed_kafka.dcu", peak / each * HOURS_A_MONTH,
               f"{how} with 4 GiB each, 1 DCU, x {HOURS_A_MONTH} h", *sized)  # fmt: skip
    yield _use(month, "disks", "gcp.managed_kafka.local_storage", peak / each * DISK_GIB_A_VCPU,
               f"{how} x {DISK_GIB_A_VCPU} GiB that come with each", *sized)  # fmt: skip
    yield _crossings(month, "gcp.managed_kafka.inter_zone")
    yield _stored(month, "gcp.managed_kafka.remote_storage", Decimal(1))


def _on_confluent(month: Month, hosting: Kafka) -> Iterator[Use]:
    sku, driver = CONFLUENT[hosting]
    traffic, each = _traffic(month), month.drivers[driver]
    units = traffic.written_per_s / MB / each
    yield _use(month, "brokers", sku, units * HOURS_A_MONTH,
               f"{traffic.written_per_s / MB:,.2f} MB/s / {each} a unit = {units:.3f} eCKU x {HOURS_A_MONTH} h",
               driver)  # fmt: skip
    yield _use(month, "in", "confluent.network.in", traffic.written_gib, f"{traffic.written_gib:,.1f} GiB")
    yield _use(month, "out", "confluent.network.out", traffic.read_gib,
               f"{traffic.read_gib:,.1f} GiB")  # fmt: skip
    yield _stored(month, "confluent.storage", month.drivers["confluent_billed_copies"], "confluent_billed_copies")


def _on_machines(month: Month, _hosting: Kafka) -> Iterator[Use]:
    """Cores of brokers are not counted: their machines have some to spare."""
    yield _crossings(month, "gcp.network.inter_zone")
    yield _stored(month, "gcp.pd.balanced", Decimal(REPLICAS))


def _way_in_and_out(month: Month, hosting: Kafka, written_inside: bool) -> Iterator[Use]:
    """What `network` bills of the first topic, of this one."""
    gib = _traffic(month).written_gib
    written = Decimal(0) if written_inside else gib
    if hosting in ("google", "confluent-enterprise"):
        yield _use(month, "endpoint", "gcp.network.psc_data", written + gib,
                   f"{written:,.1f} GiB written + {gib:,.1f} GiB read, through the brokers' endpoints")  # fmt: skip
    elif hosting == "confluent-standard" and written:
        yield _use(month, "endpoint", "gcp.network.inter_zone", written,
                   f"{written:,.1f} GiB written to a public address in the region, billed as another zone")  # fmt: skip
