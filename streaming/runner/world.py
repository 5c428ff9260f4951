"""What the consumer is given of the outside: the ports, a pool to wait in, a source of epochs."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from streaming.failpoints import Passing, unarmed
from streaming.ports import Broker, Clock, Journal, Warehouse
from streaming.runner.bell import Bell, ThreadBell

_P = ParamSpec("_P")
_T = TypeVar("_T")


class AtOnce(Executor):
    """Does what is submitted before it returns: one thread is enough where nothing has to be quick."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> "Future[_T]":
        """The future is done."""
        future: Future[_T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


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
    walker: Executor = field(default_factory=AtOnce)
    """Walks windows, one at a time: a thread of its own in a running member."""
    passing: Passing = unarmed
    """Told of each step of the protocol that is passed."""
