"""End the stream with its platform: nobody would land what a stopped broker cannot deliver."""

import contextlib
import signal
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import psutil

from orchestration.supervision.desired import SUPERVISED, DesiredError, read_desired, write_desired
from orchestration.supervision.facts import spawned_path
from orchestration.supervision.spawn import send
from streaming.adapters.lease import holder
from streaming.settings import PREFIX

DRAIN_S: Final = 15.0
"""A member drains in under 10 s; then it is killed, which is safe."""


def end_stream(state_dir: Path, now: datetime, by: str, drain_s: float = DRAIN_S) -> list[str]:
    """Want the stream stopped and end its members, draining first; returns who ran. Nobody may start members
    meanwhile: end Dagster first.

    As under the supervisor these are the members that the desired state names, also where it was stopped a moment ago
    and they go on, and processes that a supervisor started. What else a person runs is left alone.
    """
    try:
        desired = read_desired(state_dir)
    except DesiredError:
        desired = None
    if desired is not None and desired.running:
        write_desired(state_dir, replace(desired, running=False, changed_at=now, by=by))
    managed = desired.managed() if desired is not None else []
    ours = [name for name in _names(state_dir) if name in managed or _spawned(state_dir, name)]
    ran = [name for name in ours if _signal(state_dir, name, signal.SIGTERM)]
    deadline = time.monotonic() + drain_s
    while any(_runs(state_dir, name) for name in ran) and time.monotonic() < deadline:
        time.sleep(0.05)
    for name in ran:
        _signal(state_dir, name, signal.SIGKILL)
    return ran


def _names(state_dir: Path) -> list[str]:
    files = [path for kind in ("lock", "spawned") for path in (state_dir / "leases").glob(f"*.{kind}")]
    return sorted({path.stem for path in files if SUPERVISED.fullmatch(path.stem)})


def _spawned(state_dir: Path, member: str) -> bool:
    """Whether a supervisor started the process that is the member now, or is about to be."""
    held = holder(state_dir, member)
    if held is None:
        return _starting(state_dir, member) is not None
    with contextlib.suppress(OSError, ValueError):
        return held.pid == int(spawned_path(state_dir, member).read_text())
    return False


def _runs(state_dir: Path, member: str) -> bool:
    return holder(state_dir, member) is not None or _starting(state_dir, member) is not None


def _signal(state_dir: Path, member: str, number: signal.Signals) -> bool:
    held = holder(state_dir, member)
    if held is not None:
        return held.pid is not None and send(state_dir, member, held.pid, number)
    process = _starting(state_dir, member)
    if process is None:
        return False
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
    return True


def _starting(state_dir: Path, member: str) -> psutil.Process | None:
    """The process that was started for a member and has not come as far as its lease; its environment tells it from
    one that was given its id since."""
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        process = psutil.Process(int(spawned_path(state_dir, member).read_text()))
        own = process.environ()
        where = own.get(f"{PREFIX}STATE_DIR"), own.get(f"{PREFIX}MEMBER")
        if where == (str(state_dir.absolute()), member) and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None
