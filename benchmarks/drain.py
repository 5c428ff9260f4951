"""A backlog through broker, real consumer processes and a warehouse: the emulator, or one that only counts."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.counted import CountingWarehouse, unbroken
from benchmarks.site import Site
from benchmarks.watching import Sample, Watch
from sandbox.demo.consumers import Crew
from streaming.member_process import MEMBER_COMMAND

COUNTING_COMMAND: Final = (sys.executable, "-m", "benchmarks.counting_member")
READY_S: Final = 120.0
SLOWEST_PER_S: Final = 2_000
"""A drain slower than this is stuck."""
FEWEST: Final = 4
"""Moments with another count of rows that a rate can be taken from without start and end."""


def into_emulator(site: Site, members: int, events: int) -> dict[str, Any]:
    """Drain all of the topic by `members` processes of the product into a new dataset."""
    name = f"drain_emulator_{members}"
    with site.dataset(name) as settings, _crew(site, name, settings, members, MEMBER_COMMAND) as crew:
        watch = Watch(crew, site.platform)
        return {"warehouse": "emulator", "members": members, **_drained(watch, events)}


def into_memory(site: Site, members: int, events: int) -> dict[str, Any]:
    """Drain all of the topic into a warehouse that checks and counts; every offset exactly once, or ValueError."""
    name = f"drain_memory_{members}"
    folder, settings = site.counting(name)
    warehouse = CountingWarehouse(folder)
    with _crew(site, name, settings, members, COUNTING_COMMAND) as crew:
        figures = _drained(Watch(crew, site.platform, warehouse.rows), events)
    landed = unbroken(warehouse.appends())
    if landed != events:
        raise ValueError(f"{landed:,} rows of {events:,} events")
    appends = sum(len(held) for _, held in warehouse.appends())
    return {"warehouse": "counting", "members": members, **figures, "rows_per_append": round(landed / appends)}


@contextmanager
def _crew(site: Site, name: str, settings: dict[str, str], members: int, command: tuple[str, ...]) -> Iterator[Crew]:
    state: Path = site.folder / name
    crew = Crew(state, {**site.environment(name), **settings}, members, command=command)
    try:
        crew.start()
        yield crew
    finally:
        crew.terminate()


def _drained(watch: Watch, events: int) -> dict[str, Any]:
    started = time.monotonic()
    ready = watch.until(lambda sample: watch.crew.ready() or sample.rows >= events, READY_S, "members at work")
    limit_s = READY_S + events / SLOWEST_PER_S
    end = watch.until(lambda sample: sample.rows >= events, limit_s, f"{events:,} events landed")
    if end.rows != events:
        raise ValueError(f"{end.rows:,} rows of {events:,} events")
    return {"events": events, "seconds": round(end.at - started, 1), **figures(watch.moved(), ready.at)}


def figures(moved: list[Sample], ready_at: float) -> dict[str, Any]:
    """Rate and CPU between the first and the last moment at full work; start-up and the last block are left out
    where the drain is long enough."""
    inner = [sample for sample in moved if sample.at >= ready_at and sample.rows]
    if len(inner) > FEWEST:
        inner = inner[:-1]
    first, last = (inner[0], inner[-1]) if len(inner) >= FEWEST else (moved[0], moved[-1])
    rows, seconds = max(1, last.rows - first.rows), max(1e-3, last.at - first.at)
    return {
        "measured_rows": rows,
        "per_second": round(rows / seconds),
        "cpu_s_per_million": {
            "consumer": round((last.consumer_cpu_s - first.consumer_cpu_s) / rows * 1e6, 2),
            "broker": round((last.broker_cpu_s - first.broker_cpu_s) / rows * 1e6, 2),
            "emulator": round((last.emulator_cpu_s - first.emulator_cpu_s) / rows * 1e6, 2),
        },
        "peak_rss_mb": round(max(sample.rss_mb for sample in moved)),
    }
