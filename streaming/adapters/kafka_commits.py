"""Commits on their way: which answer belongs to which commit, and which commit has waited too long."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, TopicPartition

from streaming.adapters.kafka_config import commit_outcome
from streaming.ports import Commit, CommitAnswer, CommitOutcome

ANSWER_LIMIT_S: Final = 65.0
"""A little over the client's own request limit (`socket.timeout.ms`, 60 s by default)."""

MAX_METADATA_UNITS: Final = 4_095
"""The client adds a NUL that the broker counts and stores; measured in UTF-16 units."""


def to_client(topic: str, offsets: Mapping[int, Commit]) -> list[TopicPartition]:
    """Commits in the client's terms."""
    return [TopicPartition(topic, p, commit.offset, metadata=commit.metadata) for p, commit in sorted(offsets.items())]


def from_client(position: Any) -> Commit | None:
    """A commit as the broker returned it; None where there is none. The stored NUL is cut off."""
    if position.offset < 0:
        return None
    return Commit(position.offset, (position.metadata or "").rstrip("\x00"))


def sort_out(offsets: Mapping[int, Commit]) -> tuple[dict[int, Commit], list[CommitAnswer]]:
    """Commits the broker can take, and the answers to the others.

    Sent together, one with too much metadata gives every partition its error although the others are applied.
    """
    good = {p: c for p, c in offsets.items() if len(c.metadata.encode("utf-16-le")) // 2 <= MAX_METADATA_UNITS}
    said = f"metadata over {MAX_METADATA_UNITS} characters: not sent"
    return good, [CommitAnswer(p, CommitOutcome.INVALID, said) for p in sorted(offsets) if p not in good]


def refused(error: KafkaError, offsets: Mapping[int, Commit]) -> list[CommitAnswer]:
    """A request refused as a whole."""
    detail = f"{error.str()} ({error.code()})"
    return [CommitAnswer(partition, commit_outcome(error.code()), detail) for partition in sorted(offsets)]


def answers_of(error: KafkaError | None, positions: Iterable[Any]) -> dict[int, tuple[Commit | None, CommitAnswer]]:
    """The commit and the answer of each partition: its own error if it has one, else the request's."""
    answers = {}
    for position in positions:
        found = position.error or error
        outcome = commit_outcome(found.code() if found else None)
        detail = f"{found.str()} ({found.code()})" if found else ""
        answers[position.partition] = from_client(position), CommitAnswer(position.partition, outcome, detail)
    return answers


@dataclass(frozen=True, slots=True)
class _Sent:
    commit: Commit
    at: float


class Commits:
    """At most one commit outstanding a partition. Used on the polling thread only."""

    def __init__(self) -> None:
        self._sent: dict[int, _Sent] = {}
        self._answers: list[CommitAnswer] = []

    def send(self, offsets: Mapping[int, Commit]) -> None:
        """Note what is sent. Raises ValueError for a partition that still waits for an answer."""
        if twice := sorted(set(offsets) & set(self._sent)):
            raise ValueError(f"partitions {twice} have a commit outstanding")
        now = time.monotonic()
        self._sent.update({partition: _Sent(commit, now) for partition, commit in offsets.items()})

    def answered(self, error: KafkaError | None, positions: Iterable[Any]) -> None:
        """Take the client's answer. One to a commit that was forgotten, or sent synchronously, says nothing new."""
        for partition, (commit, answer) in answers_of(error, positions).items():
            sent = self._sent.get(partition)
            if sent and (commit is None or commit == sent.commit):
                self.settle(answer)

    def settle(self, answer: CommitAnswer) -> None:
        """Settle a partition's commit."""
        del self._sent[answer.partition]
        self._answers.append(answer)

    def forget(self, partitions: Iterable[int]) -> None:
        """These are not ours any more: their answers concern nobody, and must not meet a later owner's commit."""
        gone = set(partitions)
        for partition in gone:
            self._sent.pop(partition, None)
        self._answers = [answer for answer in self._answers if answer.partition not in gone]

    def take(self) -> list[CommitAnswer]:
        """Answers since the last call; commits over the limit are UNKNOWN."""
        now = time.monotonic()
        for partition in [p for p, sent in self._sent.items() if now - sent.at > ANSWER_LIMIT_S]:
            self.settle(CommitAnswer(partition, CommitOutcome.UNKNOWN, f"no answer within {ANSWER_LIMIT_S:g} s"))
        taken, self._answers = self._answers, []
        return taken
