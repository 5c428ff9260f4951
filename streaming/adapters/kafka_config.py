"""How we configure the Kafka client, and what its error codes mean to us.

Every value was measured against a real broker; docs/decisions/0003-kafka-client.md gives the reasons.
"""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from streaming.adapters.kafka_refusals import hint
from streaming.adapters.kafka_security import security_config
from streaming.ports import CommitOutcome
from streaming.settings import Settings

ClientConfig = Mapping[str, str | int | float | bool]

# Error codes, from the protocol (kafka.apache.org/protocol#protocol_error_codes) and librdkafka (negative).
UNKNOWN_TOPIC: Final = 3
FATAL: Final = -150
AUTO_OFFSET_RESET: Final = -140

_OUTCOMES: Final = {
    12: CommitOutcome.INVALID,  # OFFSET_METADATA_TOO_LARGE
    22: CommitOutcome.REBALANCING,  # ILLEGAL_GENERATION
    27: CommitOutcome.REBALANCING,  # REBALANCE_IN_PROGRESS
    -180: CommitOutcome.REBALANCING,  # _WAIT_COORD: never left this client
    25: CommitOutcome.FENCED,  # UNKNOWN_MEMBER_ID
    82: CommitOutcome.DEAD,  # FENCED_INSTANCE_ID
    FATAL: CommitOutcome.DEAD,
}

QUIET = logging.getLogger("tidemark.librdkafka")
"""librdkafka's own lines end here: what matters arrives through the error callback, rate-limited."""
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False


def commit_outcome(code: int | None) -> CommitOutcome:
    """What an answer's error code says about the commit; None is no error. Anything unheard of is UNKNOWN."""
    return CommitOutcome.APPLIED if code is None else _OUTCOMES.get(code, CommitOutcome.UNKNOWN)


def connection_config(settings: Settings, extra: ClientConfig) -> dict[str, Any]:
    """What every client shares: where, how securely, and how often it knocks again. `extra` wins. No secret shows
    in its repr."""
    return {
        "bootstrap.servers": settings.kafka_bootstrap,
        # Measured: at the default of 100 ms a client that is refused knocks 20 times a second and never slows down;
        # it uses half of this as its interval. A broker that comes back is found half a second later at most.
        "reconnect.backoff.ms": 1_000,
        "reconnect.backoff.max.ms": 2_000,
        **security_config(settings),
        **extra,
    }


def asking_config(settings: Settings, extra: ClientConfig) -> dict[str, Any]:
    """A consumer that only asks: it names the group and never subscribes, so it never joins."""
    return {
        "group.id": settings.kafka_group,
        "enable.auto.commit": False,
        "isolation.level": "read_committed",  # watermarks up to the last stable offset
        **connection_config(settings, extra),
    }


def consumer_config(settings: Settings, extra: ClientConfig) -> dict[str, Any]:
    """The consumer's configuration without callbacks."""
    return {
        "group.id": settings.kafka_group,
        # Classic protocol: a killed static member goes on 0.4 s after its restart; the newer one waits a session out.
        "group.protocol": "classic",
        "partition.assignment.strategy": "cooperative-sticky",
        "group.instance.id": settings.member,
        "session.timeout.ms": settings.session_timeout_s * 1_000,
        "heartbeat.interval.ms": min(1_000, settings.session_timeout_s * 1_000 // 3),
        "max.poll.interval.ms": max(settings.max_poll_interval_s, settings.session_timeout_s) * 1_000,
        # Offsets are the protocol's: nothing is stored, committed or reset behind its back.
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "topic.metadata.refresh.interval.ms": 10_000,  # how soon added partitions are noticed; default 300 s
        # A small prefetch queue with a short back-off: full speed at 16 MB instead of 64.
        "queued.min.messages": 10_000,
        "queued.max.messages.kbytes": 16_384,
        "fetch.queue.backoff.ms": 10,
        "fetch.max.bytes": 8_388_608,
        "max.partition.fetch.bytes": 1_048_576,
        "fetch.wait.max.ms": 100,  # an unassign waits for the fetch in flight
        # One fetch for some 50 records instead of one for each: a client thread at 500 records/s costs 2 ms/s, not 20.
        "fetch.min.bytes": 16_384,
        **connection_config(settings, extra),
    }


class Complaints:
    """Passes one line per error code and interval on, and counts the rest: a broker outage makes hundreds."""

    def __init__(self, on_log: Callable[[str], None], every_s: float = 10.0) -> None:
        self._on_log = on_log
        self._every_s = every_s
        self._said: dict[int, float] = {}
        self._kept: dict[int, int] = {}

    def say(self, code: int, line: str) -> None:
        """Pass `line` on, with the setting to look at if it is a refusal, unless this code had one lately."""
        now = time.monotonic()
        if now - self._said.get(code, -self._every_s) < self._every_s:
            self._kept[code] = self._kept.get(code, 0) + 1
            return
        kept = self._kept.pop(code, 0)
        self._said[code] = now
        if (look_at := hint(code, line)) is not None:
            line = f"{line}: {look_at}"
        self._on_log(f"{line} ({kept} more like it)" if kept else line)
