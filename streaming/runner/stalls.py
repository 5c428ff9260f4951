"""Partitions that should deliver and do not: the log goes on, no append is waited for, the position stands still."""

from collections.abc import Iterable, Mapping
from typing import Final

from streaming.ports import LogRange
from streaming.protocol.actions import NextBlock
from streaming.runner.lanes import Lane

STALLED_S: Final = 30.0
"""A client that fetches delivers within a second; a broker's outage shows in its own way."""


class Stalls:
    """Remembers positions. A position is reported once: a log can end in offsets that hold no record."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, float]] = {}
        self._reported: dict[int, int] = {}

    def look(self, lanes: Iterable[Lane], ranges: Mapping[int, LogRange], paused: set[int], now: float) -> list[int]:
        """Partitions found stalled now. Call it with log ends that were asked for just now."""
        found = []
        for lane in lanes:
            number, position = lane.partition.number, lane.partition.position
            if position is None or not _should_deliver(lane, ranges, paused):
                self._seen.pop(number, None)
                continue
            since = self._seen.setdefault(number, (position, now))
            if since[0] != position:
                self._seen[number] = (position, now)
            elif now - since[1] >= STALLED_S and self._reported.get(number) != position:
                self._reported[number] = position
                found.append(number)
        return found


def _should_deliver(lane: Lane, ranges: Mapping[int, LogRange], paused: set[int]) -> bool:
    partition = lane.partition
    waits = isinstance(lane.action, NextBlock) and not partition.queue and partition.number not in paused
    position, log = partition.position, ranges.get(partition.number)
    return waits and position is not None and log is not None and position < log.end
