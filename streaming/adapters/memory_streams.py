"""Write streams in memory: the offset rules of a COMMITTED stream."""

from dataclasses import dataclass

from streaming.ports import AlreadyExists, OffsetOutOfRange, StreamFinalized, StreamNotFound


@dataclass(slots=True)
class Stream:
    """One COMMITTED stream."""

    rows: int = 0
    finalized: bool = False
    miscounted_by: int = 0


class Streams:
    """All streams of a table. Not thread-safe: the warehouse holds the lock."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._streams: dict[str, Stream] = {}
        self._made = 0

    def open(self) -> str:
        """Create a stream and return its name."""
        self._made += 1
        name = f"{self._table}/streams/{self._made:06d}"
        self._streams[name] = Stream()
        return name

    def find(self, name: str) -> Stream:
        """Raises StreamNotFound."""
        if name not in self._streams:
            raise StreamNotFound(f"stream {name} does not exist")
        return self._streams[name]

    def check_append(self, name: str, offset: int, *, states_expected: bool) -> Stream:
        """The stream, if an append at `offset` is the next one. Raises what the service would answer."""
        stream = self.find(name)
        if stream.finalized:
            raise StreamFinalized(f"stream {name} is finalized")
        if offset < stream.rows:
            expected = stream.rows if states_expected else None
            raise AlreadyExists(f"offset {offset} already exists; expected offset {expected}", expected)
        if offset > stream.rows:
            raise OffsetOutOfRange(f"offset {offset} is beyond the stream's end {stream.rows}")
        return stream

    def finalize(self, name: str, miscounted_by: int) -> int:
        """Refuse appends from here on and count."""
        stream = self.find(name)
        stream.finalized = True
        stream.miscounted_by += miscounted_by
        return stream.rows + stream.miscounted_by

    def expire(self, name: str) -> None:
        """The stream is gone; its rows stay."""
        self._streams.pop(name, None)

    @property
    def open_names(self) -> list[str]:
        """Streams that still take rows, oldest first."""
        return [name for name, stream in self._streams.items() if not stream.finalized]
