"""The control plane as the demo needs it. The command line hands it in: the sandbox does not know Dagster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

BROUGHT_BACK_S: Final = 15.0
"""By contract, from a member's death to its next row, with everybody on one machine."""


@dataclass(frozen=True, slots=True)
class ReplayedDay:
    """One business date, decoded again from Kafka and compared with what the stream landed. All are counts of rows."""

    day: date
    rows: int
    identical: int
    explained: int
    unexplained: int
    replay_id: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay of the demo's days came to."""

    days: Sequence[ReplayedDay] = ()
    seconds: float = 0.0
    trouble: str | None = None
    """Why it could not be held, one line."""


class ControlPlane(Protocol):
    """Supervises the stream of one state folder."""

    def begin(self, environment: Mapping[str, str]) -> None:
        """Start its processes and return at once. `environment`: a whole one, with the platform's variables."""

    def check(self) -> None:
        """Raise DemoFailed if it could not start or one of its processes has died."""

    def address(self) -> str | None:
        """Where its pages are, once they answer."""

    def want(self, members: int) -> None:
        """Want the stream to run: its supervisor starts the members, and starts again who ends."""

    def refused(self, member: str) -> str | None:
        """Why a member ended so that another start would end the same way; one line."""

    def resident_bytes(self) -> int:
        """Memory of all its processes now."""

    def replay(self, first: date, last: date) -> Replay:
        """Replay these business dates from Kafka and compare."""

    def end(self, drain_s: float) -> None:
        """End its processes, then the members, who may drain for so long. Safe to repeat."""

    def leave(self) -> None:
        """Let all of it outlive this process."""


def shortcomings(replay: Replay, landed: Mapping[date, int]) -> list[str]:
    """Why a replay proves nothing, one line each: none if each day's landed rows came out identical.

    `landed`: live rows in the table by business date, counted apart from the replay.
    """
    if replay.trouble is not None:
        return [f"the replay could not be held: {replay.trouble}"]
    found = {each.day: each for each in replay.days}
    lines = [f"{day} was not replayed: {rows:,} rows" for day, rows in landed.items() if rows and day not in found]
    for day, each in found.items():
        if each.unexplained:
            lines.append(f"{day}: {each.unexplained:,} of {each.rows:,} replayed rows differ and nothing explains it")
        if each.identical != landed.get(day, 0):
            lines.append(f"{day}: {landed.get(day, 0):,} rows landed, {each.identical:,} came out identical")
    return lines or ([] if any(landed.values()) else ["no row landed on the demo's days"])


def as_json(replay: Replay, landed: Mapping[date, int]) -> dict[str, Any]:
    """The report's `replay`."""
    days = [
        {
            "day": str(each.day),
            "landed": landed.get(each.day, 0),
            "rows": each.rows,
            "identical": each.identical,
            "explained": each.explained,
            "unexplained": each.unexplained,
            "replay_id": each.replay_id,
        }
        for each in replay.days
    ]
    wrong = shortcomings(replay, landed)
    return {"proven": not wrong, "days": days, "seconds": round(replay.seconds, 2), "shortcomings": wrong}
