"""Read `measured.yaml` and refuse what is not in its form."""

from datetime import date
from pathlib import Path
from typing import Final, Literal

import msgspec

PATH: Final = Path(__file__).with_name("measured.yaml")


class Peer(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One engine's figures; a range is `(lowest, highest)`, null is not measured."""

    name: str
    version: str
    events_per_s: tuple[int, int]
    cpu_s_per_million: tuple[float, float] | None
    rss_mb: int | None
    latency_p95_ms: int | None
    conditions: str
    source: Literal["lab"]
    dated: date
    reproducible_from_here: Literal[False]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    measured: list[Peer]


def read(path: Path = PATH) -> list[Peer]:
    """All entries. Raises msgspec.ValidationError."""
    return msgspec.yaml.decode(path.read_bytes(), type=_File).measured
