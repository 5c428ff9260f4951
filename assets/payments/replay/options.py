"""What a replay is asked for, and the one error for what it can not do. Values only."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

Source = Literal["kafka", "landing"]
SOURCES: Final[tuple[str, ...]] = get_args(Source)

DEFAULT_RATE: Final = 5_000.0
"""Records a second: ten times a live stream of 500/s. The core walks 170,000/s (docs/performance.md), so a stream on
the same machine keeps nearly all of it."""
MAX_RATE: Final = 1_000_000.0
"""More than any source gives: in effect no limit."""
_REPLAY_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


class ReplayRefused(Exception):
    """This replay can not be held or published as asked. One line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """A replay's choices; the same for all of its days. Raises ReplayRefused for values that can not be."""

    replay_id: str
    """Names the shadow tables, the manifests and the rows that are published."""
    source: Source = "kafka"
    merchants_version: str | None = None
    """None: the newest."""
    fx_as_known_at: datetime | None = None
    """Rates recorded by then, with its zone; None: all."""
    publish: bool = False
    rate: float = DEFAULT_RATE
    """Records a second that are read at most."""

    def __post_init__(self) -> None:
        if not _REPLAY_ID.fullmatch(self.replay_id):
            raise ReplayRefused(f"replay id {self.replay_id!r}: 1 to 64 letters, digits and '-'")
        if self.source not in SOURCES:
            raise ReplayRefused(f"the source is one of {', '.join(SOURCES)}, not {self.source!r}")
        if not 1 <= self.rate <= MAX_RATE:
            raise ReplayRefused(f"the rate is 1 to {MAX_RATE:,.0f} records a second, not {self.rate:g}")
        if self.fx_as_known_at is not None and self.fx_as_known_at.tzinfo is None:
            raise ReplayRefused("the time by which rates were known needs its zone: 2026-11-24T18:00:00Z")


def new_replay_id(at: datetime, token: str) -> str:
    """An id that sorts by time: `replay-20261125-093000-<token>`; `token`: a few random letters and digits."""
    return f"replay-{at:%Y%m%d-%H%M%S}-{token}"
