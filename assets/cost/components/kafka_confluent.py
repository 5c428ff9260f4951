"""Confluent Cloud on Google Cloud: elastic units (eCKU), bytes in and out, storage.

Capacity of a unit: the tables of docs.confluent.io/cloud/current/clusters/cluster-types.html. Gigabytes are 2^30
(docs.confluent.io/cloud/current/billing/billing-dimensions.html).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from assets.cost.components import kafka_traffic
from assets.cost.components.kafka_traffic import Traffic
from assets.cost.lines import Month, Use, in_steps
from assets.cost.units import HOURS_A_MONTH, MB

OUT_TO_IN: Final = 3
"""A unit carries three bytes out for each byte in, in every cluster type."""


@dataclass(frozen=True)
class ClusterType:
    """What sets a cluster type apart."""

    name: str
    sku: str
    mb_in: str
    """The driver with the megabytes a second that one unit takes in."""
    partitions: int
    """Partitions of one unit, before copies."""
    requests_per_s: int
    """Requests a second of one unit. No line is sized by it: it depends on how producers batch."""
    most_units: int
    """Units a cluster grows to on Google Cloud."""


STANDARD: Final = ClusterType("Standard", "confluent.standard.ecku", "confluent_standard_mb_in", 250, 1500, 10)
ENTERPRISE: Final = ClusterType("Enterprise", "confluent.enterprise.ecku", "confluent_enterprise_mb_in", 3000, 7500, 10)


def standard(month: Month) -> Iterator[Use]:
    """What a Standard cluster uses: public endpoints."""
    return _uses(STANDARD, month)


def enterprise(month: Month) -> Iterator[Use]:
    """What an Enterprise cluster uses: private endpoints only."""
    return _uses(ENTERPRISE, month)


def units(kind: ClusterType, written_per_s: Decimal, read_per_s: Decimal, partitions: int, mb_in: Decimal) -> Decimal:
    """Units that the busiest of the dimensions needs, not rounded.

    Above `most_units` the cluster type does not carry the traffic: the limits of the projection say so.
    """
    return max(written_per_s / MB / mb_in, read_per_s / MB / (mb_in * OUT_TO_IN), Decimal(partitions) / kind.partitions)


def _uses(kind: ClusterType, month: Month) -> Iterator[Use]:
    # Units grow and shrink by themselves and are billed by the hour, so the mean counts, not the peak.
    traffic = kafka_traffic.of(month)
    mb_in, least = month.drivers[kind.mb_in], month.drivers["confluent_least_ecku"]
    needed = units(kind, traffic.written_per_s, traffic.read_per_s, month.scenario.partitions, mb_in)
    bought = in_steps(needed, at_least=least)
    yield Use(
        "kafka.ecku", "kafka", f"Confluent {kind.name} units", kind.sku, bought * HOURS_A_MONTH,
        f"{traffic.written_per_s / MB:,.2f} MB/s in of {mb_in:,.0f} a unit, {traffic.read_per_s / MB:,.2f} out of "
        f"{mb_in * OUT_TO_IN:,.0f}, {month.scenario.partitions} partitions of {kind.partitions:,}; at least "
        f"{least:,.1f}: {bought:,.1f} eCKU for {HOURS_A_MONTH} h",
        (*traffic.drivers, kind.mb_in, "confluent_least_ecku"), month.scenario.region,
    )  # fmt: skip
    yield from _metered(traffic, month)


def _metered(traffic: Traffic, month: Month) -> Iterator[Use]:
    region = month.scenario.region
    yield Use(
        "kafka.network_in", "kafka", "Confluent bytes in", "confluent.network.in", traffic.written_gib,
        f"{traffic.written_gib:,.1f} GiB written", traffic.written_from, region,
    )  # fmt: skip
    yield Use(
        "kafka.network_out", "kafka", "Confluent bytes out", "confluent.network.out", traffic.read_gib,
        f"{traffic.read_gib:,.1f} GiB read", traffic.drivers, region,
    )  # fmt: skip
    copies = month.drivers["confluent_billed_copies"]
    yield Use(
        "kafka.storage", "kafka", "Confluent storage", "confluent.storage", traffic.kept_gib * copies,
        f"{traffic.kept_days:,.1f} days kept = {traffic.kept_gib:,.1f} GiB x {copies:,.0f} copies billed",
        (*traffic.written_from, "confluent_billed_copies"), region,
    )  # fmt: skip
