"""The producer as the demo sees it: a child process that is started early, ordered later and listened to."""

import json
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sandbox.demo.usage import Usage
from sandbox.platform.processes import spawn, stop, tail

PATIENCE_S: Final = 10.0


class ProducerFailed(Exception):
    """The producer could not begin or died. One line that names its log."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to produce."""

    bootstrap: str
    topic: str
    mac_key: str
    rate: float
    seconds: float
    seed: int
    bad: float
    duplicates: float
    late: float

    def line(self) -> bytes:
        """As the producer process reads it."""
        content = {
            "bootstrap": self.bootstrap,
            "topic": self.topic,
            "mac_key": self.mac_key,
            "rate": self.rate,
            "seconds": self.seconds,
            "seed": self.seed,
            "mix": {"bad": self.bad, "duplicates": self.duplicates, "late": self.late},
        }
        return json.dumps(content).encode() + b"\n"


class Source:
    """The child process. Construct and stop it in the main thread."""

    def __init__(self, state: Path, environment: Mapping[str, str]) -> None:
        self.ledger_dir = state / "ledger"
        self._log = state / "logs" / "producer.log"
        command = [sys.executable, "-m", "sandbox.demo.source", str(self.ledger_dir)]
        self._process = spawn(command, self._log, environment, pipes=True)
        self._lock = threading.Lock()
        self._progress: dict[str, Any] = {}
        self._summary: dict[str, Any] | None = None
        self._refused: str | None = None
        self.usage = Usage()
        self._listener = threading.Thread(target=self._listen, name="producer", daemon=True)
        self._listener.start()

    def order(self, order: Order) -> None:
        """Say the word."""
        if self._process.stdin is not None:
            self._process.stdin.write(order.line())
            self._process.stdin.close()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            said = json.loads(line)
            with self._lock:
                if said["kind"] == "progress":
                    self._progress = said
                elif said["kind"] == "summary":
                    self._summary = said
                elif said["kind"] == "refused":
                    self._refused = said["why"]

    def look(self) -> dict[str, Any]:
        """Newest progress (planned, sent, acked, failed, unknown, behind_ms, elapsed_s), or an empty dictionary.

        Raises ProducerFailed if the process is gone without a summary.
        """
        self.usage.sample(self._process.pid)
        if self._process.poll() is not None:
            self._listener.join(PATIENCE_S)
            if self._summary is None:
                why = self._refused or f"it ended with code {self._process.returncode}; {tail(self._log)}"
                raise ProducerFailed(f"the producer failed: {why}")
        with self._lock:
            return dict(self._summary or self._progress)

    @property
    def summary(self) -> dict[str, Any] | None:
        """What the run came to, once it has ended."""
        with self._lock:
            return self._summary

    def ledger(self) -> Path | None:
        """The run's ledger once it exists."""
        return next(iter(sorted(self.ledger_dir.glob("*.jsonl"))), None)

    def end(self) -> None:
        """Stop it if it runs: it completes its ledger first."""
        stop(self._process, PATIENCE_S)
