"""What must stand before payments flow: tables, reference data, consumers that own their partitions."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sandbox.demo.control import ControlPlane
from sandbox.demo.failure import DemoFailed
from sandbox.demo.members import Members
from sandbox.demo.site import Health
from sandbox.platform.instance import PlatformFacts

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

    from sandbox.seed import Frames

READY_WITHIN_S: Final = 120.0
"""Ten times what code server, supervisor and a member take on two quiet cores."""


@dataclass(frozen=True, slots=True)
class Warm:
    """What was made while Kafka and the emulator started."""

    frames: "Frames"
    now: datetime


class Warming:
    """Makes reference data and imports what takes long, in a thread, while Kafka and the emulator start."""

    def __init__(self, pool: ThreadPoolExecutor, seed: int) -> None:
        self._pool, self._seed = pool, seed
        self._future: Future[Warm] | None = None

    def begin(self) -> "Future[Warm]":
        """Begin unless it has begun."""
        if self._future is None:
            self._future = self._pool.submit(_warm_up, self._seed)
        return self._future

    def result(self) -> Warm:
        """What was made; waits for it."""
        return self.begin().result()


def _warm_up(seed: int) -> Warm:
    from sandbox.seed import frames

    now = datetime.now(UTC)
    made = frames(seed, now)
    from google.cloud import bigquery, bigquery_storage_v1  # noqa: F401  # the import is the point

    return Warm(made, now)


def client_of(facts: PlatformFacts) -> "Client":
    """A BigQuery client of the demo's emulator."""
    from assets.warehouse.client import connect

    return connect(facts.project, facts.rest_endpoint)


def publish(facts: PlatformFacts, seed: int, warm: Warm, say: Callable[[str], None]) -> None:
    """Create tables and views, publish merchants and FX rates. Raises DemoFailed."""
    from google.api_core.exceptions import GoogleAPICallError, RetryError

    from assets.warehouse.migrate import migrate
    from assets.warehouse.refusals import said_by
    from sandbox.seed import seed as seed_references

    client = client_of(facts)
    try:
        migrate(client, facts.project, facts.dataset, lambda _: None)
        seed_references(client, facts.dataset, seed, warm.now, say, made=warm.frames)
    except (GoogleAPICallError, RetryError, OSError) as error:
        log = facts.state / "logs" / "bigquery.log"
        said = f"the emulator did not take tables or reference data: {said_by(error)}"
        raise DemoFailed(f"{said}; its log: {log}") from None


def await_ready(members: Members, plane: ControlPlane, facts: PlatformFacts) -> None:
    """Wait until the supervisor has started every member and each owns partitions and delivers. Raises DemoFailed."""
    health, deadline = Health(facts, plane), time.monotonic() + READY_WITHIN_S
    while not members.ready():
        members.tend()
        health.check()
        if refusals := members.refusals():
            raise DemoFailed(f"{refusals[0]}; its log is in {facts.state / 'logs'}")
        if time.monotonic() > deadline:
            raise DemoFailed(f"no consumer was ready within {READY_WITHIN_S:.0f} s: see {facts.state / 'logs'}")
        time.sleep(0.05)
