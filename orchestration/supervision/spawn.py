"""Start a member so that it outlives whoever started it; signal one only while it is certain who that is."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from orchestration.supervision.facts import exit_path, log_path, spawned_path
from streaming.adapters.lease import holder, lease_path
from streaming.member_process import ALLOCATOR, MEMBER_COMMAND
from streaming.settings import PREFIX

_DETACHED: Final = 'own=$1; shift; { "$@" & pid=$!; echo "$pid" >"$own"; wait "$pid"; echo "$pid $?" >"$0"; } &'
"""A shell that ends at once and leaves another behind (1 MB) to note whom it started and how that ends: the init
process becomes its parent, so no zombie waits for whoever spawned it, and nothing is lost when that is restarted."""
HANDOVER_S: Final = 10.0
"""The first shell ends within milliseconds."""


def start(
    state_dir: Path, member: str, environment: Mapping[str, str], command: Sequence[str] = MEMBER_COMMAND
) -> None:
    """Spawn the member in a session of its own, its output appended to its log. Raises OSError.

    `environment` is a whole process environment with the stream's TIDEMARK_* variables.
    """
    log, ended = log_path(state_dir, member).absolute(), exit_path(state_dir, member).absolute()
    for folder in {log.parent, ended.parent}:
        folder.mkdir(parents=True, exist_ok=True)
    spawned = spawned_path(state_dir, member).absolute()
    for former in (ended, spawned):
        former.unlink(missing_ok=True)
    own = {f"{PREFIX}MEMBER": member, f"{PREFIX}STATE_DIR": str(state_dir.absolute())}
    with log.open("ab") as out:
        shell = subprocess.Popen(
            ["/bin/sh", "-c", _DETACHED, str(ended), str(spawned), *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**environment, **ALLOCATOR, **own},
            close_fds=True,
            start_new_session=True,
        )
    try:
        shell.wait(HANDOVER_S)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"{member} could not be spawned within {HANDOVER_S:g} s") from error


def send(state_dir: Path, member: str, pid: int, number: signal.Signals) -> bool:
    """Signal this process if it holds the member's lease. Returns whether it did; a process id used again never does.

    Raises PermissionError for a process of another user.
    """
    held = holder(state_dir, member)
    if held is None or held.pid != pid:
        return False
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if not _has_open(pid, lease_path(state_dir, member)):
            return False
        signal.pidfd_send_signal(process, number)  # to this very process, whatever becomes of its id meanwhile
    except (FileNotFoundError, ProcessLookupError):
        return False
    finally:
        os.close(process)
    return True


def _has_open(pid: int, path: Path) -> bool:
    """Whether the process has the file open. Its signature could be a former holder's."""
    lease = path.stat()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(descriptor.stat(), lease):
                return True
    return False
