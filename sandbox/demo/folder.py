"""The demo's own state folder: one demo at a time, a fresh start each, and never a folder that is not ours."""

from pathlib import Path

from sandbox.platform import supervisor
from sandbox.platform.instance import AlreadyRunning


class FolderTaken(Exception):
    """The state folder cannot be used. One line that says what to do."""


def fresh(state: Path) -> Path:
    """Empty the folder of an earlier demo and return its absolute path. Raises FolderTaken."""
    state = state.absolute()
    busy = FolderTaken(
        f"a demo or platform is running on {state}: end it with `tidemark down --state {state}`, "
        "or give this one another folder with --state"
    )
    if state.exists() and not state.is_dir():
        raise FolderTaken(f"{state} is not a folder: choose another with --state")
    if supervisor.is_held(state):
        raise busy
    if state.exists() and any(state.iterdir()) and not (state / "instance.lock").exists():
        raise FolderTaken(f"{state} holds files that are not a demo's: choose an empty folder with --state")
    try:
        supervisor.purge(state)
        state.mkdir(parents=True, exist_ok=True)
        (state / "instance.lock").touch()  # from here on it is known as a demo's, however early this one ends
    except AlreadyRunning:
        raise busy from None
    except OSError as error:
        raise FolderTaken(f"{state} cannot be used: {error.strerror}") from None
    return state
