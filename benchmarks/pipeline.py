"""The core as it is measured: polled records in, serialised Arrow requests out, by the product's own functions.

The only place in the benchmarks that knows how the walk is called.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from inspect import signature
from typing import Any, Final

import polars as pl

from benchmarks.payments import MAC_KEY
from streaming.ports import Records
from streaming.reference.tables import Reference
from streaming.runner.window import Window
from streaming.stages.plan import serialise, split
from streaming.walk import Policy, Source, enrich

SOURCE: Final = Source("payments", "AAAAAAAAAAAAAAAAAAAAAA")
EPOCH: Final = "01234567-89ab-7def-8123-456789abcdef"
"""As long as a real one."""


def taken(window: Any) -> pl.DataFrame:
    """The window's frame. Earlier versions, which are measured for comparison, take it without a time."""
    frame = window.take(*[0.0] * len(signature(window.take).parameters))
    assert isinstance(frame, pl.DataFrame)
    return frame


@dataclass(slots=True)
class Made:
    """What came out."""

    windows: int = 0
    rows: int = 0
    requests: int = 0
    request_bytes: int = 0


class Core:
    """Feeds polled records into a window and turns each full window into requests."""

    def __init__(self, reference: Reference, max_rows: int) -> None:
        self._reference, self._max_rows = reference, max_rows
        self._policy = Policy(mac_key=MAC_KEY.encode())
        self._window = Window()
        self._fetching = set(range(1_000))
        self.made = Made()

    def take(self, records: Records) -> None:
        """Add a poll's records; enrich if the window is full."""
        self._window.add(records, self._fetching, 0.0)
        if len(self._window) >= self._max_rows:
            self.turn()

    def turn(self) -> None:
        """Enrich and serialise what the window holds."""
        if not len(self._window):
            return
        enriched = enrich(taken(self._window), SOURCE, self._reference, self._policy)
        loaded_at = datetime.now(UTC)
        for block in split(enriched.rows, enriched.payloads, self._max_rows):
            request = serialise(block, EPOCH, loaded_at)
            self.made.requests += 1
            self.made.request_bytes += len(request)
            self.made.rows += len(block)
        self.made.windows += 1

    def run(self, polls: Iterable[Records]) -> int:
        """All of these, to the last record. Returns how many rows came out; raises AssertionError if not all."""
        before, given = self.made.rows, 0
        for records in polls:
            given += len(records)
            self.take(records)
        self.turn()
        assert self.made.rows - before == given, "the core lost or doubled a row"
        return given
