"""The platform under a demo: our own children, or a detached one that stays when the demo ends."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from sandbox.demo.control import ControlPlane
from sandbox.demo.failure import DemoFailed
from sandbox.demo.options import PARTITIONS
from sandbox.platform import supervisor
from sandbox.platform.instance import AlreadyRunning, PlatformFacts, Ports, running
from sandbox.platform.jars import FetchFailed
from sandbox.platform.processes import DidNotStart, PortTaken, is_alive

TOPIC: Final = "payments"


@contextlib.contextmanager
def platform(state: Path, ports: Ports, keep: bool, say: Callable[[str], None]) -> Iterator[PlatformFacts]:
    """Start Kafka and the emulator on `state` and settled ports; stop them at exit unless `keep` and all went well.

    Raises DemoFailed.
    """
    try:
        if keep:
            facts, _ = supervisor.up(state, ["--topic", TOPIC, "--partitions", str(PARTITIONS), *ports.options()], say)
            try:
                yield facts
            except BaseException:
                supervisor.down(state)
                raise
        else:
            with running(state, topic=TOPIC, partitions=PARTITIONS, say=say, ports=ports) as ours:
                yield ours
    except (DidNotStart, PortTaken, FetchFailed, AlreadyRunning, supervisor.CouldNotStart) as error:
        raise DemoFailed(str(error)) from None


class Health:
    """Whether Kafka, the emulator and the control plane still run; asked often, looks once a second."""

    def __init__(self, facts: PlatformFacts, plane: ControlPlane) -> None:
        self._facts, self._plane = facts, plane
        self._next = 0.0

    def check(self) -> None:
        """Raise DemoFailed if one has died."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 1.0
        for name, pid, log in (
            ("Kafka", self._facts.kafka_pid, "kafka.log"),
            ("the BigQuery emulator", self._facts.bigquery_pid, "bigquery.log"),
        ):
            if not is_alive(pid):
                raise DemoFailed(f"{name} has died: see {self._facts.state / 'logs' / log}")
        self._plane.check()
