"""Why a partition stops and will not go on by itself, and the command that lets it."""

from enum import Enum


class HaltReason(Enum):
    """Each needs an operator: going on would lose or double rows, or already has."""

    TOPIC_REPLACED = "the topic was deleted and created again"
    TABLE_REPLACED = "the landing table was replaced"
    BELOW_LOG = "records before the log's start were never landed"
    BEYOND_LOG = "the resume offset is beyond the log's end"
    COUNT_MISMATCH = "the table does not hold the rows the stream counted"
    UNKNOWN_STREAM = "an unknown writer is still appending"
    REFUSED = "the warehouse refuses the request"
    DEFECT = "an answer that should not be possible"


RESUME_FROM: dict[HaltReason, str | None] = {
    HaltReason.TOPIC_REPLACED: "beginning",
    HaltReason.TABLE_REPLACED: "commit",
    HaltReason.BELOW_LOG: "beginning",
    HaltReason.BEYOND_LOG: "table",
    HaltReason.COUNT_MISMATCH: "table",
    HaltReason.UNKNOWN_STREAM: "table",
    HaltReason.REFUSED: None,
    HaltReason.DEFECT: "table",
}
"""Where `tidemark recover --from` would start; None where restarting after the cause is mended is enough."""


class Halt(Exception):
    """Raised by the protocol. `str(halt)` is one line: what, the numbers or range, the recovery command."""

    def __init__(self, partition: int, reason: HaltReason, detail: str) -> None:
        self.partition = partition
        self.reason = reason
        self.detail = detail
        super().__init__(f"partition {partition} halted: {reason.value}: {detail}; {self.command}")

    @property
    def command(self) -> str:
        """What an operator types once the cause is understood."""
        source = RESUME_FROM[self.reason]
        if source is None:
            return "mend the cause and restart the consumer (`tidemark recover` is not needed)"
        return f"stop the group and run `tidemark recover --partition {self.partition} --from {source}`"


class FenceAgain(Exception):
    """Back to Fence: the stream is not ours to append to any more, or what it holds is not known."""


class Ousted(Exception):
    """The group says this member does not own the partition, or a commit's fate is unknown.

    `rejoin` asks for a new client under the same static id, whose joining makes the broker fence every
    request of the old one.
    """

    def __init__(self, detail: str, rejoin: bool) -> None:
        super().__init__(detail)
        self.rejoin = rejoin
