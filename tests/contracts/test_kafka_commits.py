"""Bookkeeping of commits on their way, and the log's rate limit: no broker needed."""

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError  # noqa: TID251  # the adapter's own input

from streaming.adapters import kafka_commits, kafka_config
from streaming.adapters.kafka_commits import Commits, from_client, sort_out
from streaming.adapters.kafka_config import Complaints, commit_outcome, consumer_config
from streaming.ports import Commit, CommitAnswer, CommitOutcome
from streaming.settings import Settings


def position(partition: int, offset: int, metadata: str | None = "", error: KafkaError | None = None) -> Any:
    return SimpleNamespace(partition=partition, offset=offset, metadata=metadata, error=error)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (None, CommitOutcome.APPLIED),
        (22, CommitOutcome.REBALANCING),
        (27, CommitOutcome.REBALANCING),
        (-180, CommitOutcome.REBALANCING),
        (25, CommitOutcome.FENCED),
        (82, CommitOutcome.DEAD),
        (-150, CommitOutcome.DEAD),
        (12, CommitOutcome.INVALID),
        (7, CommitOutcome.UNKNOWN),
        (-195, CommitOutcome.UNKNOWN),
        (-185, CommitOutcome.UNKNOWN),
        (424_242, CommitOutcome.UNKNOWN),
    ],
)
def test_codes(code: int | None, outcome: CommitOutcome) -> None:
    assert commit_outcome(code) is outcome


def test_an_answer_settles_the_commit_it_belongs_to() -> None:
    commits = Commits()
    commits.send({0: Commit(7, "a"), 1: Commit(8, "b")})
    commits.answered(None, [position(0, 7, "a\x00")])
    commits.answered(KafkaError(25), [position(1, 8, "b")])
    assert {answer.partition: answer.outcome for answer in commits.take()} == {
        0: CommitOutcome.APPLIED,
        1: CommitOutcome.FENCED,
    }
    assert commits.take() == []


def test_a_stale_answer_does_not_settle_a_newer_commit() -> None:
    commits = Commits()
    commits.send({0: Commit(7, "old stream")})
    commits.forget([0])
    commits.send({0: Commit(7, "new stream")})
    commits.answered(None, [position(0, 7, "old stream")])
    assert commits.take() == []
    commits.answered(None, [position(0, 7, "new stream")])
    assert [answer.outcome for answer in commits.take()] == [CommitOutcome.APPLIED]


def test_forgotten_answers_are_dropped() -> None:
    commits = Commits()
    commits.send({0: Commit(7, ""), 1: Commit(7, "")})
    commits.answered(None, [position(0, 7), position(1, 7)])
    commits.forget([0])
    assert [answer.partition for answer in commits.take()] == [1]


def test_a_commit_without_an_answer_is_unknown_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_commits, "ANSWER_LIMIT_S", -1.0)
    commits = Commits()
    commits.send({0: Commit(7, "")})
    (answer,) = commits.take()
    assert answer.outcome is CommitOutcome.UNKNOWN
    commits.send({0: Commit(8, "")})


def test_too_much_metadata_is_never_sent() -> None:
    fits, over = Commit(1, "é" * 4_095), Commit(2, "x" * 4_096)
    good, answers = sort_out({0: over, 1: fits, 2: Commit(3, "😀" * 2_048)})
    assert good == {1: fits}
    assert [(answer.partition, answer.outcome) for answer in answers] == [
        (0, CommitOutcome.INVALID),
        (2, CommitOutcome.INVALID),
    ]


def test_no_commit_and_a_stored_nul() -> None:
    assert from_client(position(0, -1001, None)) is None
    assert from_client(position(0, 5, '{"v":1}\x00')) == Commit(5, '{"v":1}')
    assert from_client(position(0, 5, None)) == Commit(5, "")


def test_a_settled_answer_is_returned_once() -> None:
    commits = Commits()
    commits.send({3: Commit(1, "")})
    commits.settle(CommitAnswer(3, CommitOutcome.INVALID, "too large"))
    assert [answer.detail for answer in commits.take()] == ["too large"]


def test_complaints_are_limited_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(kafka_config.time, "monotonic", lambda: now[0])
    lines: list[str] = []
    complaints = Complaints(lines.append, every_s=10)
    for _ in range(300):
        complaints.say(-195, "down")
    complaints.say(-187, "all down")
    assert lines == ["down", "all down"]
    now[0] += 10
    complaints.say(-195, "still down")
    assert lines[2:] == ["still down (299 more like it)"]


def test_what_the_protocol_rests_on_is_configured() -> None:
    config = consumer_config(Settings(kafka_bootstrap="127.0.0.1:1", session_timeout_s=6), {"security.protocol": "ssl"})
    assert (
        config
        | {
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "partition.assignment.strategy": "cooperative-sticky",
            "group.instance.id": "member-0",
            "security.protocol": "ssl",
            "session.timeout.ms": 6_000,
        }
        == config
    )
    assert config["heartbeat.interval.ms"] * 3 <= config["session.timeout.ms"]
    assert config["max.poll.interval.ms"] >= config["session.timeout.ms"]
