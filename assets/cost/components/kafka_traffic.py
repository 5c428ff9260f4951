"""Bytes that producers and consumers move through the topic: the same for every hosting of Kafka."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from assets.cost.growth import stored
from assets.cost.lines import Month
from assets.cost.units import DAYS_A_MONTH, GIB, SECONDS_A_MONTH

REPLICAS: Final = 3
"""Copies of each record, one a zone: the default of Google's service and of Confluent's, and the usual of one's own."""
OTHER_ZONES: Final = Decimal(2) / 3
"""Share of a client's bytes that go to another zone: leaders are spread evenly over three of them."""
OTHER_CLOUD: Final = frozenset({"flink-managed"})
"""Engines that run at Amazon: they read from outside, not from a zone of the region."""
SECONDS_A_DAY: Final = 24 * 3600
REREAD: Final = "kafka_reread_share"
"""Name of the one figure of the traffic that moves reads alone."""


@dataclass(frozen=True)
class Traffic:
    """Mean bytes a second of one month, each record counted once, and how many days of it are kept."""

    written_per_s: Decimal
    read_per_s: Decimal
    kept_days: Decimal
    drivers: tuple[str, ...] = ()
    """Names of the figures behind it."""

    @property
    def written_gib(self) -> Decimal:
        """GiB that producers send in a month."""
        return self.written_per_s * SECONDS_A_MONTH / GIB

    @property
    def read_gib(self) -> Decimal:
        """GiB that consumers fetch in a month."""
        return self.read_per_s * SECONDS_A_MONTH / GIB

    @property
    def kept_gib(self) -> Decimal:
        """GiB of one copy of what is kept."""
        return self.written_per_s * SECONDS_A_DAY * self.kept_days / GIB

    @property
    def written_from(self) -> tuple[str, ...]:
        """Names of the figures behind the bytes written and kept: reading again adds none."""
        return tuple(name for name in self.drivers if name != REREAD)

    @property
    def write_equivalent_per_s(self) -> Decimal:
        """Bytes a second that the brokers together handle, reads counted as a quarter.

        Google's rule: every copy is a write; followers read what they copy; four bytes read take the work of one
        written (docs.cloud.google.com/managed-service-for-apache-kafka/docs/plan-cluster-size, read 2026-11-30).
        """
        written = self.written_per_s * REPLICAS
        read = self.read_per_s + self.written_per_s * (REPLICAS - 1)
        return written + read / 4


def of(month: Month) -> Traffic:
    """The month's traffic: the consumer reads every byte once, audits and replays read a share of them again."""
    wire = "wire_bytes_compressed" if month.scenario.compressed else "wire_bytes_plain"
    written = month.rate * month.drivers[wire] * month.scenario.message_size
    kept = stored(month.inflows, Decimal(0), month.scenario.kafka_retention_days / DAYS_A_MONTH)
    return Traffic(
        written_per_s=written,
        read_per_s=written * (1 + month.drivers[REREAD]),
        kept_days=kept / month.events * DAYS_A_MONTH,
        drivers=(wire, REREAD),
    )


def read_across_zones(month: Month) -> Decimal:
    """Share of the read bytes that come from another zone; 0 where the engine runs in another cloud."""
    return Decimal(0) if month.scenario.engine in OTHER_CLOUD else month.drivers["kafka_read_across_zones"]
