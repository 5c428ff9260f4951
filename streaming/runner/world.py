"""What the consumer is given of the outside: the ports, a pool to wait in, a source of epochs."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field

from streaming.ports import Broker, Clock, Journal, Warehouse
from streaming.runner.bell import Bell, ThreadBell


@dataclass(frozen=True, slots=True)
class World:
    """Real adapters in production, in-memory ones in tests."""

    broker: Broker
    warehouse: Warehouse
    clock: Clock
    journal: Journal
    pool: Executor
    new_epoch: Callable[[], str]
    """UUIDv7 text, never a counter."""
    bell: Bell = field(default_factory=ThreadBell)
    """What the polling thread rests on."""
