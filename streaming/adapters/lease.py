"""The lease: one process per member and machine, held for life as an exclusive `flock`.

The kernel frees it on any death, so nothing has to be cleaned up and nothing can go stale. It is a courtesy to whoever
starts members, not what keeps rows single: that is the fence of the delivery protocol.
"""

import errno
import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TAKE_S: Final = 1.0
"""How long a start asks again: whoever looks at a lease holds it for an instant."""
AGAIN_S: Final = 0.05
NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
"""What a filesystem without locks answers, some network ones among them."""


class LeaseHeld(Exception):
    """Another process plays this member on this machine. The message is one line that says which."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease."""

    pid: int | None
    """Process id as the holder wrote it for people; None before it has, or on a full disk."""


def lease_path(state_dir: Path, member: str) -> Path:
    """`<state_dir>/leases/<member>.lock`; the file stays when its holder ends."""
    return state_dir / "leases" / f"{member}.lock"


def take(state_dir: Path, member: str, wait: Callable[[float], None] = time.sleep) -> int:
    """Take the member's lease and return its descriptor: the lease lives until that is closed or the process ends.

    Children do not inherit the descriptor. Raises LeaseHeld, and OSError where the file cannot be made.
    """
    path = lease_path(state_dir, member)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        for _ in range(round(TAKE_S / AGAIN_S)):
            if _locked(descriptor, fcntl.LOCK_EX):
                _sign(descriptor)
                return descriptor
            wait(AGAIN_S)
    except OSError:
        os.close(descriptor)
        raise
    pid = _signature(descriptor)
    os.close(descriptor)
    who = f" by process {pid}" if pid else ""
    raise LeaseHeld(f"{member} is already run{who} on this machine ({path}); stop it, or set another TIDEMARK_MEMBER")


def holder(state_dir: Path, member: str) -> Holder | None:
    """Who holds the lease now; None if nobody does. Shared, so that two who look do not take each other for holders."""
    try:
        descriptor = os.open(lease_path(state_dir, member), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return None if _locked(descriptor, fcntl.LOCK_SH) else Holder(_signature(descriptor))
    finally:
        os.close(descriptor)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(descriptor: int) -> None:
    """Write the pid. Its absence costs people a look, and a supervisor the right to signal: no reason not to start."""
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError:
        return


def _signature(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None
