"""`report.json`: what a demo came to, in plain types. docs/demo-report.md describes every field."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any, Final

import polars as pl

from audit.model import Report as Audit
from sandbox.demo import latency
from sandbox.demo.control import BROUGHT_BACK_S, Replay, as_json, shortcomings
from sandbox.demo.options import Options
from sandbox.demo.samples import Census
from sandbox.demo.stream import Kill

COURSE_POINTS: Final = 600
"""Points of the course at most: one a second in ten minutes."""
_PACKAGES: Final = ("tidemark", "polars", "confluent-kafka", "google-cloud-bigquery-storage", "bqemulator", "duckdb")


@dataclass(frozen=True, slots=True)
class Spent:
    """What processes used. CPU in seconds; `window_s` is from the order to produce to the end of the drain."""

    cpu_s: float
    startup_cpu_s: float
    window_cpu_s: float
    window_s: float
    peak_rss_bytes: int
    producer_cpu_s: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was measured, before it is summed up."""

    options: Options
    began_us: int
    """When the order to produce was given."""
    summary: dict[str, Any]
    """The producer's."""
    events: pl.DataFrame
    """Measured events with occurred_us, broker_ms, loaded_us, queryable_us."""
    samples: pl.DataFrame
    blocks: pl.DataFrame
    censuses: list[Census]
    kills: list[Kill]
    spent: Spent
    to_first_row_s: float
    total_s: float
    probe_busy_s: float
    missing: str | None
    """What the drain was still waiting for when it gave up."""
    audit: Audit
    replay: Replay
    landed: Mapping[date, int]
    """Live rows by business date, of the days that were replayed."""
    plane_bytes: int
    """Resident memory of Dagster's processes at the end of the stream."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """One kill and what followed, microseconds since the epoch; None: it did not."""

    kill: Kill
    resumed_us: int | None
    recovered_us: int | None

    def as_json(self) -> dict[str, Any]:
        """Seconds from the kill."""
        resumed_s = _seconds(self.kill.killed_us, self.resumed_us)
        return {
            "member": self.kill.member,
            "pid": self.kill.pid,
            "next_pid": self.kill.next_pid,
            "restarted_by": "supervisor" if self.kill.next_pid is not None else None,
            "restart_seconds": _seconds(self.kill.killed_us, self.kill.next_us),
            "within_contract": resumed_s is not None and resumed_s <= BROUGHT_BACK_S,
            "first_row_seconds": _seconds(self.kill.killed_us, self.resumed_us),
            "recovery_seconds": _seconds(self.kill.killed_us, self.recovered_us),
        }


def recoveries(kills: list[Kill], lags: pl.DataFrame, blocks: pl.DataFrame) -> list[Recovery]:
    """When the killed member's partitions had a new row, and when the view had caught up."""
    found = []
    for kill in kills:
        fresh = blocks.filter(pl.col("partition").is_in(kill.partitions), pl.col("loaded_us") > kill.killed_us)
        resumed = None if fresh.is_empty() else int(fresh.select(pl.col("loaded_us").min()).item())
        recovered = None if resumed is None else latency.recovered_us(lags, kill.killed_us, resumed)
        found.append(Recovery(kill, resumed, recovered))
    return found


def build(evidence: Evidence) -> dict[str, Any]:
    """The report as a plain object."""
    lags = latency.lag_seconds(evidence.events, evidence.samples)
    found = recoveries(evidence.kills, lags, evidence.blocks)
    last = evidence.censuses[-1].at_us if evidence.censuses else evidence.began_us
    disturbed = [(one.kill.killed_us, one.recovered_us or last) for one in found]
    missing = _not_brought_back(found)
    wrong = [*missing, *shortcomings(evidence.replay, evidence.landed)]
    passed = evidence.audit.passed and evidence.missing is None and not wrong
    return {
        "verdict": "PASS" if passed else "FAIL",
        "shortcomings": wrong,
        "rate": _rate(evidence),
        "events": evidence.audit.events,
        "quarantined_by_reason": evidence.audit.quarantined_by_reason,
        "latency_ms": latency.summary(evidence.events, disturbed),
        "consumer": _consumer(evidence, found),
        "seconds": {
            "to_first_row": round(evidence.to_first_row_s, 2),
            "produced": evidence.summary["seconds"],
            "total": round(evidence.total_s, 2),
        },
        "recoveries": [one.as_json() for one in found],
        "dagster": {"resident_mb": round(evidence.plane_bytes / 1e6, 1)},
        "replay": as_json(evidence.replay, evidence.landed),
        "not_drained": evidence.missing,
        "probe": _probe(evidence),
        "settings": _settings(evidence.options),
        "machine": machine(),
        "audit": evidence.audit.as_json(),
        "course": _course(evidence, lags),
    }


def _not_brought_back(found: list[Recovery]) -> list[str]:
    """A line for each killed member that nobody started again, or that never delivered again."""
    return [
        f"the supervisor did not bring {one.kill.member} back after the kill of process {one.kill.pid}"
        for one in found
        if one.kill.next_pid is None or one.resumed_us is None
    ]


def _rate(evidence: Evidence) -> dict[str, Any]:
    summary = evidence.summary
    return {
        "requested": evidence.options.rate,
        "produced": summary["produced_rate"],
        "held": summary["held_rate"],
        "behind_ms_max": summary["behind_ms_max"],
        "producer_cpu_seconds_per_million": _per_million(evidence.spent.producer_cpu_s, summary["acked"]),
    }


def _consumer(evidence: Evidence, found: list[Recovery]) -> dict[str, Any]:
    spent = evidence.spent
    times = [_seconds(one.kill.killed_us, one.recovered_us) for one in found]
    working = max(0.0, spent.cpu_s - spent.startup_cpu_s)
    return {
        "members": evidence.options.members,
        "rss_mb": round(spent.peak_rss_bytes / 1e6, 1),
        "cpu_seconds_per_million": _per_million(working, evidence.audit.events.get("landed", 0)),
        "cores_used": round(spent.window_cpu_s / max(spent.window_s, 0.001), 3),
        "startup_cpu_seconds": round(spent.startup_cpu_s, 2),
        "kills": len(found),
        "recovery_seconds": max((time for time in times if time is not None), default=None) if all(times) else None,
    }


def _probe(evidence: Evidence) -> dict[str, Any]:
    polls = evidence.samples.unique(["asked_us", "answered_us"])
    took = polls.select((pl.col("answered_us") - pl.col("asked_us")) / 1_000).to_series()
    return {
        "polls": len(polls),
        "query_ms": latency.percentiles(took),
        "busy": round(evidence.probe_busy_s / max(evidence.spent.window_s, 0.001), 3),
    }


def _settings(options: Options) -> dict[str, Any]:
    return {
        "rate": options.rate,
        "duration": options.seconds,
        "members": options.members,
        "seed": options.seed,
        "bad": options.bad,
        "duplicates": options.duplicates,
        "late": options.late,
    }


def machine() -> dict[str, Any]:
    """Where it ran: what a figure means nothing without."""
    return {
        "cpus": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "warehouse": "bqemulator (emulator): figures are of this client on this machine, not of BigQuery",
        "packages": {name: version(name) for name in _PACKAGES},
    }


def _course(evidence: Evidence, lags: pl.DataFrame) -> list[dict[str, Any]]:
    """A point a second for drawing: table and log from the counts, seconds behind from the probe of the view."""
    behind = {int((row[0] - evidence.began_us) // 1_000_000): row[1] for row in lags.select("asked_us", "lag_s").rows()}
    course: dict[int, dict[str, Any]] = {}
    for census in evidence.censuses:
        second = (census.at_us - evidence.began_us) // 1_000_000
        course[second] = {
            "second": second,
            "logged": census.logged,
            "landed": census.landed,
            "lag": census.lag,
            "behind_seconds": behind.get(second),
        }
    points = list(course.values())
    return points[:: max(1, -(-len(points) // COURSE_POINTS))]


def _per_million(seconds: float, events: int) -> float | None:
    return round(seconds / events * 1e6, 1) if events else None


def _seconds(start_us: int, end_us: int | None) -> float | None:
    return None if end_us is None else round((end_us - start_us) / 1e6, 2)
