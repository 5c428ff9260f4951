"""The heartbeat: one JSON file a member, written atomically each second. `tidemark status` reads only this.

Schema (docs/runbook.md): pid, member, at, state, partitions, lag, rows_landed, latency_ms, by_status, halts, warnings,
partition_states, counters, reference, process.
"""

import errno
import json
import os
import resource
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

EVERY_S: Final = 1.0
NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Errors that space alone mends: payments go on without heartbeats meanwhile."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat's content."""

    member: str
    at: datetime
    state: str
    """`starting`, `running`, `recovering`, `halted`, `draining` or `stopped`."""
    partitions: list[int] = field(default_factory=list)
    lag: int | None = None
    """Records delivered by nobody yet, summed over own partitions; None before it is known."""
    rows_landed: int = 0
    latency_ms: dict[str, float | None] = field(default_factory=dict)
    by_status: dict[str, int] = field(default_factory=dict)
    partition_states: dict[str, str] = field(default_factory=dict)
    halts: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    """What an operator must mend while the member goes on or waits: one line each."""
    counters: dict[str, int] = field(default_factory=dict)
    reference: dict[str, str] = field(default_factory=dict)


def process_facts() -> dict[str, float]:
    """CPU seconds (user and system) and resident memory of this process, bytes."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    # the kernel's marks of this very process: `ru_maxrss` begins with what the parent once had
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "rss_bytes": int(status["VmRSS"].split()[0]) * 1024,
        "peak_rss_bytes": int(status["VmHWM"].split()[0]) * 1024,
    }


class HeartbeatFile:
    """`<state_dir>/heartbeats/<member>.json`."""

    def __init__(self, state_dir: Path, member: str) -> None:
        self.path = state_dir / "heartbeats" / f"{member}.json"
        self._fresh = self.path.with_suffix(f".{os.getpid()}.tmp")

    def prepare(self) -> None:
        """Make the folder and see that it can be written. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._fresh.write_text("{}")
        self._fresh.unlink()

    def write(self, beat: Beat) -> None:
        """Replace the file in one step: a reader sees the old one or the new one. Raises OSError."""
        content = {
            "pid": os.getpid(),
            "member": beat.member,
            "at": beat.at.isoformat(),
            "state": beat.state,
            "partitions": beat.partitions,
            "lag": beat.lag,
            "rows_landed": beat.rows_landed,
            "latency_ms": beat.latency_ms,
            "by_status": beat.by_status,
            "partition_states": beat.partition_states,
            "halts": beat.halts,
            "warnings": beat.warnings,
            "counters": beat.counters,
            "reference": beat.reference,
            "process": process_facts(),
        }
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._fresh.write_text(json.dumps(content))
            self._fresh.replace(self.path)
        except OSError:
            with suppress(OSError):  # half a heartbeat must not take the space that is missing
                self._fresh.unlink()
            raise
