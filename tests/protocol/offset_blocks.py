"""Rows of the simulation: blocks that are nothing but offsets, so that loss and duplication show by counting."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

TODAY = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True)
class Offsets:
    """A stand-in for `plan.Block` with nothing in it but offsets."""

    offsets: tuple[int, ...]
    partition: int = 0
    nbytes: int = 0

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def first_offset(self) -> int:
        return self.offsets[0]

    @property
    def next_offset(self) -> int:
        return self.offsets[-1] + 1

    @property
    def last_timestamp(self) -> datetime:
        return TODAY + timedelta(seconds=self.offsets[-1])

    def tail(self, skip: int) -> Self:
        return type(self)(self.offsets[skip:])

    def quarantined(self, places: Iterable[int]) -> Self:
        """A quarantined row is a row."""
        assert set(places) <= set(range(len(self)))
        return self


def serialise(block: Any, epoch: str, loaded_at: datetime) -> bytes:
    return json.dumps({"epoch": epoch, "rows": block.offsets}).encode()


def offsets_of(payload: bytes) -> list[int]:
    return [int(offset) for offset in json.loads(payload)["rows"]]
