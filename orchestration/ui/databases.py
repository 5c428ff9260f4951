"""The databases of a new DAGSTER_HOME, made before anybody opens them.

Processes that each make them, at the same moment, leave a schema with two versions, which none of them can read. To
make them takes three seconds of CPU, most of it imports: each user's cache keeps an empty set to copy.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from orchestration.ui.home import Home, shipped_settings
from sandbox.platform.cache import cache_root

_FOLDERS: Final = ("history", "schedules")
"""Where Dagster's SQLite storage keeps its files; the last one says that all are there."""


class NoDatabases(Exception):
    """They cannot be made. One line."""


def prepare(home: Home, environment: Mapping[str, str]) -> None:
    """Make the databases of a home that has none. Raises NoDatabases, OSError."""
    if (home.folder / _FOLDERS[-1]).exists():
        return
    if home.settings.read_text() != shipped_settings():
        _make(home.folder, environment)  # a storage of somebody's own
        return
    empty = cache_root(environment) / f"dagster-{version('dagster')}-empty"
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
        _keep_empty(empty, environment)
    if not empty.exists():
        _make(home.folder, environment)
        return
    for name in _FOLDERS:
        shutil.copytree(empty / name, home.folder / name)


def _keep_empty(empty: Path, environment: Mapping[str, str]) -> None:
    """Make the empty set once: whole or not at all, also if two begin together."""
    if empty.exists():
        return
    empty.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=empty.parent, prefix=".dagster-") as folder:
        fresh = Path(folder) / "empty"
        fresh.mkdir()
        (fresh / "dagster.yaml").write_text(shipped_settings())
        _make(fresh, environment)
        os.replace(fresh, empty)


def _make(folder: Path, environment: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "orchestration.ui.storage", str(folder)]
    made = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
    if made.returncode:
        last = (made.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise NoDatabases(f"Dagster's databases in {folder} cannot be made: {last}")
