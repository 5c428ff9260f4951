"""Steady load: the sandbox's producer at a rate, one consumer, the emulator; CPU, memory and latency over time."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from statistics import median
from typing import Any, Final

from benchmarks.payments import PARTITIONS
from benchmarks.site import Site
from benchmarks.watching import Sample, Watch
from sandbox.demo.consumers import Crew
from sandbox.demo.producing import Order, Source
from sandbox.platform import kafka
from sandbox.producer.planning import Mix

READY_S: Final = 120.0
WARM_S: Final = 10.0
"""Left out at the beginning, at most a quarter of the length: imports and first windows."""
TAIL_S: Final = 3.0
"""Left out at the end, at most a third: the producer began before the first row was seen, and ends before."""


def measure(site: Site, dataset: dict[str, str], rate: int, seconds: int, every_s: float = 1.0) -> dict[str, Any]:
    """Figures at `rate` events a second over `seconds`, with a point each `every_s` seconds, on a topic of its own."""
    name = f"steady_{rate}_{seconds}"
    kafka.create_topic(site.platform.bootstrap_servers, name, PARTITIONS, site.log("kafka"))
    settings = {**site.environment(name), **dataset, "TIDEMARK_KAFKA_TOPIC": name}
    crew = Crew(site.folder / name, settings, 1)
    watch = Watch(crew, site.platform)
    try:
        crew.start()
        watch.until(lambda _: crew.ready(), READY_S, "the consumer at work")
        with _producer(site, name, rate, seconds) as source:
            points = _watched(watch, every_s, seconds)
            behind_ms = source.look().get("behind_ms")
    finally:
        crew.terminate()
    found = summary(points, min(WARM_S, seconds / 4))
    return {
        "rate": rate, "seconds": seconds, **found, "producer_behind_ms": behind_ms, "points": _table(points)
    }  # fmt: skip


@contextmanager
def _producer(site: Site, topic: str, rate: int, seconds: int) -> Iterator[Source]:
    source = Source(site.folder / topic, site.environment(topic))
    try:
        mix = Mix()
        key = site.platform.environment()["TIDEMARK_MAC_KEY"]
        source.order(
            Order(
                bootstrap=site.platform.bootstrap_servers,
                topic=topic,
                mac_key=key,
                rate=rate,
                seconds=seconds,
                seed=site.seed,
                bad=mix.bad,
                duplicates=mix.duplicates,
                late=mix.late,
            )
        )
        yield source
    finally:
        source.end()


def _watched(watch: Watch, every_s: float, seconds: int) -> list[Sample]:
    """Samples from the first landed row until shortly before the producer ends."""
    began = watch.until(lambda sample: sample.rows > 0, READY_S, "a first row")
    points, following = [began], began.at + every_s
    while time.monotonic() < began.at + max(seconds - TAIL_S, seconds * 0.7):
        time.sleep(max(0.0, min(0.25, following - time.monotonic())))
        sample = watch.look()
        if sample.at >= following:
            points.append(sample)
            following += every_s
    return points


def summary(points: list[Sample], warm_s: float) -> dict[str, Any]:
    """Cores used by each, memory, latency, file descriptors and threads, without the first `warm_s` seconds. Growth is
    from the median of the first third to that of the last one."""
    steady = [point for point in points if point.at - points[0].at >= warm_s] or points
    first, last = steady[0], steady[-1]
    seconds = max(1e-3, last.at - first.at)
    p95 = [point.p95_ms for point in steady if point.p95_ms is not None]
    return {
        "landed_per_second": round((last.rows - first.rows) / seconds),
        "cores": {
            "consumer": round((last.consumer_cpu_s - first.consumer_cpu_s) / seconds, 3),
            "broker": round((last.broker_cpu_s - first.broker_cpu_s) / seconds, 3),
            "emulator": round((last.emulator_cpu_s - first.emulator_cpu_s) / seconds, 3),
        },
        "p95_ms": {"median": round(median(p95)), "max": round(max(p95))} if p95 else None,
        "rss_mb": _growth([point.rss_mb for point in steady]),
        "fds": _growth([point.fds for point in steady]),
        "threads": _growth([point.threads for point in steady]),
    }


def _growth(values: Sequence[float]) -> dict[str, int]:
    third = max(1, len(values) // 3)
    early, late = median(values[:third]), median(values[-third:])
    return {"early": round(early), "late": round(late), "max": round(max(values))}


def _table(points: list[Sample]) -> list[list[float | None]]:
    """`[second, rss MB, consumer's cores since the point before, p95 ms, file descriptors, threads]` for each point but
    the first."""
    rows: list[list[float | None]] = []
    for before, point in pairwise(points):
        cores = (point.consumer_cpu_s - before.consumer_cpu_s) / max(1e-3, point.at - before.at)
        second = round(point.at - points[0].at, 1)
        rows.append([second, round(point.rss_mb, 1), round(cores, 3), point.p95_ms, point.fds, point.threads])
    return rows
