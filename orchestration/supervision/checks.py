"""The live stream's checks as Dagster defines them: a look at the heartbeats now, from the page of `payments`.

The sensor reports the same checks every minute without a run; these are for whoever does not want to wait.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from orchestration.resources import StreamResource
from orchestration.supervision.judging import CHECKS, judge
from orchestration.supervision.model import Cursor
from orchestration.supervision.tick import Stream, look

PAYMENTS = dg.AssetKey("payments")


@dg.multi_asset_check(
    name="stream_checks",
    specs=[dg.AssetCheckSpec(name, asset=PAYMENTS, description=says) for name, says in CHECKS.items()],
)
def stream_checks(stream: StreamResource) -> Iterator[dg.AssetCheckResult]:
    """Look once, without touching any member; counts are since each member's start."""
    watched = Stream(
        Path(stream.state_dir), stream.environment, observe_only=stream.observe_only, expected=stream.members
    )
    metrics, complaints = look(watched, Cursor(), datetime.now(UTC))
    for verdict in judge(metrics, complaints):
        yield dg.AssetCheckResult(
            asset_key=PAYMENTS,
            check_name=verdict.check,
            passed=verdict.passed,
            severity=dg.AssetCheckSeverity[verdict.severity],
            description=verdict.says,
            metadata={name: value for name, value in verdict.figures.items() if value is not None},
        )
