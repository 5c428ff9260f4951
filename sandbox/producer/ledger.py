"""The ledger: what the producer is about to send, what the broker said to it, what must come of it.

JSON, one object a line, in a file per run. An intent is durable before its record is handed to Kafka; an intent
without an outcome is unknown. After a crash the last line may be torn: readers skip it.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec


class RunLine(msgspec.Struct, tag_field="kind", tag="run"):
    """First line: the run as asked for."""

    run: str
    seed: int
    topic: str
    topic_id: str
    rate: float
    seconds: float
    started_at: str


class Intent(msgspec.Struct, tag_field="kind", tag="intent", gc=False):
    """A record about to be sent. Fields that the generator spoiled or left out are null."""

    n: int
    event_id: str | None
    transaction_id: str | None
    event_type: str | None
    sequence: int | None
    merchant_id: str | None
    amount: str | None
    currency: str | None
    occurred_at: str | None
    card_token: str | None
    channel: str | None
    country: str | None
    business_date: str | None
    """UTC date of `occurred_at`; null: the date of the broker's timestamp."""
    label: Literal["normal", "duplicate", "late", "bad"]
    of: int | None
    """For a duplicate: `n` of the record whose bytes it repeats."""
    expect: str
    """Status the landing row must have: `OK` or `QUARANTINED_<REASON>`."""
    mac: str


class Acked(msgspec.Struct, tag_field="kind", tag="outcome", gc=False):
    """The broker acknowledged the record at these coordinates."""

    n: int
    partition: int
    offset: int
    broker_ms: int
    result: Literal["acked"] = "acked"


class NotAcked(msgspec.Struct, tag_field="kind", tag="outcome", gc=False):
    """`failed`: certainly not in the log. `unknown`: it may be."""

    n: int
    result: Literal["failed", "unknown"]
    error: str


class EndLine(msgspec.Struct, tag_field="kind", tag="end"):
    """Last line of a run that ended by itself or by a signal."""

    intents: int
    acked: int
    failed: int
    unknown: int
    seconds: float
    held_rate: bool
    behind_ms_max: int


def payload_mac(key: str, payload: bytes | None) -> str:
    """Keyed BLAKE2b-128 of the payload as 32 hex characters; a tombstone counts as empty bytes."""
    return blake2b(payload or b"", digest_size=16, key=key.encode()).hexdigest()


class Sink(Protocol):
    """Where ledger lines go."""

    def write(self, lines: Iterable[bytes]) -> None:
        """Take encoded lines, without line ends, in order."""

    def sync(self) -> Future[None]:
        """Start making all that was written durable; the future is done when it is."""


class LedgerFile:
    """A run's file. Writing is buffered; `sync` flushes and syncs in a thread, so that sending does not wait."""

    def __init__(self, path: Path) -> None:
        """Create the file and its folder; raises OSError, also if the file is there already."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("xb")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")

    def write(self, lines: Iterable[bytes]) -> None:
        """Append lines and hand them to the operating system."""
        self._file.writelines(line + b"\n" for line in lines)
        self._file.flush()

    def sync(self) -> Future[None]:
        """Sync the file in the background; raises OSError through the future."""
        return self._thread.submit(os.fdatasync, self._file.fileno())

    def close(self) -> None:
        """Make everything durable and let go of the file. Idempotent."""
        if not self._file.closed:
            self.sync().result()
            self._thread.shutdown()
            self._file.close()


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Lines of a ledger as plain objects. A torn last line, left by a crash, is skipped."""
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield msgspec.json.decode(line)
