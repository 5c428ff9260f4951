"""How much of a partition's queue becomes one append."""

from collections import deque
from typing import Final

from streaming.stages.plan import Block, join

MAX_ROWS: Final = 2_000
"""Rows an append, about 1.1 MB: the service asks for 1 MB or more. An append in flight holds its rows four times over
(frame, message, gRPC's copy, its slices), and there is one for each partition; 5,000 were not faster."""
MAX_BYTES: Final = 6_000_000
"""Estimated bytes an append: an AppendRows request may hold 10 MB (the service: 20 MB), estimates err."""


def take_block(queue: "deque[Block]", max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> Block:
    """Take from the front what fits one append: several small blocks joined, or a part of a large one.

    At least one record, even where a single record is over the bound.
    """
    taken: list[Block] = []
    rows = size = 0
    while queue:
        block = queue[0]
        room_rows, room_bytes = max_rows - rows, max_bytes - size
        if len(block) <= room_rows and block.nbytes <= room_bytes:
            taken.append(queue.popleft())
            rows, size = rows + len(block), size + block.nbytes
            continue
        if not taken:
            share = room_bytes / max(1, block.nbytes)
            fits = max(1, min(room_rows, int(len(block) * share)))
            while fits > 1 and block.head(fits).nbytes > max_bytes:  # the large records are the first ones
                fits //= 2
            if fits == len(block):  # a single record over the bound
                taken.append(queue.popleft())
            else:
                queue[0] = block.tail(fits)
                taken.append(block.head(fits))
        break
    return taken[0] if len(taken) == 1 else join(taken)
