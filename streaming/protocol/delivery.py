"""SKIP -> APPEND: one block of one partition into its stream, exactly at the row the counter says.

The same bytes are resent at the same offset until their fate is known; when it cannot be known, the way out
is back to Fence, which counts. Never a new stream: that would leave the old one open behind us.
"""

from collections.abc import Callable, Generator
from typing import Any, Final

from streaming.ports import (
    AccessDenied,
    AlreadyExists,
    OffsetOutOfRange,
    QuotaExceeded,
    Refused,
    RowsRejected,
    StreamFinalized,
    StreamNotFound,
    Unavailable,
)
from streaming.protocol.actions import Action, Append, Wait, denied
from streaming.protocol.halts import FenceAgain, Halt, HaltReason
from streaming.stages.plan import Block

RESENDS: Final = 4
"""Of the same bytes while the answer is 'try again'; then Fence decides."""
BACKOFF_S: Final = 0.2
"""First wait, doubled each time."""
QUOTA_WAIT_S: Final = 5.0
"""A drained AppendRows quota can take ten minutes to refill (lab-notes): no hurry, but do look."""

Serialise = Callable[[Block], bytes]


def deliver(
    partition: int, stream: str, row: int, block: Block, serialise: Serialise
) -> Generator[Action, Any, tuple[int, Block | None]]:
    """Land the block, less the records that the counter says are landed. Returns (next row, what was appended).

    Raises FenceAgain, Halt.
    """
    skipped = min(max(0, -row), len(block))
    row += skipped
    if skipped == len(block):
        return row, None
    rest = block.tail(skipped) if skipped else block
    return row + len(rest), (yield from _append(partition, stream, row, rest, serialise))


def _append(partition: int, stream: str, row: int, block: Block, serialise: Serialise) -> Generator[Action, Any, Block]:
    """Returns the block as it was accepted: with rows quarantined that the warehouse refused."""
    request, resends = Append(stream, row, serialise(block), len(block)), 0
    rewritten: set[int] = set()
    while True:
        try:
            yield request
            return block
        except AlreadyExists as error:
            if error.expected == row + len(block):  # these very bytes, sent before: nobody else knows this stream
                return block
            raise FenceAgain(f"offset {row} is taken and the stream says {error.expected}") from error
        except (StreamFinalized, StreamNotFound, OffsetOutOfRange) as error:
            raise FenceAgain(str(error)) from error
        except Unavailable as error:
            if resends == RESENDS:
                raise FenceAgain(f"no answer to {RESENDS + 1} sends: {error}") from error
            yield Wait(BACKOFF_S * 2**resends)
            resends += 1
        except QuotaExceeded:
            yield Wait(QUOTA_WAIT_S, paused=True)
        except AccessDenied as error:
            yield denied(error)
        except RowsRejected as error:
            if rewritten.issuperset(error.rows):
                raise Halt(partition, HaltReason.REFUSED, f"rows refused even as quarantined: {error}") from error
            rewritten.update(error.rows)
            block = block.quarantined(error.rows)
            request = Append(stream, row, serialise(block), len(block))
        except Refused as error:
            raise Halt(partition, HaltReason.REFUSED, str(error)) from error
