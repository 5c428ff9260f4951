"""One look at the members: leases, heartbeats, how they ended, what they said last. Nothing here waits or changes."""

import json
import os
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from orchestration.supervision.desired import SUPERVISED
from orchestration.supervision.model import MemberFacts
from streaming.adapters.heartbeat import Beat
from streaming.adapters.lease import holder
from streaming.member_process import last_words

FORGOTTEN: Final = timedelta(days=1)
"""A heartbeat older than that is of a member that was renamed or scaled away, where nobody manages the names."""


def log_path(state_dir: Path, member: str) -> Path:
    """`<state_dir>/logs/consumer-<n>.log`, where `tidemark logs consumer` looks."""
    return state_dir / "logs" / f"consumer-{member.removeprefix('member-')}.log"


def exit_path(state_dir: Path, member: str) -> Path:
    """`<state_dir>/leases/<member>.exit`: pid and exit code of the last process that was spawned for it."""
    return state_dir / "leases" / f"{member}.exit"


def spawned_path(state_dir: Path, member: str) -> Path:
    """`<state_dir>/leases/<member>.spawned`: pid of the last process that a supervisor started for it."""
    return state_dir / "leases" / f"{member}.spawned"


def gather(state_dir: Path, wanted: Iterable[str]) -> list[MemberFacts]:
    """Look at the wanted members and at every other of a supervisor's names that ever ran here.

    Raises OSError where a lease cannot be looked at: on a filesystem without locks, or of another user.
    """
    with_lease = {path.stem for path in (state_dir / "leases").glob("*.lock")}
    writable = _beats_writable(state_dir)
    names = {*wanted, *(name for name in with_lease if SUPERVISED.fullmatch(name))}
    return [_look(state_dir, name, writable) for name in sorted(names)]


def observed(state_dir: Path, now: datetime, fresh: timedelta) -> list[MemberFacts]:
    """Look at whoever writes heartbeats here, under whatever name and on whatever machine.

    A lease is seen by its own machine alone: here a fresh heartbeat stands for it.
    """
    found = []
    for path in sorted((state_dir / "heartbeats").glob("*.json")):
        beat, pid = _beat(path)
        if beat is not None and now - beat.at <= FORGOTTEN:
            lives = abs(now - beat.at) <= fresh and beat.state != "stopped"
            found.append(MemberFacts(path.stem, lives, pid, beat, pid))
    return found


def _look(state_dir: Path, member: str, writable: bool) -> MemberFacts:
    held = holder(state_dir, member)
    beat, beat_pid = _beat(state_dir / "heartbeats" / f"{member}.json")
    if held is not None:
        delivers = beat is not None and beat_pid == held.pid and beat.state != "starting"
        words = "" if delivers else last_words(log_path(state_dir, member))
        ours = held.pid is not None and held.pid == _pid(spawned_path(state_dir, member))
        return MemberFacts(member, True, held.pid, beat, beat_pid, writable, last_words=words, spawned=ours)
    exit_pid, code = _ended(exit_path(state_dir, member))
    if _pid(spawned_path(state_dir, member)) not in (None, exit_pid):
        exit_pid = code = None  # the note on a former process, which came after the next one was started
    words = last_words(log_path(state_dir, member))
    return MemberFacts(member, False, None, beat, beat_pid, writable, code, exit_pid, words)


def _beat(path: Path) -> tuple[Beat | None, int | None]:
    """The heartbeat and the pid that wrote it; nothing for a file that is none."""
    try:
        content: dict[str, Any] = json.loads(path.read_text())
        known = {field.name: content[field.name] for field in fields(Beat) if field.name in content}
        beat = Beat(**known | {"at": datetime.fromisoformat(content["at"])})
        return (beat, int(content["pid"])) if beat.at.tzinfo is not None else (None, None)
    except (OSError, ValueError, KeyError, TypeError):
        return None, None


def _ended(path: Path) -> tuple[int | None, int | None]:
    try:
        pid, code = path.read_text().split()
        return int(pid), int(code)
    except (OSError, ValueError):
        return None, None


def _pid(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _beats_writable(state_dir: Path) -> bool:
    """Whether there is room for a heartbeat: without it a member that delivers is silent too."""
    probe = state_dir / "heartbeats" / f".probe.{os.getpid()}"
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(bytes(4_096))
        probe.unlink()
    except OSError:
        return False
    return True
