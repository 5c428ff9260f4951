"""The three-way ledger as an executable check of `payments`, for whoever asks from the page; on no schedule.

An emulator keeps no WRITE_API_TIMELINE, and only the sandbox has a producer's ledger: without one of them the check
says so and does not pass.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import dagster as dg

from assets.checks.ask import CheckNotAsked, ask
from assets.checks.three_ways import (
    SETTLED_AFTER,
    Consumed,
    Produced,
    Timeline,
    ceiling,
    compare,
    landing_statement,
    timeline_statement,
)
from assets.checks.thresholds import SEVERITY_OF_SILENCE, THRESHOLDS
from assets.checks.verdict import Row, Verdict
from assets.warehouse.refusals import said_by
from assets.warehouse.size import kept_rows
from orchestration.checks.reporting import Clock, metadata, severity
from orchestration.resources import StreamResource, WarehouseResource
from orchestration.supervision.facts import observed

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

NAME: Final = "three_way_ledger"
FRESH: Final = timedelta(seconds=10)
"""As observers take a heartbeat for one of a living process; which ones live makes no difference to their counts."""


def three_way_ledger(now: Clock = lambda: datetime.now(UTC)) -> dg.AssetChecksDefinition:
    """The check. Takes the resources `warehouse` and `stream`."""

    @dg.asset_check(
        asset=dg.AssetKey("payments"),
        name=NAME,
        description="The producer's ledger, the members' own counts and BigQuery's own count agree with landing",
    )
    def execute(warehouse: WarehouseResource, stream: StreamResource) -> dg.AssetCheckResult:
        verdict = judged(warehouse, Path(stream.state_dir), now())
        return dg.AssetCheckResult(
            passed=verdict.passed,
            severity=severity(verdict),
            description=verdict.line,
            metadata=metadata(verdict),
        )

    return execute


def judged(warehouse: WarehouseResource, state_dir: Path, now: datetime) -> Verdict:
    """Read the books and compare them. In this order: what members counted has landed, what landed was sent."""
    client = warehouse.client()
    most = ceiling(kept_rows(client, warehouse.dataset), THRESHOLDS.daily_bytes)
    end = now.replace(hour=0, minute=0, second=0, microsecond=0)
    start, absent = end - timedelta(days=1), []
    if (consumed := members_counts(state_dir, now)) is None:
        absent.append("members' heartbeats of the last day")
    try:
        statement = landing_statement(f"{client.project}.{warehouse.dataset}", now.date(), start, end)
        rows = _asked(client, statement, most)
        timeline = None if warehouse.rest_endpoint else _timeline(client, warehouse.dataset, start, end)
    except CheckNotAsked as silence:
        return Verdict(False, SEVERITY_OF_SILENCE, {}, f"not checked: {silence}")
    if timeline is None:
        absent.append("BigQuery's WRITE_API_TIMELINE, which an emulator does not keep")
    if (produced := producers_ledger(sorted((state_dir / "ledger").glob("*.jsonl")), now - SETTLED_AFTER)) is None:
        absent.append("a producer's ledger")
    return compare(rows, produced, consumed, timeline, absent)


def members_counts(state_dir: Path, now: datetime) -> Consumed | None:
    """What the heartbeats count, each since its process started: the least that was landed. None without any."""
    beats = [fact.beat for fact in observed(state_dir, now, FRESH) if fact.beat is not None]
    if not beats:
        return None
    counted: Counter[str] = Counter()
    for beat in beats:
        counted.update(beat.by_status)
    return Consumed(counted, sum(beat.counters.get("skipped_at_recovery", 0) for beat in beats))


def producers_ledger(paths: Sequence[Path], settled_before: datetime) -> Produced | None:
    """What the ledgers count, which may still grow. None without any."""
    from sandbox.producer.ledger import read

    if not paths:
        return None
    topics, results, intents, settled = set(), Counter[str](), 0, 0
    latest = int(settled_before.timestamp() * 1000)
    for path in paths:
        for line in read(path):
            match line["kind"]:
                case "run":
                    topics.add(line["topic_id"])
                case "intent":
                    intents += 1
                case "outcome":
                    results[line["result"]] += 1
                    settled += line["result"] == "acked" and line["broker_ms"] <= latest
    unknown = intents - results["acked"] - results["failed"]
    return Produced(settled, results["acked"], unknown, frozenset(topics))


def _timeline(client: "Client", dataset: str, start: datetime, end: datetime) -> Timeline:
    """Raises CheckNotAsked."""
    from google.api_core.exceptions import GoogleAPICallError, RetryError

    where = f"{client.project}.{dataset}"
    try:
        location = str(client.get_dataset(where, timeout=THRESHOLDS.time_limit_s).location)
    except (GoogleAPICallError, RetryError, OSError) as error:
        raise CheckNotAsked(said_by(error)) from None
    rows = _asked(client, timeline_statement(where, location, start, end), THRESHOLDS.daily_bytes)
    return Timeline(int(rows[0]["written"]))


def _asked(client: "Client", sql: str, maximum_bytes: int) -> list[Row]:
    return ask(client, sql, maximum_bytes, THRESHOLDS.time_limit_s)
