"""One partition's log in memory, as a read_committed consumer meets it: offsets with gaps, a stable end."""

from bisect import bisect_left
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the log; `timestamp_ms` is the broker's, milliseconds since the epoch."""

    offset: int
    timestamp_ms: int
    value: bytes | None


class Log:
    """Offsets `[low, stable_end)` can be delivered; what lies between is delivered or is a gap."""

    def __init__(self) -> None:
        self.low = 0
        self.end = 0
        self._entries: list[Entry] = []
        self._open_at: int | None = None

    @property
    def stable_end(self) -> int:
        """Last stable offset: the first offset of an open transaction, else the log's end."""
        return self.end if self._open_at is None else self._open_at

    def append(self, value: bytes | None, timestamp_ms: int) -> int:
        """Add a record and return its offset."""
        self._entries.append(Entry(self.end, timestamp_ms, value))
        self.end += 1
        return self.end - 1

    def skip(self, count: int) -> None:
        """Use up offsets that nobody is delivered: transaction markers, aborted or compacted records."""
        self.end += count

    def begin(self) -> None:
        """Open a transaction: what is appended from here is not delivered until it ends."""
        if self._open_at is None:
            self._open_at = self.end

    def finish(self, *, commit: bool) -> None:
        """End the transaction: its records become deliverable, or a gap. The marker takes an offset."""
        if self._open_at is None:
            return
        if not commit:
            self._entries = self._entries[: self._index(self._open_at)]
        self._open_at = None
        self.skip(1)

    def read(self, position: int, limit: int) -> list[Entry]:
        """Up to `limit` stable records at or after `position`."""
        start = self._index(position)
        return self._entries[start : min(start + limit, self._index(self.stable_end))]

    def first_at(self, timestamp_ms: int) -> int:
        """Offset of the first stable record at or after a broker time; the stable end where there is none."""
        stable = (entry for entry in self._entries if entry.offset < self.stable_end)
        return next((entry.offset for entry in stable if entry.timestamp_ms >= timestamp_ms), self.stable_end)

    def delete_before(self, offset: int) -> None:
        """Raise the low watermark, as retention or delete_records does."""
        self.low = max(self.low, min(offset, self.end))
        self._entries = self._entries[self._index(self.low) :]

    def _index(self, offset: int) -> int:
        return bisect_left(self._entries, offset, key=lambda entry: entry.offset)
