"""Consumer processes while they work: CPU of everybody involved, memory and rows, sampled several times a second."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import psutil

from sandbox.demo.consumers import Crew
from sandbox.platform.instance import RunningPlatform

EVERY_S: Final = 0.1


class Stuck(Exception):
    """The consumer does not get on; one line that says how far it is and what it said."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at everything. Seconds are monotonic, CPU is cumulative."""

    at: float
    rows: int
    consumer_cpu_s: float
    broker_cpu_s: float
    emulator_cpu_s: float
    rss_mb: float
    """Of all members together."""
    p95_ms: float | None = None
    fds: int = 0
    """File descriptors open in all members together, sockets included."""
    threads: int = 0


@dataclass(slots=True)
class Watch:
    """Samples of a crew at work. `rows` says how many rows are landed; without it the heartbeats do."""

    crew: Crew
    platform: RunningPlatform
    rows: Callable[[], int] | None = None
    samples: list[Sample] = field(default_factory=list)

    def look(self) -> Sample:
        """Look once and remember it."""
        self.crew.tend()
        if refusals := self.crew.refusals():
            raise Stuck(refusals[0])
        beats = self.crew.beats()
        rows = self.rows() if self.rows else sum(beat.get("rows_landed", 0) for beat in beats.values())
        processes = [psutil.Process(member.pid) for member in self.crew.members if member.pid]
        self.samples.append(
            Sample(
                at=time.monotonic(),
                rows=rows,
                consumer_cpu_s=sum(map(_cpu_s, processes)),
                broker_cpu_s=_cpu_s(psutil.Process(self.platform.kafka_pid)),
                emulator_cpu_s=_cpu_s(psutil.Process(self.platform.bigquery_pid)),
                rss_mb=sum(process.memory_info().rss for process in processes) / 2**20,
                p95_ms=_p95(beats),
                fds=sum(process.num_fds() for process in processes),
                threads=sum(process.num_threads() for process in processes),
            )
        )
        return self.samples[-1]

    def until(self, met: Callable[[Sample], bool], limit_s: float, what: str) -> Sample:
        """Look until a sample satisfies `met`. Raises Stuck."""
        deadline = time.monotonic() + limit_s
        while not met(sample := self.look()):
            if time.monotonic() > deadline:
                raise Stuck(f"not within {limit_s:g} s: {what} ({sample.rows:,} rows landed; {_states(self.crew)})")
            time.sleep(EVERY_S)
        return sample

    def moved(self) -> list[Sample]:
        """The first sample of each new count of rows: what happens between two of them is known exactly."""
        found: list[Sample] = []
        for sample in self.samples:
            if not found or sample.rows != found[-1].rows:
                found.append(sample)
        return found


def process_cpu_s(pid: int) -> float:
    """User and system CPU seconds of a process so far."""
    return _cpu_s(psutil.Process(pid))


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _p95(beats: dict[str, dict[str, Any]]) -> float | None:
    known = [p95 for beat in beats.values() if (p95 := (beat.get("latency_ms") or {}).get("p95")) is not None]
    return max(known, default=None)


def _states(crew: Crew) -> str:
    return ", ".join(f"{name} {beat.get('state')}" for name, beat in crew.beats().items()) or "no heartbeat"
