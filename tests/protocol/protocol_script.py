"""Drives protocol steps with scripted answers: each action's type has its answers in order, the last one for ever."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from streaming.ports import Commit, CommitOutcome, LogRange
from streaming.protocol import actions as a
from streaming.protocol.metadata import CommitMetadata
from streaming.protocol.recovery import Identity

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
AT = NOW - timedelta(days=3)
LIMIT = 2_000


class Script:
    def __init__(self, answers: Mapping[type, Any]) -> None:
        self._answers = {kind: list(given) if isinstance(given, list) else [given] for kind, given in answers.items()}

    def answer(self, action: a.Action) -> Any:
        if isinstance(action, a.Wait):
            return None
        answers = self._answers[type(action)]
        return answers.pop(0) if len(answers) > 1 else answers[0]


@dataclass
class Driven:
    result: Any
    raised: Exception | None
    actions: list[a.Action]

    def of(self, kind: type) -> list[Any]:
        return [action for action in self.actions if isinstance(action, kind)]

    @property
    def waited(self) -> float:
        return sum(wait.seconds for wait in self.of(a.Wait))


def drive(steps: a.Steps, answers: Mapping[type, Any] | None = None) -> Driven:
    """Until the steps end or raise. An exception among the answers is thrown in."""
    script, seen = Script(answers or {}), []
    go_on, value = steps.send, None
    while len(seen) < LIMIT:
        try:
            action = go_on(value)
        except StopIteration as stop:
            return Driven(stop.value, None, seen)
        except Exception as error:
            return Driven(None, error, seen)
        seen.append(action)
        value = script.answer(action)
        go_on = steps.throw if isinstance(value, Exception) else steps.send
    raise AssertionError(f"no end after {LIMIT} actions, the last {seen[-3:]}")


def identity(**changes: Any) -> Identity:
    me = {
        "partition": 3,
        "topic_id": "topic-1",
        "start_at": "earliest",
        "append_deadline_s": 30.0,
        "new_epoch": lambda: "epoch-2",
        "now": lambda: NOW,
    }
    return Identity(**(me | changes))


def metadata(**changes: Any) -> CommitMetadata:
    of_the_last_owner = {
        "stream": "stream-1",
        "epoch": "epoch-1",
        "topic_id": "topic-1",
        "table_created": "table-1",
        "row": 4,
        "at": AT,
        "started_with": 6,
    }
    return CommitMetadata(**(of_the_last_owner | changes))


def committed(offset: int, **changes: Any) -> Commit:
    return Commit(offset, metadata(**changes).encode())


def position(commit: Commit | None = None, low: int = 0, end: int = 1_000, **changes: Any) -> a.Position:
    read = {"topic_id": "topic-1", "partitions": 6, "table_created": "table-1", "started_with": 6 if commit else None}
    return a.Position(commit=commit, log=LogRange(low, end), **(read | changes))


def answers(read: a.Position, extra: Mapping[type, Any] | None = None) -> dict[type, Sequence[Any] | Any]:
    """What recovery usually hears; `extra` overrides."""
    usual: dict[type, Any] = {
        a.ReadPosition: read,
        a.Finalize: 4,
        a.OpenStream: "stream-2",
        a.Publish: CommitOutcome.APPLIED,
        a.HighestLive: None,
        a.TopicIdsLanded: set(),
    }
    return {**usual, **(extra or {})}
