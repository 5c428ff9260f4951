"""The detached owner of a platform: `tidemark up` starts it, `tidemark down` ends it. It restarts nothing."""

import argparse
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sandbox.platform.instance import (
    AlreadyRunning,
    PlatformDown,
    PlatformFacts,
    Ports,
    load,
    running,
)
from sandbox.platform.jars import FetchFailed
from sandbox.platform.processes import DidNotStart, PortTaken, is_alive

START_WITHIN = 300.0
"""Seconds `up` waits: a first start may download Kafka."""
STOP_WITHIN = 30.0
GAVE_UP = "could not start: "
"""Begins the line with which a supervisor ends early: `up` reports it as its error, so it is not shown twice."""
_UNUSED = {"instance.lock", "logs", "logs/supervisor.log"}

Say = Callable[[str], None]


class CouldNotStart(Exception):
    """The supervisor gave up. The message is its own last line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Own a platform until SIGTERM. Lines for people on stdout; a failure's single line is the last."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.platform.supervisor", description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--topic", default="payments")
    parser.add_argument("--partitions", type=int, default=6)
    for name in ("kafka", "rest", "grpc"):
        parser.add_argument(f"--{name}-port", type=int)
    options = parser.parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ports = Ports(options.kafka_port, options.rest_port, options.grpc_port)
    try:
        with running(
            options.state, topic=options.topic, partitions=options.partitions, say=_line, ports=ports
        ) as platform:
            gone: list[str] = []
            while not ended.wait(0.5):
                for name in [dead for dead in platform.dead() if dead not in gone]:
                    _line(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {name}")
                    gone.append(name)
    except (DidNotStart, PortTaken, FetchFailed, AlreadyRunning) as error:
        _line(f"{GAVE_UP}{error}")
        return 1
    return 0


def _line(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the supervisor's log


def up(state: Path, options: Sequence[str], say: Say) -> tuple[PlatformFacts, bool]:
    """Start a supervisor and wait until the platform answers: its facts, and whether this call started it.

    An `up` that is under way in another process is waited for. Raises CouldNotStart; a state folder that is new
    and holds no more than the reason why is removed again.
    """
    is_new = not state.exists()
    state.mkdir(parents=True, exist_ok=True)
    if (facts := _running_already(state)) is not None:
        return facts, False
    log = state / "logs" / "supervisor.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as out:
        seen = out.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.platform.supervisor", "--state", str(state.absolute()), *options],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        return _follow_start(state, process, log, seen, say), True
    except BaseException:  # also Ctrl-C: half a platform is of no use to anybody
        process.terminate()
        process.wait()
        if is_new:
            _remove_if_unused(state)
        raise


def _remove_if_unused(state: Path) -> None:
    """Remove the folder of a platform that never began: beside its lock it has only the supervisor's log."""
    if {path.relative_to(state).as_posix() for path in state.rglob("*")} <= _UNUSED:
        shutil.rmtree(state, ignore_errors=True)


def _follow_start(state: Path, process: subprocess.Popen[bytes], log: Path, seen: int, say: Say) -> PlatformFacts:
    deadline = time.monotonic() + START_WITHIN
    last = "the supervisor said nothing"
    while time.monotonic() < deadline:
        ended = process.poll() is not None  # looked at before the log: nothing it wrote is missed
        with log.open("rb") as file:
            file.seek(seen)
            fresh = file.read()
        whole, newline, _ = fresh.rpartition(b"\n")
        seen += len(whole) + len(newline)
        for line in whole.decode(errors="replace").splitlines():
            last = line.removeprefix(GAVE_UP)
            if not ended and last == line:
                say(line)
        if ended:
            raise CouldNotStart(last)
        if (facts := _loaded(state)) is not None and facts.supervisor_pid == process.pid:
            return facts
        time.sleep(0.05)
    raise CouldNotStart(f"the platform did not start within {START_WITHIN:.0f} s: see {log}")


def _running_already(state: Path) -> PlatformFacts | None:
    """Facts of a platform that runs or is just being started or stopped by somebody else."""
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline:
        if (facts := _loaded(state)) is not None or not is_held(state):
            return facts
        time.sleep(0.1)
    return None


def _loaded(state: Path) -> PlatformFacts | None:
    try:
        return load(state)
    except PlatformDown:
        return None


def is_held(state: Path) -> bool:
    """Whether a living process owns this state folder."""
    try:
        with (state / "instance.lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def down(state: Path) -> bool:
    """End the platform on this state folder and wait for it: False if none ran."""
    facts = _loaded(state)
    if facts is None:
        (state / "platform.json").unlink(missing_ok=True)  # left by a supervisor that was killed
        return False
    os.kill(facts.supervisor_pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_WITHIN
    while is_alive(facts.supervisor_pid, facts.supervisor_started):
        if time.monotonic() > deadline:
            os.kill(facts.supervisor_pid, signal.SIGKILL)  # the kernel takes its children along
        time.sleep(0.05)
    (state / "platform.json").unlink(missing_ok=True)
    return True


def purge(state: Path) -> None:
    """Delete what the platform kept: topics, tables, logs, heartbeats, ledgers."""
    if is_held(state):
        raise AlreadyRunning(f"a platform runs on {state}: `tidemark down` first")
    shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
