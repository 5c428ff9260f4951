"""A storm over the whole pipeline: real broker, emulator, producer and members; kills and stops; then the audit.

`python tests/faults/storm.py --seconds 180 --kills 10 --stops 2 --stop-seconds 20` runs the large one and prints its
figures; `test_storm.py` runs a small one.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from sandbox.demo.consumers import Crew
from sandbox.platform.instance import RunningPlatform, running
from sandbox.seed import seed as publish_reference
from streaming.adapters.kafka import KafkaBroker
from streaming.settings import Settings

DRAIN_S = 90.0


@dataclass
class Plan:
    """What shall happen; times are drawn from the seed."""

    seconds: float = 60
    rate: int = 500
    members: int = 2
    kills: int = 3
    stops: int = 1
    stop_seconds: float = 8
    seed: int = 7


@dataclass
class Figures:
    """What happened."""

    kills: list[dict[str, Any]] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    drained_after_s: float = 0.0
    audit: dict[str, Any] = field(default_factory=dict)

    def recovery_seconds(self) -> list[float]:
        return sorted(kill["recovered_after_s"] for kill in self.kills if "recovered_after_s" in kill)


class Storm:
    def __init__(self, platform: RunningPlatform, crew: Crew, plan: Plan) -> None:
        self.platform, self.crew, self.plan = platform, crew, plan
        self.figures = Figures()
        self.started = time.monotonic()
        self.due: list[tuple[float, Callable[[], None]]] = []
        self._draw(random.Random(plan.seed))

    def now(self) -> float:
        return time.monotonic() - self.started

    def _draw(self, drawn: random.Random) -> None:
        """Stops in turn of emulator and broker, spread out; kills at any moment, also during stops."""
        plan = self.plan
        for index in range(2 * plan.stops):
            at = plan.seconds * (index + 0.5) / (2 * plan.stops) - plan.stop_seconds / 2
            what = "emulator" if index % 2 == 0 else "broker"
            self.due.append((max(1.0, at), lambda what=what: self._signal(what, signal.SIGSTOP)))
            self.due.append((max(1.0, at) + plan.stop_seconds, lambda what=what: self._signal(what, signal.SIGCONT)))
        for _ in range(plan.kills):
            self.due.append((drawn.uniform(2, plan.seconds - 2), lambda: self._kill(drawn)))
        self.due.sort(key=lambda pair: pair[0])

    def _signal(self, what: str, number: signal.Signals) -> None:
        pid = self.platform.bigquery_pid if what == "emulator" else self.platform.kafka_pid
        os.kill(pid, number)
        self.figures.stops.append(f"{self.now():.1f}s {number.name} {what}")

    def _kill(self, drawn: random.Random) -> None:
        alive = [member for member in self.crew.members if member.pid is not None]
        if alive:
            name = drawn.choice(alive).name
            state = self.crew.beats().get(name, {}).get("state", "starting")
            pid = self.crew.kill(name)
            self.figures.kills.append({"member": name, "pid": pid, "at_s": round(self.now(), 2), "was": state})

    def tend(self) -> None:
        """Let what is due happen, keep the members up, note who is back at work."""
        while self.due and self.due[0][0] <= self.now():
            self.due.pop(0)[1]()
        self.crew.tend()
        beats = self.crew.beats()
        for kill in self.figures.kills:
            member = next(m for m in self.crew.members if m.name == kill["member"])
            beat = beats.get(member.name, {})
            alive = member.pid not in (None, kill["pid"]) and beat.get("pid") == member.pid
            if "recovered_after_s" not in kill and alive and beat.get("state") == "running" and beat.get("partitions"):
                kill["recovered_after_s"] = round(self.now() - kill["at_s"], 2)
        time.sleep(0.05)


def drained(settings: Settings) -> bool:
    """Whether the group's commits are at the log's end."""
    broker = KafkaBroker(settings)
    numbers = list(range(broker.topic(10).partitions))
    commits, ends = broker.committed(numbers, 10), broker.log_ranges(numbers, 10)
    return all((commit := commits[n]) is not None and commit.offset >= ends[n].end for n in numbers)


def tidemark(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "orchestration.cli", *arguments]


def run(plan: Plan, state: Path, say: Callable[[str], None] = print) -> Figures:
    with running(state, say=say) as platform:
        client = connect(platform.project, platform.rest_endpoint)
        migrate(client, platform.project, platform.dataset, say)
        publish_reference(client, platform.dataset, plan.seed, datetime.now(UTC), say)
        environment = platform.environment()
        crew = Crew(state, {**os.environ, **environment}, plan.members, say)
        crew.start()
        await_condition(lambda: crew.tend() or crew.ready(), 60, "members at work")
        arguments = ("--rate", str(plan.rate), "--seconds", str(plan.seconds), "--seed", str(plan.seed))
        with (state / "logs" / "produce.log").open("wb") as log:
            producer = subprocess.Popen(tidemark("produce", "--state", str(state), *arguments), stdout=log, stderr=log)
        storm = Storm(platform, crew, plan)
        while producer.poll() is None or storm.due:
            storm.tend()
        began, settings = storm.now(), Settings.from_environment(environment)
        await_condition(lambda: storm.tend() or drained(settings), DRAIN_S, "everything landed")
        storm.figures.drained_after_s = round(storm.now() - began, 1)
        crew.terminate()
        said = subprocess.run(
            tidemark("audit", "--state", str(state), "--json"), check=False, capture_output=True, text=True
        )
        storm.figures.audit = json.loads(said.stdout) if said.stdout else {"verdict": said.stderr}
        return storm.figures


def await_condition(met: Callable[[], object], limit_s: float, what: str) -> None:
    deadline = time.monotonic() + limit_s
    while not met():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_s:g} s: {what}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in vars(Plan()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    parser.add_argument("--state", type=Path, default=None)
    arguments = vars(parser.parse_args())
    state = arguments.pop("state") or Path(tempfile.mkdtemp(prefix="tidemark-storm-"))
    figures = run(Plan(**arguments), state)
    print(json.dumps(vars(figures) | {"recovery_seconds": figures.recovery_seconds(), "state": str(state)}, indent=1))
    return 0 if figures.audit.get("verdict") == "PASS" else 1


if __name__ == "__main__":
    sys.exit(main())
