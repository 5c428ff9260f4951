"""How large a run is: `BENCH_*` variables, with defaults that a quiet two-core machine does in under 15 minutes."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

PREFIX: Final = "BENCH_"


class ScaleError(ValueError):
    """A BENCH_ variable that is unknown or out of range; one line that says what it may be."""


def _counts(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


@dataclass(frozen=True, slots=True)
class Scale:
    """`BENCH_` + the upper-case name sets a field; lists are separated by commas."""

    events: int = 2_000_000
    """Records of the backlog."""
    sample: int = 100_000
    """Records the real generator makes; the backlog repeats them under other ids."""
    polled: int = 600_000
    """Records a repeat of the measurements with a real broker takes, at most the backlog."""
    repeats: int = 5
    windows: tuple[int, ...] = (75, 500, 5_000, 20_000)
    """Window sizes in records at which the stages are measured."""
    stage_rows: int = 20_000
    """Records a repeat of a stage measurement takes, at least one window."""
    members: tuple[int, ...] = (1, 2, 3)
    """Numbers of consumer processes that drain the backlog."""
    rates: tuple[int, ...] = (500, 5_000)
    """Events a second of the steady measurements."""
    seconds: int = 60
    """Length of a steady measurement."""
    append_rows: int = 1_000_000
    """Rows sent to the emulator to find its own limit."""
    soak_seconds: int = 600
    soak_rate: int = 5_000
    seed: int = 7

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Scale":
        """Read `BENCH_*`; empty means unset. Raises ScaleError."""
        known = {f"{PREFIX}{field.name.upper()}": field for field in fields(cls)}
        values: dict[str, Any] = {}
        for name, text in sorted(environment.items()):
            if not name.startswith(PREFIX) or not text:
                continue
            if name not in known:
                raise ScaleError(f"{name} is unknown; there are {', '.join(sorted(known))}")
            field = known[name]
            several = isinstance(field.default, tuple)
            try:
                value: Any = _counts(text) if several else int(text)
            except ValueError:
                raise ScaleError(f"{name} must be {'numbers with commas' if several else 'a number'}") from None
            if min(value if several else (value,)) < 1:
                raise ScaleError(f"{name} must be 1 or more")
            values[field.name] = value
        return cls(**values)
