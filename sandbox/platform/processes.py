"""Child processes that cannot outlive us, and loopback ports that cannot be taken from under us."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

LOOPBACK = "127.0.0.1"
# Below Linux's ephemeral range (32768 to 60999): no outgoing connection can take a port between choice and bind.
PORTS = range(20_000, 32_000)

# Runs in the child before the program: asks the kernel to kill it with its parent (prctl 1, PR_SET_PDEATHSIG),
# looks whether the parent died before that, and becomes the program under the same pid.
_TETHER = (
    "import ctypes,os,sys;"
    "ctypes.CDLL(None).prctl(1,9,0,0,0);"
    "os.getppid()==int(sys.argv[1]) or sys.exit(1);"
    "os.execv(sys.argv[2],sys.argv[2:])"
)


class PortTaken(Exception):
    """A port that was asked for by number is in use. The message is one line that says what to do."""


class DidNotStart(Exception):
    """A child died or did not answer in time. The message holds the end of its log."""


def free_ports(count: int) -> list[int]:
    """Choose `count` different loopback ports nobody listens on."""
    chosen: list[int] = []
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        if is_free(port):
            chosen.append(port)
        if len(chosen) == count:
            return chosen
    raise PortTaken(f"no {count} free ports between {PORTS.start} and {PORTS.stop}")


def is_free(port: int) -> bool:
    """Whether this loopback port can be bound."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: TIME_WAIT is not "in use"
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def require_free(port: int, option: str) -> int:
    """Return the port. Raises PortTaken if somebody has it."""
    if not is_free(port):
        raise PortTaken(f"port {port} is in use: free it, or choose another with {option}, or leave {option} out")
    return port


def spawn(
    command: Sequence[str], log: Path, environment: Mapping[str, str], cwd: Path | None = None, *, pipes: bool = False
) -> subprocess.Popen[bytes]:
    """Start `command` (its first word an absolute path), output appended to `log`, tethered to this process.

    The kernel watches the *thread* that forks, so this insists on the main thread: a worker that ends would
    take the child with it. The child leads its own session: Ctrl-C in a terminal reaches only us, and we stop
    it in order. With `pipes` its stdin and stdout are pipes to us, and `log` has only what it says on stderr.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("start and restart the platform from the main thread")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _TETHER, str(os.getpid()), *command],
            stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
            stdout=subprocess.PIPE if pipes else out,
            stderr=out,
            env=dict(environment),
            cwd=cwd,
            start_new_session=True,
        )


def await_ready(
    process: subprocess.Popen[bytes], log: Path, ready: Callable[[], bool], name: str, within: float
) -> None:
    """Poll `ready` until it is true. Raises DidNotStart if the child dies before, or after `within` seconds."""
    deadline = time.monotonic() + within
    while not ready():
        if process.poll() is not None:
            raise DidNotStart(f"{name} ended with code {process.returncode} while starting; {tail(log)}")
        if time.monotonic() > deadline:
            raise DidNotStart(f"{name} did not answer within {within:.0f} s; {tail(log)}")
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes], patience: float) -> None:
    """SIGTERM, wait up to `patience` seconds, then SIGKILL. A stopped (SIGSTOP) child is woken first."""
    if process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def is_alive(pid: int, started: float | None = None) -> bool:
    """Whether the process runs (a zombie does not), and is the one started at `started` (seconds, epoch)."""
    try:
        process = psutil.Process(pid)
        same = started is None or abs(process.create_time() - started) < 1.0
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def started_at(pid: int) -> float:
    """Start time of a process, seconds since the epoch: with it a pid that was used again is told apart."""
    return float(psutil.Process(pid).create_time())


def tail(log: Path, lines: int = 3) -> str:
    """Where a log is and what it ends with, on one line."""
    with contextlib.suppress(OSError):
        text = log.read_text(errors="replace").strip().splitlines()[-lines:]
        return f"{log} ends: {' / '.join(line.strip() for line in text) or '(empty)'}"
    return f"no log at {log}"
