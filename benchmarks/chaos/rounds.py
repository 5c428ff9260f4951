"""One round: a fresh platform, traffic, ten kills, everything landed, the audit."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil
from confluent_kafka import KafkaException
from google.api_core.exceptions import GoogleAPIError

from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from benchmarks.chaos.attacks import PARTITIONS, Attacker
from benchmarks.chaos.plan import MEMBERS, ROUND_KILLS, Attack
from benchmarks.chaos.watching import Failed, Watch
from sandbox.demo.consumers import Crew
from sandbox.platform.instance import running
from sandbox.platform.processes import spawn
from sandbox.seed import seed as publish_reference
from streaming.adapters.kafka import KafkaBroker
from streaming.ports import BrokerError
from streaming.settings import Settings

RATE: Final = 500
SESSION_S: Final = 8
"""Seconds a silent member keeps its partitions: short, so that zombies are replaced while one watches."""
TRAFFIC_S: Final = 3_600
"""Longer than any round; it is stopped at the end."""

Say = Callable[[str], None]
UNFORESEEN: Final = (
    Failed, psutil.Error, KafkaException, BrokerError, GoogleAPIError, OSError, subprocess.TimeoutExpired
)  # fmt: skip
"""What ends a round before its audit."""


class Broken(Exception):
    """A round that did not come to its audit: what stood in the way, and the kills until then. They count."""

    def __init__(self, why: str, kills: list[dict[str, Any]]) -> None:
        super().__init__(why)
        self.kills = kills


def run(state: Path, attacks: Sequence[Attack], seed: int, say: Say, fill_up: int = ROUND_KILLS) -> dict[str, Any]:
    """Do the attacks on a platform in the folder `state`. Kills that did not come about are made up for at any
    moment, until there are `fill_up`. Returns the round. Raises Broken."""
    began = time.monotonic()
    with running(state, partitions=PARTITIONS) as platform:
        client = connect(platform.project, platform.rest_endpoint)
        migrate(client, platform.project, platform.dataset, lambda line: None)
        publish_reference(client, platform.dataset, seed, datetime.now(UTC), lambda line: None)
        environment = platform.environment() | {"TIDEMARK_SESSION_TIMEOUT_S": str(SESSION_S)}
        crew = Crew(state, {**os.environ, **environment}, len(MEMBERS))
        crew.start()
        watch = Watch(crew)
        attacker = Attacker(platform, watch)
        try:
            traffic_s = _under_traffic(attacker, attacks, seed, say, fill_up)
            audit = _audit(state)
        except UNFORESEEN as error:
            raise Broken(f"{type(error).__name__}: {error}".splitlines()[0], watch.rows()) from error
        finally:
            crew.terminate()
    happened = {"kills": watch.rows(), "others": attacker.others, "unexpected": watch.unexpected}
    times = {"seconds": round(time.monotonic() - began), "traffic_s": traffic_s}
    return {**happened, "not_reached": attacker.not_reached, **times, "audit": audit}


def _under_traffic(attacker: Attacker, attacks: Sequence[Attack], seed: int, say: Say, fill_up: int) -> float:
    """The attacks, until everything that was sent has landed. Returns the seconds of traffic."""
    broker = KafkaBroker(Settings.from_environment(attacker.platform.environment()))
    attacker.recovered()
    with _traffic(attacker.platform.state, seed) as stop:
        attacker.watch.until(
            lambda: any(ends.end for ends in broker.log_ranges(range(PARTITIONS), 10).values()), "traffic"
        )
        began = time.monotonic()
        _attack(attacker, attacks, say, fill_up)
        traffic_s = round(time.monotonic() - began, 1)
        stop()
    attacker.watch.until(lambda: _drained(broker, attacker.partitions), "everything landed", 120.0)
    attacker.watch.crew.terminate()
    return traffic_s


def _attack(attacker: Attacker, attacks: Sequence[Attack], say: Say, fill_up: int) -> None:
    platform, watch = attacker.platform, attacker.watch
    client = connect(platform.project, platform.rest_endpoint)
    table = f"`{platform.dataset}.payments_landing`"
    sql = f"SELECT 1 FROM {table} WHERE business_date >= DATE '2020-01-01' LIMIT 1"
    watch.until(lambda: list(client.query_and_wait(sql)), "first rows landed")
    for attack in attacks:
        attacker.do(attack)
        times = [kill.recovered_s for kill in watch.kills[-attack.kills :]]
        say(f"  {attack.kind} {attack.failpoint or ''} on {attack.member}: at work again after {times} s")
    while len(done := [kill for kill in watch.kills if kill.at is not None]) < fill_up:
        watch.pause(0.7)
        watch.kill(MEMBERS[len(done) % len(MEMBERS)])
        attacker.recovered()


@contextmanager
def _traffic(state: Path, seed: int) -> Iterator[Callable[[], None]]:
    """Payments until the function that is given is called. Raises Failed if they stopped before."""
    words = ("--state", str(state), "--rate", str(RATE), "--seconds", str(TRAFFIC_S), "--seed", str(seed))
    producer = spawn(_tidemark("produce", *words), state / "logs" / "produce.log", os.environ)

    def stop() -> None:
        if producer.poll() is not None:
            raise Failed(f"the producer ended with code {producer.returncode}: see its log")
        producer.send_signal(signal.SIGINT)
        producer.wait(60)

    try:
        yield stop
    finally:
        if producer.poll() is None:
            producer.kill()
            producer.wait()


def _drained(broker: KafkaBroker, partitions: int) -> bool:
    """Whether the group's commits are at the log's end."""
    numbers = list(range(partitions))
    commits, ends = broker.committed(numbers, 10), broker.log_ranges(numbers, 10)
    return all((commit := commits[n]) is not None and commit.offset >= ends[n].end for n in numbers)


def _audit(state: Path) -> dict[str, Any]:
    """Verdict and counts. Raises Failed if the audit could not be held."""
    command = _tidemark("audit", "--state", str(state), "--json")
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    if not ran.stdout:
        raise Failed(f"no audit: {ran.stderr.strip()[-300:]}")
    report = json.loads(ran.stdout)
    counts = {name: report["events"][name] for name in ("acked", "landed", "lost", "duplicate_coordinates")}
    failed = [check["name"] for check in report["checks"] if not check["passed"]]
    return {"verdict": report["verdict"], **counts, "failed_checks": failed}


def _tidemark(*words: str) -> list[str]:
    return [sys.executable, "-m", "orchestration.cli", *words]
