"""Which code makes the rows: the package's version, and a hash of the modules that decide what a row is."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from assets.payments.replay.manifest import Code, hash_of_sources

_DECIDING: Final = ("walk.py", "contract.py", "landing.py", "pan.py", "stages", "reference")
"""Of the package `streaming`: files, and folders with all their modules."""


@cache
def code_version() -> Code:
    """Reads some twenty small files, once a process."""
    root = files("streaming")
    sources: dict[str, bytes] = {}
    for name in _DECIDING:
        entry = root / name
        for module in [entry] if entry.is_file() else _modules(entry):
            sources[f"{name}/{module.name}"] = module.read_bytes()
    try:
        release = version("tidemark")
    except PackageNotFoundError:  # a tree that was never installed
        release = "unreleased"
    return Code(release, hash_of_sources(sources))


def _modules(folder: Traversable) -> list[Traversable]:
    return [entry for entry in folder.iterdir() if entry.name.endswith(".py")]
