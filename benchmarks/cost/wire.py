"""Bytes of a record in the broker's own log, as producers with several batchings and codecs leave them there."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Producer

from benchmarks.filling import FLUSH_S, FillingFailed
from benchmarks.payments import PARTITIONS, Payment
from benchmarks.site import Site
from sandbox.platform import kafka
from sandbox.producer import broker

PACED_PER_S: Final = 500
"""The rate that the pipeline is built for, from one producer. Several producers fill their batches less."""
POLL_EVERY: Final = 100


@dataclass(frozen=True, slots=True)
class Batching:
    """How a producer is set: its codec (`none`, `lz4`, `zstd`), how long a batch waits, at what rate records come."""

    codec: str
    linger_ms: int
    rate: int | None
    """Records a second, evenly spaced; None: as fast as it takes them, which fills every batch."""

    @property
    def name(self) -> str:
        """As the result calls it and the topic is called: `zstd_50ms_500`, `zstd_50ms_full`."""
        return f"{self.codec}_{self.linger_ms}ms_{self.rate or 'full'}"


BATCHINGS: Final = (
    *(Batching(codec, linger, PACED_PER_S) for linger in (5, 50) for codec in ("none", "lz4", "zstd")),
    *(Batching(codec, 50, None) for codec in ("none", "lz4", "zstd")),
)
"""5 ms is the sandbox's producer and the default of Apache's Java client since 4.0; 50 ms is a tenth of the p95 that
the pipeline holds. Full batches are those of ten and a hundred times the rate."""


def measure(site: Site, sample: list[Payment]) -> dict[str, Any]:
    """Bytes a record for each of `BATCHINGS`, all at once: each into a topic of its own. Raises FillingFailed."""
    size = sum(len(payment.value or b"") for payment in sample) / len(sample)
    with ThreadPoolExecutor(len(BATCHINGS)) as pool:
        found = list(pool.map(lambda batching: _one(site, batching, sample), BATCHINGS))
    return {
        "records_each": len(sample),
        "payload_bytes": round(size, 2),
        "key_bytes": round(sum(len(payment.key) for payment in sample) / len(sample), 2),
        "log_bytes": dict(zip((batching.name for batching in BATCHINGS), found, strict=True)),
    }


def _one(site: Site, batching: Batching, sample: list[Payment]) -> float:
    topic = f"wire_{batching.name}"
    bootstrap = site.platform.bootstrap_servers
    kafka.create_topic(bootstrap, topic, PARTITIONS, site.log("kafka"))
    codec, linger = batching.codec, batching.linger_ms
    settings = {**broker._SETTINGS, "compression.type": codec, "linger.ms": linger, "log_level": 0}
    producer = Producer({"bootstrap.servers": bootstrap, **settings})
    _send(producer, topic, sample, batching.rate)
    return round(log_size(site.folder / "kafka" / "data", topic) / len(sample), 2)


def _send(producer: Producer, topic: str, sample: list[Payment], rate: int | None) -> None:
    began, failed = time.monotonic(), list[str]()

    def delivered(error: Any, _: Any) -> None:
        if error is not None:
            failed.append(error.name())

    for number, payment in enumerate(sample):
        if rate is not None and (early := began + number / rate - time.monotonic()) > 0:
            time.sleep(early)
        producer.produce(topic, payment.value, payment.key, on_delivery=delivered)
        if number % POLL_EVERY == 0:
            producer.poll(0)
    if (left := producer.flush(FLUSH_S)) or failed:
        raise FillingFailed(f"{left + len(failed)} of {len(sample)} records of {topic} not acknowledged")


def log_size(data: Path, topic: str) -> int:
    """Bytes of a topic's log segments on one broker, one replica of each partition, without their indexes.

    Raises FillingFailed where there are none.
    """
    segments = [path for number in range(PARTITIONS) for path in (data / f"{topic}-{number}").glob("*.log")]
    if not segments:
        raise FillingFailed(f"the broker has no log of {topic}")
    return sum(path.stat().st_size for path in segments)
