"""What `tidemark status` knows: platform.json with a look at each process, and the consumers' heartbeats."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.platform import bigquery, kafka
from sandbox.platform.instance import PlatformDown, PlatformFacts, load
from sandbox.platform.processes import is_alive

PROBE_WITHIN = 2.0
"""Seconds a service may take to answer before it counts as unresponsive."""
HEARTBEAT_WITHIN = timedelta(seconds=10)
"""Consumers write one each second; older ones are of the dead."""

_PERCENTILES = ("p50", "p95", "p99")


def status(state: Path, now: datetime) -> dict[str, Any]:
    """`{"kafka": {...}, "bigquery": {...}, "consumers": [...]}`; states: up, unresponsive, dead, down."""
    try:
        facts = load(state)
    except PlatformDown:
        kafka_part = {"bootstrap_servers": None, "topic": None, "state": "down"}
        bigquery_part = dict.fromkeys(("rest_endpoint", "grpc_endpoint", "project", "dataset")) | {"state": "down"}
        return {"kafka": kafka_part, "bigquery": bigquery_part, "consumers": heartbeats(state / "heartbeats", now)}
    return {
        "kafka": {
            "bootstrap_servers": facts.bootstrap_servers,
            "topic": facts.topic,
            "state": _kafka_state(facts),
            "pid": facts.kafka_pid,
        },
        "bigquery": {
            "rest_endpoint": facts.rest_endpoint,
            "grpc_endpoint": facts.grpc_endpoint,
            "project": facts.project,
            "dataset": facts.dataset,
            "state": _bigquery_state(facts),
            "pid": facts.bigquery_pid,
        },
        "consumers": heartbeats(state / "heartbeats", now),
    }


def _kafka_state(facts: PlatformFacts) -> str:
    if not is_alive(facts.kafka_pid):
        return "dead"
    return "up" if kafka.answers(facts.bootstrap_servers, PROBE_WITHIN) else "unresponsive"


def _bigquery_state(facts: PlatformFacts) -> str:
    if not is_alive(facts.bigquery_pid):
        return "dead"
    answered = bigquery.answers(facts.rest_endpoint, facts.grpc_endpoint, PROBE_WITHIN)
    return "up" if answered else "unresponsive"


def heartbeats(folder: Path, now: datetime) -> list[dict[str, Any]]:
    """One entry per member's heartbeat file; a stale one, or one of a dead process, has state `dead`.

    Who said `stopped` before it ended stays that: nothing is wrong with it.
    """
    consumers = []
    for path in sorted(folder.glob("*.json")):
        try:
            beat = json.loads(path.read_text())
            consumers.append(_consumer(beat, now))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not a heartbeat, or removed meanwhile
    return consumers


def _consumer(beat: dict[str, Any], now: datetime) -> dict[str, Any]:
    at = datetime.fromisoformat(beat["at"]).astimezone(UTC)
    alive = is_alive(int(beat["pid"])) and now - at <= HEARTBEAT_WITHIN
    said = beat.get("state", "running")
    latency = beat.get("latency_ms") or {}
    return {
        "pid": beat["pid"],
        "member": beat["member"],
        "partitions": beat.get("partitions", []),
        "lag": beat.get("lag"),
        "rows_landed": beat.get("rows_landed"),
        "latency_ms": {name: latency.get(name) for name in _PERCENTILES},
        "state": said if alive or said == "stopped" else "dead",
        "partition_states": beat.get("partition_states") or {},
        "halts": beat.get("halts") or [],
        "warnings": beat.get("warnings") or [],
        "at": beat["at"],
    }
