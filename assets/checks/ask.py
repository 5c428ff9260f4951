"""The edge of the checks: run a statement under a ceiling of bytes and a time limit, hand its rows to the judge."""

from collections.abc import Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from assets.checks import completeness, gaps
from assets.checks.catalogue import Check
from assets.checks.gaps import Delivered
from assets.checks.thresholds import SEVERITY_OF_SILENCE, THRESHOLDS, Thresholds
from assets.checks.verdict import Row, Verdict
from assets.warehouse.client import CALL_TIMEOUT_S, patience
from assets.warehouse.refusals import said_by
from streaming.ports import BrokerError

if TYPE_CHECKING:
    from google.cloud.bigquery import Client  # noqa: TID251  # a type only: whoever has a client has paid the import


class CheckNotAsked(Exception):
    """A statement gave no answer: refused, too dear, too slow, or nobody there. One line without values."""


def ask(client: "Client", sql: str, maximum_bytes: int, time_limit_s: float) -> list[Row]:
    """Run one query. Raises CheckNotAsked; the job is cancelled by the service when its time is over."""
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.bigquery import QueryJobConfig  # noqa: TID251  # ceiling and time limit of a query

    config = QueryJobConfig(maximum_bytes_billed=maximum_bytes, job_timeout_ms=int(time_limit_s * 1000))
    again, at_once = patience(), min(CALL_TIMEOUT_S, time_limit_s)
    try:
        job = client.query(sql, job_config=config, retry=again, job_retry=None, timeout=at_once)
        return [dict(row) for row in job.result(retry=again, job_retry=None, timeout=time_limit_s)]
    except FutureTimeoutError:
        raise CheckNotAsked(f"no answer within {time_limit_s:g} s") from None
    except (GoogleAPICallError, RetryError, GoogleAuthError, OSError) as error:
        raise CheckNotAsked(said_by(error)) from None


def evaluate(
    client: "Client",
    dataset: str,
    check: Check,
    days: Sequence[date],
    *,
    thresholds: Thresholds = THRESHOLDS,
    delivered: Delivered | None = None,
) -> Verdict:
    """Ask and judge one check; `dataset` without the project, which is the client's. Raises nothing of the service.

    What could not be asked does not pass: nobody knows. `delivered` reads offsets that have no row and is needed only
    where producers are transactional; without it each of them counts as a record that is missing.
    """
    where = f"{client.project}.{dataset}"
    ceiling = check.cadence.ceiling(thresholds)
    try:
        rows = ask(client, check.statement(where, days), ceiling, thresholds.time_limit_s)
        if not check.back:
            return check.judge(rows, thresholds)
        further = _Further(client, where, check, days, thresholds)
        return _complete(further, rows, delivered)
    except CheckNotAsked as silence:
        return Verdict(False, SEVERITY_OF_SILENCE, {}, f"not checked: {silence}")


@dataclass(frozen=True, slots=True)
class _Further:
    """What the further questions of completeness are asked with."""

    client: "Client"
    where: str
    check: Check
    days: Sequence[date]
    thresholds: Thresholds

    def ask(self, sql: str) -> list[Row]:
        return ask(self.client, sql, self.check.cadence.ceiling(self.thresholds), self.thresholds.time_limit_s)


def _complete(further: _Further, rows: Sequence[Row], delivered: Delivered | None) -> Verdict:
    """The further questions of completeness: are the missing records late ones of earlier days, and if too few are, are
    there records at all where no row is?"""
    check, days = further.check, further.days
    second = completeness.late_statement(further.where, days, rows, check.back)
    rows = completeness.with_late(rows, further.ask(second)) if second else rows
    verdict, short = check.judge(rows, further.thresholds), completeness.short(rows)
    if verdict.passed or delivered is None:
        return verdict  # few without a row are not worth reading six days for, each hour
    ranges = gaps.by_lane(further.ask(gaps.statement(further.where, days, short, check.back)))
    try:
        counts = {lane: delivered(*lane, of_lane) for lane, of_lane in ranges.items()}
    except BrokerError as silence:
        raise CheckNotAsked(str(silence)) from None
    verdict = check.judge(completeness.with_delivered(rows, counts), further.thresholds)
    cut = [number for (_, number), of_lane in ranges.items() if len(of_lane) >= gaps.most(short)]
    if verdict.passed and cut:
        raise CheckNotAsked(
            f"more than {gaps.most(short):,} gaps on partition {cut[0]}; only the newest were looked at"
        )
    return verdict
