"""The command line, typed against one state folder, and what its status says over time."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import ROOT
from streaming.settings import PREFIX

COMMAND_LIMIT_S: Final = 600.0
LOOK_S: Final = 0.1
WATCH_S: Final = 1.0


class Failed(Exception):
    """A command or a wait did not end well; one line."""


@dataclass(slots=True)
class Shell:
    """Runs `tidemark` for one state folder."""

    state: Path
    say: Callable[[str], None]
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """This process's, without settings of any consumer."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        path = os.pathsep.join(filter(None, (str(ROOT), own.get("PYTHONPATH"))))
        return {**own, "PYTHONPATH": path, **self.extra}

    def words(self, *words: str) -> list[str]:
        """The command as a process."""
        return [sys.executable, "-m", "orchestration.cli", *words, "--state", str(self.state)]

    def run(self, *words: str, code: int = 0) -> str:
        """Run to its end and return what it printed. Raises Failed for another exit code."""
        ran = subprocess.run(
            self.words(*words), env=self.environment, capture_output=True, text=True, check=False,
            timeout=COMMAND_LIMIT_S,
        )  # fmt: skip
        if ran.returncode != code:
            raise Failed(f"tidemark {' '.join(words)}: code {ran.returncode}: {(ran.stderr or ran.stdout)[-400:]}")
        return ran.stdout

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start and let it run; its output goes to a log."""
        with (self.state / "logs" / f"{words[0]}.log").open("ab") as log:
            return subprocess.Popen(self.words(*words), env=self.environment, stdout=log, stderr=log)

    @property
    def dagster_home(self) -> Path:
        """DAGSTER_HOME of this state folder."""
        return self.state.absolute() / "dagster"

    def dagster(self) -> dict[str, int]:
        """Pid by name of Dagster's processes."""
        servers = json.loads(self.run("status", "--json"))["dagster"]["servers"]
        return {name: server["pid"] for name, server in servers.items()}

    def beats(self) -> dict[str, dict[str, Any]]:
        """Newest heartbeat by member."""
        found = {}
        for path in sorted((self.state / "heartbeats").glob("*.json")):
            try:
                found[path.stem] = json.loads(path.read_text())
            except (OSError, ValueError):
                continue
        return found


def until(met: Callable[[], Any], limit_s: float, what: str) -> float:
    """Seconds until the answer is true. Raises Failed."""
    began = time.monotonic()
    while not met():
        if time.monotonic() - began > limit_s:
            raise Failed(f"not within {limit_s:g} s: {what}")
        time.sleep(LOOK_S)
    return time.monotonic() - began


class Watch:
    """Lag and p95 of the stream once a second, in a thread, until `end`."""

    def __init__(self, shell: Shell) -> None:
        self._shell, self._stop = shell, threading.Event()
        self.seen: list[tuple[float, int, float]] = []
        """Monotonic seconds, lag over all members, the worst member's p95 in ms."""
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(WATCH_S):
            beats = self._shell.beats().values()
            p95s = [beat["latency_ms"]["p95"] for beat in beats if beat["latency_ms"]["p95"] is not None]
            lag = sum(beat["lag"] or 0 for beat in beats)
            if p95s:
                self.seen.append((time.monotonic(), lag, max(p95s)))

    def end(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()

    def between(self, began: float, ended: float) -> dict[str, float | int]:
        """Median and largest of p95 and lag between two moments."""
        rows = [row for row in self.seen if began <= row[0] <= ended]
        if not rows:
            raise Failed("the stream reported nothing in that time")
        p95s, lags = sorted(row[2] for row in rows), sorted(row[1] for row in rows)
        middle = len(rows) // 2
        return {
            "seconds": round(ended - began, 1),
            "p95_ms_median": round(p95s[middle]),
            "p95_ms_max": round(p95s[-1]),
            "lag_median": lags[middle],
            "lag_max": lags[-1],
        }
