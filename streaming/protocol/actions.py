"""What the protocol asks of the world. A protocol step yields one action and is resumed with its result,
or has the port's error thrown into it; who performs actions, in which thread and order, is not its business.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from streaming.ports import AccessDenied, Commit, LogRange


@dataclass(frozen=True, slots=True)
class Position:
    """Where a partition stands, read in one go (result of ReadPosition)."""

    commit: Commit | None
    log: LogRange
    topic_id: str
    partitions: int
    table_created: str
    started_with: int | None
    """From the metadata of any partition of the group; None if the group never committed."""


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """-> Position"""


@dataclass(frozen=True, slots=True)
class OffsetAt:
    """-> int: first offset at or after a broker timestamp."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Finalize:
    """-> int: rows of the stream, which takes no more."""

    stream: str


@dataclass(frozen=True, slots=True)
class OpenStream:
    """-> str: a new COMMITTED stream."""


@dataclass(frozen=True, slots=True)
class Publish:
    """-> CommitOutcome: commit and await the answer, before the first append."""

    commit: Commit


@dataclass(frozen=True, slots=True)
class CountLive:
    """-> int: live rows at or after `offset` with a business date from `since` on, outside `besides_epoch`."""

    offset: int
    since: datetime
    besides_epoch: str


@dataclass(frozen=True, slots=True)
class HighestLive:
    """-> int | None: highest live offset over all epochs."""


@dataclass(frozen=True, slots=True)
class TopicIdsLanded:
    """-> set[str]: topic ids under which this topic name and partition have rows."""


@dataclass(frozen=True, slots=True)
class Append:
    """-> None: `rows` serialised rows at `offset` of the stream."""

    stream: str
    offset: int
    payload: bytes = field(repr=False)
    rows: int


@dataclass(frozen=True, slots=True)
class StartFetch:
    """-> None: deliver records from this offset on."""

    offset: int


@dataclass(frozen=True, slots=True)
class StopFetch:
    """-> None: deliver nothing; what was polled and not appended is dropped; an outstanding commit is settled."""


@dataclass(frozen=True, slots=True)
class NextBlock:
    """-> Block: the next records in delivery order."""


@dataclass(frozen=True, slots=True)
class Wait:
    """-> None: resume after so many seconds. `paused`: the partition counts as paused meanwhile, by quota, or for
    want of what `why` says an operator must mend."""

    seconds: float
    paused: bool = False
    why: str = ""


DENIED_WAIT_S: Final = 5.0
"""Permissions take seconds to minutes to spread: a partition asks again a dozen times a minute."""


def denied(error: AccessDenied) -> Wait:
    """Until an operator has mended the permission; then the same request is made again."""
    return Wait(DENIED_WAIT_S, paused=True, why=str(error))


Action: TypeAlias = (
    ReadPosition
    | OffsetAt
    | Finalize
    | OpenStream
    | Publish
    | CountLive
    | HighestLive
    | TopicIdsLanded
    | Append
    | StartFetch
    | StopFetch
    | NextBlock
    | Wait
)
Steps: TypeAlias = Generator[Action, Any, Any]
"""A protocol step: yields actions, is sent their results."""
