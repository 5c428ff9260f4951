"""Where downloads are kept per user."""

from collections.abc import Mapping
from pathlib import Path


def cache_root(environment: Mapping[str, str]) -> Path:
    """`$XDG_CACHE_HOME/tidemark`, by default `~/.cache/tidemark` (freedesktop.org base directory rules)."""
    base = environment.get("XDG_CACHE_HOME") or str(Path(environment.get("HOME") or Path.home()) / ".cache")
    return Path(base) / "tidemark"
