"""What a demo can be asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEFAULT_STATE: Final = Path(".tidemark/demo")
PARTITIONS: Final = 6
BAD: Final = 0.001
DUPLICATES: Final = 0.001
LATE: Final = 0.001


@dataclass(frozen=True, slots=True)
class Options:
    """Events a second, seconds of production, members of the group, seed of the world, and what stays behind."""

    rate: float = 500.0
    seconds: float = 30.0
    members: int = 1
    seed: int = 7
    keep: bool = False
    state: Path = DEFAULT_STATE
    bad: float = BAD
    duplicates: float = DUPLICATES
    late: float = LATE
    kill: bool = True
    """Kill a consumer halfway."""
