"""The edge of the checks where the service does not answer: one line, whatever Google's client raises."""

from datetime import UTC, datetime

import pytest
from dagster._grpc.client import DEFAULT_SENSOR_GRPC_TIMEOUT  # noqa: TID251 - Dagster's own limit is what counts
from google.api_core.exceptions import BadRequest, Forbidden, NotFound, RetryError
from requests.exceptions import ConnectionError as NoConnection

from assets.checks import gaps
from assets.checks.ask import CheckNotAsked, ask, evaluate
from assets.checks.catalogue import CHECKS
from assets.checks.thresholds import Thresholds
from assets.warehouse.client import CALL_TIMEOUT_S, PATIENCE_S
from orchestration.schedules.facts import TIME_LIMIT_S

pytestmark = pytest.mark.integration  # Google's packages take a second to import

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
COMPLETENESS = next(check for check in CHECKS if check.name == "completeness")
CLOSED_DAYS = next(check for check in CHECKS if check.name == "completeness_closed_days")
GAP = {"kafka_topic_id": "t", "kafka_partition": 0, "lowest": 0, "highest": 9, "landed": 8}


class Client:
    """Google's client that answers with lists in turn, or raises."""

    project = "p"

    def __init__(self, *answers):
        self.answers, self.limits, self.waits = list(answers), [], []

    def query(self, sql, job_config=None, timeout=None, **_):
        self.limits.append(job_config.maximum_bytes_billed)
        self.waits.append(timeout)
        return self

    def result(self, timeout=None, **_):
        self.waits.append(timeout)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("raised", "says"),
    [
        (TimeoutError(), "no answer within 5 s"),
        (BadRequest("Query exceeded limit for bytes billed: 10485760. 52428800 or higher required."), "bytes billed"),
        (NotFound("Not found: Table p:d.payments_landing\nLocation: EU\n\nJob ID: 1"), "payments_landing"),
        (Forbidden("Access Denied: Project p"), "Access Denied"),
        (RetryError("Timeout of 10.0s exceeded", cause=None), "exceeded"),
        (NoConnection("connection refused"), "refused"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_failure_is_one_line(raised, says):
    with pytest.raises(CheckNotAsked, match=says) as caught:
        ask(Client(raised), "SELECT 1", 10, 5)
    assert "\n" not in str(caught.value)


def test_a_sensors_question_is_over_before_dagster_gives_its_look_up():
    """A look that Dagster breaks off fails the tick; one that takes its line says that nobody answered."""
    client = Client([])
    ask(client, "SELECT 1", 10, TIME_LIMIT_S)
    assert sum(client.waits) + PATIENCE_S < DEFAULT_SENSOR_GRPC_TIMEOUT == 60
    ask(client := Client([]), "SELECT 1", 10, 120.0)
    assert client.waits == [CALL_TIMEOUT_S, 120.0]


def test_a_check_that_got_no_answer_does_not_pass():
    for check in CHECKS:
        verdict = evaluate(Client(NotFound("no table")), "d", check, check.cadence.days(NOW))
        assert (verdict.passed, verdict.severity) == (False, "WARN")
        assert "no table" in verdict.line


@pytest.mark.parametrize(("check", "ceiling"), [(COMPLETENESS, 1_000), (CLOSED_DAYS, 2_000)])
def test_every_question_of_completeness_has_the_ceiling_of_its_cadence(check, ceiling):
    limits = Thresholds(hourly_bytes=1_000, daily_bytes=2_000)
    late = [{"kafka_topic_id": "t", "kafka_partition": 0, "late": 2}]
    client = Client([GAP], late)
    assert evaluate(client, "d", check, check.cadence.days(NOW), thresholds=limits).passed
    assert client.limits == [ceiling] * 2


def test_a_second_question_without_an_answer_leaves_it_open():
    verdict = evaluate(Client([GAP], TimeoutError()), "d", COMPLETENESS, COMPLETENESS.cadence.days(NOW))
    assert (verdict.passed, verdict.severity, verdict.line) == (False, "WARN", "not checked: no answer within 120 s")


def cut(delivered):
    """The verdict where one partition has more gaps than are looked at, and another one."""
    gap = {"kafka_topic_id": "t", "kafka_partition": 0}
    found = [gap | {"lowest": at, "highest": at} for at in range(1, gaps.MOST, 2)]
    rows = [GAP | {"highest": 99_999, "landed": 1}, GAP | {"kafka_partition": 1}]
    client = Client(rows, [], [*found, gap | {"kafka_partition": 1, "lowest": 5, "highest": 6}])
    return evaluate(client, "d", CLOSED_DAYS, CLOSED_DAYS.cadence.days(NOW), delivered=delivered)


def test_more_gaps_than_are_looked_at_leave_it_open_unless_a_record_is_missing():
    verdict = cut(lambda topic, partition, ranges: 0)
    assert (verdict.passed, verdict.severity) == (False, "WARN")
    assert verdict.line == "not checked: more than 10,000 gaps on partition 0; only the newest were looked at"
    verdict = cut(lambda topic, partition, ranges: partition)
    assert (verdict.passed, verdict.severity, verdict.facts["missing"]) == (False, "ERROR", 1)
