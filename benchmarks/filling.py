"""Fill a topic fast: the sample again and again under other ids, by the sandbox producer's own client settings."""

from collections.abc import Iterator
from typing import Any, Final

from confluent_kafka import Producer

from benchmarks.payments import RUN, Payment
from sandbox.producer import broker
from sandbox.world.ids import Minter

_PREFIX_AT: Final = slice(4, 12)
"""Where an id holds its run: `evt_` + eight characters + `x` + eight of the event."""
FLUSH_S: Final = 120.0


class FillingFailed(Exception):
    """Kafka did not take all records; one line with the numbers."""


def repeated(sample: list[Payment], count: int) -> Iterator[Payment]:
    """`count` records: the sample as it is, then again and again with ids of other runs."""
    own = Minter(RUN).event_id(0)[_PREFIX_AT]
    done = copy = 0
    while done < count:
        other = Minter(f"{RUN}-{copy}").event_id(0)[_PREFIX_AT] if copy else own
        for payment in sample[: count - done]:
            yield _renamed(payment, own, other) if copy else payment
        done += min(len(sample), count - done)
        copy += 1


def _renamed(payment: Payment, own: str, other: str) -> Payment:
    value = payment.value.replace(own.encode(), other.encode()) if payment.value else payment.value
    return Payment(payment.key.replace(own, other), value)


def fill(bootstrap: str, topic: str, sample: list[Payment], count: int) -> None:
    """Produce `count` records and wait until each is acknowledged. Raises FillingFailed."""
    settings: dict[str, Any] = {"bootstrap.servers": bootstrap, **broker._SETTINGS, "linger.ms": 50, "log_level": 0}
    producer, failed = Producer(settings), list[str]()

    def delivered(error: Any, _: Any) -> None:
        if error is not None:
            failed.append(error.name())

    for payment in repeated(sample, count):
        while True:
            try:
                producer.produce(topic, payment.value, payment.key, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.1)
    left = producer.flush(FLUSH_S)
    if left or failed:
        raise FillingFailed(f"{left + len(failed)} of {count} records not acknowledged ({', '.join(set(failed))})")
