"""The model's own YAML files, by libyaml where it is there: ten times as fast, and every command waits for it."""

from pathlib import Path
from typing import Any, Final

import yaml

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """The document of a file that comes with the product."""
    return yaml.load(path.read_bytes(), Loader=_LOADER)
