"""DAGSTER_HOME of one state folder: instance settings, and a workspace that is the same from any directory."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
"""Dagster has no authentication of its own: whoever reaches a port may run anything."""
LOCATION: Final = "tidemark"
_WORKSPACE: Final = """\
load_from:
  - grpc_server:
      host: {host}
      port: {port}
      location_name: {location}
"""


@dataclass(frozen=True, slots=True)
class Home:
    """Folders and files of the control plane beside a platform's state."""

    state: Path

    @property
    def folder(self) -> Path:
        """DAGSTER_HOME."""
        return self.state.absolute() / "dagster"

    @property
    def workspace(self) -> Path:
        """Names the code server by its port: nothing in it depends on the current directory."""
        return self.folder / "workspace.yaml"

    @property
    def settings(self) -> Path:
        """The instance's own; its owner may change it."""
        return self.folder / "dagster.yaml"

    @property
    def facts(self) -> Path:
        """What runs: pids, start times, ports."""
        return self.folder / "servers.json"

    def log(self, name: str) -> Path:
        """The log of one process, beside the platform's own."""
        return self.state.absolute() / "logs" / f"dagster-{name}.log"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Whoever else starts or ends these processes waits meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "servers.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def prepare(self, code_port: int) -> None:
        """Write the workspace for this port, and the instance's settings unless they are there already."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.settings.exists():
            replace(self.settings, shipped_settings())
        replace(self.workspace, _WORKSPACE.format(host=LOOPBACK, port=code_port, location=LOCATION))


def shipped_settings() -> str:
    """The settings that a new home begins with."""
    return files("orchestration.ui").joinpath("dagster.yaml").read_text()


def replace(path: Path, text: str) -> None:
    """Write a file as a whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text)
    fresh.replace(path)
