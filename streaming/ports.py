"""Ports: what the pipeline needs of Kafka, BigQuery and the clock, and what each may promise.

Every port has two adapters in `streaming.adapters`, a real one and an in-memory one, held to the same
contract suite (`tests/contracts`). Adapters translate their client's errors into the ones named here and
put a time limit on every call; they never retry on their own, since only the protocol knows what is safe.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

import polars as pl

OFFSET_BEGINNING = -2
"""Start at the low watermark, whatever it is when the fetch begins (librdkafka's own constant)."""


# --- Kafka ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Records:
    """Delivered records as parallel lists; within a partition in offset order, offsets may have gaps."""

    partitions: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    timestamps_ms: list[int] = field(default_factory=list)
    """Broker timestamps (LogAppendTime), milliseconds since the epoch, UTC."""
    values: list[bytes | None] = field(default_factory=list, repr=False)
    """Raw payloads; None is a tombstone."""

    def __len__(self) -> int:
        return len(self.offsets)


@dataclass(frozen=True, slots=True)
class Commit:
    """An offset commit: offset and metadata reach the broker as one atomic record."""

    offset: int
    metadata: str


class CommitOutcome(Enum):
    """What is known of a commit once its answer, or its time limit, has come."""

    APPLIED = "applied"
    REBALANCING = "rebalancing"  # refused, the member is healthy: try again once still assigned (22, 27, -180)
    FENCED = "fenced"  # refused, the member is not part of the group any more (25)
    DEAD = "dead"  # the client is fatally fenced (82, -150)
    UNKNOWN = "unknown"  # it may or may not have been applied, or may be later
    INVALID = "invalid"  # refused for its content: a defect of ours (12)


@dataclass(frozen=True, slots=True)
class CommitAnswer:
    """The answer to the one outstanding commit of a partition."""

    partition: int
    outcome: CommitOutcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stalled:
    """The client cannot fetch this partition from its position (-140). Said once, then silence."""

    partition: int
    detail: str


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll brought: records, and the answers that had come meanwhile."""

    records: Records
    commits: list[CommitAnswer] = field(default_factory=list)
    stalled: list[Stalled] = field(default_factory=list)
    dead: str | None = None
    """Set when the client is fatally fenced (-150): nothing it says counts any more; `rejoin` or exit."""


@dataclass(frozen=True, slots=True)
class LogRange:
    """Offsets `[low, end)` that a read_committed consumer can be delivered from; `end` is the last stable offset."""

    low: int
    end: int


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """What start-up and the periodic check must know of the topic."""

    topic_id: str
    """Changes when a topic is deleted and created again under its name."""
    partitions: int
    cleanup_policy: str
    timestamp_type: str


class BrokerError(Exception):
    """The broker did not answer or refused; the message says which call and why."""


class BrokerRefused(BrokerError):
    """The broker will not have us as we are: login, certificate or rights. The message names the setting to mend."""


class TopicMissing(BrokerError):
    """The topic does not exist."""


class Rebalances(Protocol):
    """Called from inside `Broker.poll` (and `join`, `leave`), on the polling thread. Must not raise."""

    def assigned(self, partitions: Sequence[int]) -> None:
        """These are now held: owned, but not fetched until `fetch_from`."""

    def revoked(self, partitions: Sequence[int]) -> None:
        """Last chance: still owned while this runs, another member's as soon as it returns."""

    def lost(self, partitions: Sequence[int]) -> None:
        """Already another member's: forget them, commit nothing."""


class Broker(Protocol):
    """One member of one consumer group on one topic.

    Guarantees: `read_committed`; no auto-commit, no auto-reset; an assignment is held until `fetch_from`;
    `poll` never blocks longer than its timeout plus what the rebalance callbacks take. `committed`,
    `log_ranges` and `topic` may be called from other threads than the polling one, the rest may not.
    """

    def join(self, rebalances: Rebalances) -> None:
        """Subscribe. Assignments arrive through `rebalances` during `poll`."""

    def poll(self, max_records: int, timeout_s: float) -> Polled:
        """Wait up to `timeout_s` for a first record, then take what is there, at most `max_records`."""

    def fetch_from(self, starts: Mapping[int, int]) -> None:
        """Start fetching held partitions at these offsets; those no longer held are passed over."""

    def hold(self, partitions: Sequence[int]) -> None:
        """Stop fetching without giving up ownership. Records already polled are the caller's to drop."""

    def pause(self, partitions: Sequence[int]) -> None:
        """Stop delivering for now; the position stays. Takes effect within about a second."""

    def resume(self, partitions: Sequence[int]) -> None:
        """Undo `pause`; partitions that are not assigned are passed over."""

    def commit(self, offsets: Mapping[int, Commit]) -> None:
        """Send commits; each partition's answer comes with a later `poll`, or never once it is revoked or lost.
        At most one outstanding each: ValueError for a second one."""

    def commit_now(self, offsets: Mapping[int, Commit], timeout_s: float) -> list[CommitAnswer]:
        """Commit and wait: for revocation and shutdown only, since it stalls every partition. UNKNOWN at the time
        limit, which may hide a refusal."""

    def committed(self, partitions: Sequence[int], timeout_s: float) -> dict[int, Commit | None]:
        """The group's commits, None where there is none. Raises BrokerError."""

    def log_ranges(self, partitions: Sequence[int], timeout_s: float) -> dict[int, LogRange]:
        """Low watermark and last stable offset of each partition, asked of the broker. Raises BrokerError."""

    def offsets_at(self, partitions: Sequence[int], at: datetime, timeout_s: float) -> dict[int, int]:
        """First offset at or after a broker timestamp; the last stable offset where there is none.
        Raises BrokerError."""

    def topic(self, timeout_s: float) -> TopicFacts:
        """Raises TopicMissing, BrokerError."""

    def rejoin(self) -> None:
        """Drop this client and join anew under the same static id: the broker then fences the old member's
        requests, so no commit of it can be applied later. Every partition is gone until assigned again;
        `lost` is NOT called: the caller has dropped its state before."""

    def unowned(self, timeout_s: float) -> list[int]:
        """Partitions that a group at rest has given to nobody, if this member is the one to mend it: of all members
        that see the same, the first by name. Any thread. Raises BrokerError."""

    def deal_again(self) -> None:
        """Leave the group and join it anew, so that all partitions are dealt again; `revoked` is called for what is
        owned, or `lost` where the group is slow to ask for it. Of two clients under one static id one is put
        out, as with `join`."""

    def leave(self) -> None:
        """Close. `revoked` is called for what is still owned. Idempotent."""


# --- BigQuery ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CountQuery:
    """Live rows of one partition at or after `offset` whose business date is at or after `since`'s UTC date,
    in every epoch but `besides_epoch` (the epoch just opened, which may already be appending)."""

    partition: int
    offset: int
    since: datetime
    besides_epoch: str


class WarehouseError(Exception):
    """Base of what the warehouse can answer. The message never holds row values."""


class AlreadyExists(WarehouseError):
    """The offset is below the stream's end. `expected` is the next offset the error states, if it does."""

    def __init__(self, message: str, expected: int | None = None) -> None:
        super().__init__(message)
        self.expected = expected


class OffsetOutOfRange(WarehouseError):
    """The offset is beyond the stream's end: an earlier append is missing."""


class StreamFinalized(WarehouseError):
    """Somebody finalized the stream: this owner is fenced."""


class StreamNotFound(WarehouseError):
    """The stream does not exist (any more)."""


class Unavailable(WarehouseError):
    """No answer, or one that says try again (unavailable, internal, aborted, deadline, reset).
    The request may have been applied, or may be applied later until the stream is finalized."""


class QuotaExceeded(WarehouseError):
    """Resource exhausted: the same request is fine later."""


class RowsRejected(WarehouseError):
    """Rows of this request are refused; none of the request's rows was appended."""

    def __init__(self, message: str, rows: Mapping[int, str]) -> None:
        super().__init__(message)
        self.rows = dict(rows)
        """Index within the request -> the service's reason."""


class Refused(WarehouseError):
    """A request that will never succeed as it is: permission, schema, a missing table. An operator must act."""


class AccessDenied(Refused):
    """The credentials are not accepted or lack a permission: nothing was applied, and the same request is fine once
    they are mended. The message says what to mend."""


class ColumnsMissing(AccessDenied):
    """The landing table lacks columns of a landing row, named in the message: waited for like a permission, since
    nothing was applied and the same request is fine once they are there."""


class NoCredentials(Refused):
    """There is nothing to show the warehouse who we are, or it cannot be used. The message says where to look."""


class Warehouse(Protocol):
    """Landing by COMMITTED write streams, and the few queries recovery needs. Safe to call from any thread.

    Guarantees the protocol rests on: an append at offset n of a stream is applied at most once; nothing is
    applied to a stream after `finalize` has returned; `finalize` returns how many rows the stream holds, the
    same when asked again; rows of an acknowledged append are queryable within a minute. Every call has a time
    limit and raises a WarehouseError.
    """

    def open_stream(self, timeout_s: float) -> str:
        """Create a COMMITTED write stream on the landing table and return its name."""

    def append(self, stream: str, offset: int, rows: bytes, timeout_s: float) -> None:
        """Append one serialised Arrow record batch (`arrow_batch`) at `offset`. At most one in flight a stream."""

    def finalize(self, stream: str, timeout_s: float) -> int:
        """Refuse further appends to the stream and return its row count. Repeatable."""

    def close_stream(self, stream: str) -> None:
        """Let go of local resources (connections) of a stream. Never fails; says nothing to the service."""

    def table_created(self, timeout_s: float) -> str:
        """Creation time of the landing table as the service states it: changes when the table is replaced.
        Raises ColumnsMissing."""

    def count_live(self, topic_id: str, queries: Sequence[CountQuery], timeout_s: float) -> dict[int, int]:
        """Live rows per partition, all epochs, in one query."""

    def highest_live(self, topic_id: str, partition: int, timeout_s: float) -> int | None:
        """Highest `kafka_offset` of a live row of the partition over all epochs and dates; None if none."""

    def topic_ids_landed(self, topic: str, partition: int, timeout_s: float) -> set[str]:
        """Every topic id under which rows of this topic name and partition are in the table."""

    def reference_versions(self, timeout_s: float) -> dict[str, str]:
        """Newest published version by reference name (`merchants`, `fx_rates`)."""

    def load_merchants(self, version: str, timeout_s: float) -> pl.DataFrame:
        """Rows of that version in the schema `landing.MERCHANTS`."""

    def load_fx_rates(self, version: str, timeout_s: float) -> pl.DataFrame:
        """Rows of that version in the schema `landing.FX_RATES`."""

    def close(self) -> None:
        """Close connections. Idempotent."""


# --- the rest ------------------------------------------------------------------------------------------


class Clock(Protocol):
    """Wall clock and monotonic clock."""

    def now(self) -> datetime:
        """Current time, UTC with zone."""

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""


class Journal(Protocol):
    """Where the pipeline says what it does: structured, without payloads, secrets or row values."""

    lost: int
    """Events in a row that could not be written; 0 while it works."""

    def say(self, event: str, **facts: object) -> None:
        """One event with its coordinates and numbers; a `level` fact of `warning` or `error` raises its level."""
