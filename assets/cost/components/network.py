"""Bytes that cross a zone, an endpoint or a cloud, and that no other component has on its bill.

Google's Managed Kafka bills its clients' crossings of zones itself (`kafka_google`), Confluent its bytes in and out.
Bytes that come in cost nothing at either cloud, and a Google service of the same location is reached without a charge,
which is taken to hold from us-central1 into the multi-region US as well. Traffic to a public address in the region is
billed as traffic to another zone (cloud.google.com/vpc/network-pricing); machines that send it have addresses of their
own, so nothing passes through Cloud NAT.
"""

from collections.abc import Iterator
from typing import Final

from assets.cost.components import kafka_traffic
from assets.cost.components.kafka_traffic import OTHER_CLOUD, OTHER_ZONES, Traffic
from assets.cost.lines import Month, Use
from assets.cost.units import GB, GIB

INSIDE_CONFLUENT: Final = frozenset({"flink-confluent"})
"""Engines that read where the brokers are."""
NOT_PRICED: Final = {
    "confluent-enterprise": "the hours of one Private Service Connect endpoint: their price was not found",
    "flink-managed": "the VPN or interconnect between Amazon's network and a private cluster at Google",
}
"""What a choice costs beside its lines, by name of the choice."""


def uses(month: Month) -> Iterator[Use]:
    """What crosses borders in a month."""
    traffic = kafka_traffic.of(month)
    yield from _to_brokers(traffic, month)
    yield from _to_another_cloud(traffic, month)
    yield from _to_warehouse(month)


def _to_brokers(traffic: Traffic, month: Month) -> Iterator[Use]:
    choice = month.scenario
    read = 0 if choice.engine in OTHER_CLOUD | INSIDE_CONFLUENT else traffic.read_gib
    if choice.kafka in ("google", "confluent-enterprise"):
        yield Use(
            "network.endpoint", "network", "Private Service Connect", "gcp.network.psc_data",
            traffic.written_gib + read, f"{traffic.written_gib:,.1f} GiB written + {read:,.1f} GiB read, through the "
            "endpoints of the brokers", traffic.drivers, choice.region,
        )  # fmt: skip
    elif choice.kafka == "confluent-standard":
        yield Use(
            "network.to_brokers", "network", "To public endpoints", "gcp.network.inter_zone", traffic.written_gib,
            f"{traffic.written_gib:,.1f} GiB written to a public address in the region, billed as another zone",
            traffic.drivers, choice.region,
        )  # fmt: skip
    else:
        share = kafka_traffic.read_across_zones(month)
        yield Use(
            "network.clients", "network", "Kafka clients in other zones", "gcp.network.inter_zone",
            traffic.written_gib * OTHER_ZONES + read * share,
            f"{traffic.written_gib:,.1f} GiB written x 2/3 with the leader in another zone + {read:,.1f} GiB read x "
            f"{share:,.2f}", (*traffic.drivers, "kafka_read_across_zones"), choice.region,
        )  # fmt: skip


def _to_another_cloud(traffic: Traffic, month: Month) -> Iterator[Use]:
    choice = month.scenario
    if choice.engine in OTHER_CLOUD and choice.kafka in ("google", "self-run"):
        yield Use(
            "network.to_engine", "network", "Kafka to Amazon", "gcp.network.internet_egress.tier1", traffic.read_gib,
            f"{traffic.read_gib:,.1f} GiB read by an engine at Amazon", traffic.drivers, choice.region,
        )  # fmt: skip


def _to_warehouse(month: Month) -> Iterator[Use]:
    choice = month.scenario
    sent = month.events * month.drivers["arrow_bytes"] * choice.message_size
    if choice.engine in OTHER_CLOUD:
        yield Use(
            "network.to_warehouse", "network", "Amazon to the warehouse", "aws.egress_to_internet", sent / GB,
            f"{sent / GB:,.1f} GB of rows leave Amazon", ("arrow_bytes",), choice.region,
        )  # fmt: skip
    elif choice.warehouse != "bigquery" and choice.engine not in INSIDE_CONFLUENT:
        yield Use(
            "network.to_warehouse", "network", "To the warehouse", "gcp.network.inter_zone", sent / GIB,
            f"{sent / GIB:,.1f} GiB of rows to a public address in the region, billed as another zone",
            ("arrow_bytes",), choice.region,
        )  # fmt: skip
