"""Commit metadata: the one fact that lets a new owner count instead of compare.

`(stream, row)` beside committed offset `k` means: the first record delivered at or after `k` is row number
`row` of `stream`. A negative `row` says how many records from `k` on already lie in earlier streams.
The broker keeps at most 4,095 UTF-16 units of metadata (Kafka's `offset.metadata.max.bytes` default less one).
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

VERSION: Final = 1
MAX_LENGTH: Final = 1_000
"""Characters: our own bound, far below the broker's."""

DELIVERY_RULES: Final = {"isolation.level": "read_committed", "rows_per_record": 1}
"""What decides which records are delivered and how many rows each becomes: counting is sound only while it holds."""

CFG: Final = blake2b(json.dumps(DELIVERY_RULES, sort_keys=True).encode(), digest_size=4).hexdigest()


@dataclass(frozen=True, slots=True)
class CommitMetadata:
    """What is committed beside an offset."""

    stream: str | None
    """Write stream of the owner that committed; None where an operator set the offset: nothing to fence."""
    epoch: str
    topic_id: str
    table_created: str
    row: int
    at: datetime | None
    """Broker timestamp of the last record the commit covers, UTC; None before the first."""
    started_with: int
    """Partitions the topic had when the group first started: a partition beyond them was added later."""
    cfg: str = CFG

    def encode(self) -> str:
        """Compact JSON, at most MAX_LENGTH characters."""
        text = json.dumps(
            {
                "v": VERSION,
                "stream": self.stream,
                "epoch": self.epoch,
                "topic_id": self.topic_id,
                "table_created": self.table_created,
                "row": self.row,
                "at": self.at.isoformat() if self.at else None,
                "parts": self.started_with,
                "cfg": self.cfg,
            },
            separators=(",", ":"),
        )
        assert len(text) <= MAX_LENGTH, f"commit metadata of {len(text)} characters"
        return text

    def at_row(self, row: int, at: datetime | None) -> "CommitMetadata":
        """The same stream, further on."""
        return replace(self, row=row, at=at or self.at)


def decode(text: str | None) -> CommitMetadata | None:
    """Read metadata back; None for absent or unreadable text: then nothing can be fenced by it."""
    try:
        fields: dict[str, Any] = json.loads(text or "")
        if fields["v"] != VERSION or type(fields["row"]) is not int:
            return None
        return CommitMetadata(
            stream=fields["stream"],
            epoch=fields["epoch"],
            topic_id=fields["topic_id"],
            table_created=fields["table_created"],
            row=fields["row"],
            at=datetime.fromisoformat(fields["at"]).astimezone(UTC) if fields["at"] else None,
            started_with=fields["parts"],
            cfg=fields["cfg"],
        )
    except (ValueError, KeyError, TypeError):
        return None
