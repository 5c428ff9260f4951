"""Kafka Streams on GKE. It writes to Kafka, so an enriched topic and a sink are part of its bill."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from assets.cost.components import autopilot, relay, sizing
from assets.cost.lines import Month, Use

LARGEST_VCPU: Final = Decimal(2)
"""Two stream threads a pod; what was measured had two cores."""
STATE_DISK_GIB: Final = 10
"""Smallest balanced disk. 80,000 merchants and a month of rates are some tens of megabytes, held in full by every pod
(a global table): each pod is every other's standby, and no further replica of the state is needed."""
DRIVERS: Final = ("kafka_streams_cpu_s_per_million", "kafka_streams_memory_gib", "peak_to_mean", "cpu_ceiling")


def gke(month: Month) -> Iterator[Use]:
    """Pods in two zones with state on disks, the enriched topic on the scenario's Kafka, and the sink behind it.

    What its idle threads and its transactions for exactly-once take was not measured and is not counted.
    """
    figures = month.drivers
    load = sizing.load(month, figures["kafka_streams_cpu_s_per_million"])
    need = sizing.fleet(load, load.full(LARGEST_VCPU), figures["kafka_streams_memory_gib"])
    yield from autopilot.pods(month, "streams", "Kafka Streams' pods", need, DRIVERS)
    yield sizing.disks(month, "state", "Kafka Streams' state disks", need.count, STATE_DISK_GIB, drivers=DRIVERS)
    yield from relay.uses(month, month.scenario.kafka)
    yield autopilot.cluster(month)
