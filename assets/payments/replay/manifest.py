"""The manifest of a replayed day: what went in, with which versions and code, and what came out. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Any, Final

from assets.payments.replay.difference import Difference
from assets.payments.replay.options import Options
from assets.payments.replay.pins import Pins
from assets.payments.replay.ranges import OffsetRange

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Code:
    """What made the rows."""

    release: str
    stages: str
    """Hash over the source of every module that decides what a row is."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows, and their hash in any order (`fingerprint`)."""

    rows: int
    hash: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Two replays of a day with the same source, versions and code have the same `taken` and `made`."""

    day: date
    options: Options
    pins: Pins
    reporting_currency: str
    ranges: tuple[OffsetRange, ...]
    taken: Counted
    """Records of the day that were read: coordinates and payload MACs."""
    made: Counted
    """Rows of the shadow table: coordinates and values."""
    code: Code
    shadow: str
    at: datetime

    def as_json(self, difference: Difference) -> dict[str, Any]:
        """For a file or an event: plain values, times in UTC."""
        known_at = self.options.fx_as_known_at
        return {
            "format": FORMAT,
            "replay_id": self.options.replay_id,
            "business_date": self.day.isoformat(),
            "at": _instant(self.at),
            "source": self.options.source,
            "ranges": [
                {"topic": r.topic, "topic_id": r.topic_id, "partition": r.partition, "first": r.first, "last": r.last}
                for r in self.ranges
            ],
            "input": {"records": self.taken.rows, "hash": self.taken.hash},
            "versions": {
                "merchants": self.pins.merchants,
                "fx_rates": self.pins.fx_rates,
                "fx_as_known_at": None if known_at is None else _instant(known_at),
                "reporting_currency": self.reporting_currency,
            },
            "code": {"release": self.code.release, "stages": self.code.stages},
            "output": {"rows": self.made.rows, "hash": self.made.hash, "shadow_table": self.shadow},
            "difference": counts(difference),
        }


def counts(difference: Difference) -> dict[str, Any]:
    """The counts of a comparison, without examples."""
    return {
        "identical": difference.identical,
        "explained": difference.explained,
        "unexplained": difference.unexplained,
        "version_only": difference.version_only,
        "only_landed": difference.only_landed,
        "only_replayed": difference.only_replayed,
        "columns": dict(difference.columns),
    }


def hash_of_sources(sources: Mapping[str, bytes]) -> str:
    """32 hexadecimal digits over files by name; the order in which they come does not matter."""
    total = blake2b(digest_size=16)
    for name in sorted(sources):
        total.update(f"{name}:{len(sources[name])}:".encode())
        total.update(sources[name])
    return total.hexdigest()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
