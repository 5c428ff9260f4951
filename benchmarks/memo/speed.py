"""Figures of how fast the pipeline is and what it takes: steady loads, drains, and other engines on the same job."""

import re
from collections.abc import Sequence
from typing import Any

from benchmarks.memo.figure import Document, Figure, Tree, hundredth, tenth, whole
from benchmarks.peers import figures as peers


def bench(source: Document) -> Tree:
    """Machine, steady loads, drains."""
    return {
        "machine": _machine(source),
        "steady": [_load(source, f"steady.{number}") for number in range(len(source.at("steady")))],
        "drain": [_drain(source, f"drain.{number}") for number in range(len(source.at("drain")))],
    }


def soak(source: Document) -> Tree:
    """The last long load alone."""
    return {"machine": _machine(source), **_load(source, "soak")}


def _machine(source: Document) -> Tree:
    facts = {name: source.figure(f"machine.{name}") for name in ("cpu", "cores", "commit")}
    return {**facts, "date": source.figure("machine.date", lambda date: str(date)[:10])}


def _load(source: Document, key: str) -> dict[str, Figure]:
    shows = {
        "rate": whole,
        "seconds": whole,
        "landed_per_second": whole,
        "cores.consumer": hundredth,
        "p95_ms.median": whole,
        "p95_ms.max": whole,
        "rss_mb.early": whole,
        "rss_mb.late": whole,
    }
    return {name.replace(".", "_"): source.figure(f"{key}.{name}", show) for name, show in shows.items()}


def _drain(source: Document, key: str) -> dict[str, Any]:
    shows = {"members": whole, "per_second": whole, "cpu_s_per_million.consumer": tenth, "peak_rss_mb": whole}
    figures = {name.replace(".", "_"): source.figure(f"{key}.{name}", show) for name, show in shows.items()}
    return {"into": source.at(f"{key}.warehouse"), "alone": source.at(f"{key}.members") == 1, **figures}


def peer(number: int, one: peers.Peer) -> Tree:
    """Another engine: what was measured of it, None for what was not."""
    source = Document("benchmarks/peers/measured.yaml", None)
    key = f"measured.{number}"

    def figure(name: str, value: object, shown: str) -> Figure:
        return Figure(shown, str(value), source.file, f"{key}.{name}", "measured")

    cpu, latency, memory = one.cpu_s_per_million, one.latency_p95_ms, one.rss_mb
    return {
        "name": one.name,
        "version": one.version,
        "events": figure("events_per_s", one.events_per_s, _range(one.events_per_s, whole)),
        "cpu": None if cpu is None else figure("cpu_s_per_million", cpu, _range(cpu, tenth)),
        "rss": None if memory is None else figure("rss_mb", memory, whole(memory)),
        "p95": None if latency is None else figure("latency_p95_ms", latency, whole(latency)),
    }


def peers_rate(found: Sequence[peers.Peer]) -> Figure:
    """Events a second at which all latencies of peers were taken. Raises ValueError if they differ."""
    said = {
        match[1]
        for each in found
        for match in [re.search(r"p95 to the sink at ([\d,]+) events/s", each.conditions)]
        if match
    }
    if len(said) != 1:
        raise ValueError(f"benchmarks/peers/measured.yaml: latencies at {', '.join(sorted(said)) or 'no rate'}")
    rate = said.pop()
    return Figure(f"{rate}/s", rate, "benchmarks/peers/measured.yaml", "measured[].conditions", "measured")


def _range(ends: tuple[float, float], show: Any) -> str:
    low, high = map(show, ends)
    return str(low) if low == high else f"{low}–{high}"
