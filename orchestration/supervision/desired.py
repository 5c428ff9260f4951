"""What people want of the stream: one small JSON file in the state folder. Absent: nobody manages this stream."""

import json
import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

MOST_MEMBERS: Final = 64
"""As many as `tidemark consume --members` takes; a topic has no more partitions than that here."""
SUPERVISED: Final = re.compile(r"member-[1-9]\d{0,2}")
"""Names a supervisor gives. A member that a person runs is left alone: under another name always, under one of these
unless the desired state names it or a supervisor started that very process."""


class DesiredError(Exception):
    """The file does not say what is wanted. One line that says what to do."""


@dataclass(frozen=True, slots=True)
class Desired:
    """The state to keep the stream in."""

    running: bool
    members: int
    changed_at: datetime
    by: str
    """Who wanted it last, for people."""

    def names(self) -> list[str]:
        """Members that should run."""
        return self.managed() if self.running else []

    def managed(self) -> list[str]:
        """Members that this state is about: those that should run, or should not."""
        return [f"member-{number}" for number in range(1, self.members + 1)]


def desired_path(state_dir: Path) -> Path:
    """`<state_dir>/desired.json`."""
    return state_dir / "desired.json"


def read_desired(state_dir: Path) -> Desired | None:
    """What is wanted; None where nothing ever was. Raises DesiredError for a file that says nothing usable."""
    path = desired_path(state_dir)
    try:
        return _parsed(json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "run stream_start or stream_stop, which write it anew"
        raise DesiredError(f"{path} does not say what is wanted of the stream ({error}); {hint}") from None


def write_desired(state_dir: Path, desired: Desired) -> None:
    """Replace the file in one step. Raises OSError."""
    path = desired_path(state_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    content = {"running": desired.running, "members": desired.members, "by": desired.by}
    fresh.write_text(json.dumps(content | {"changed_at": desired.changed_at.isoformat()}))
    fresh.replace(path)


def _parsed(content: Any) -> Desired:
    running, members = content["running"], content["members"]
    changed_at = datetime.fromisoformat(content["changed_at"])
    if not isinstance(running, bool):
        raise ValueError("running: true or false")
    if isinstance(members, bool) or not isinstance(members, int) or not 1 <= members <= MOST_MEMBERS:
        raise ValueError(f"members: an integer from 1 to {MOST_MEMBERS}")
    if changed_at.tzinfo is None:
        raise ValueError("changed_at: a time with its zone")
    return Desired(running, members, changed_at, str(content["by"]))
