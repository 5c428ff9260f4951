"""A member whose polling thread dozes while the file `doze` lies in its state folder: Kafka's own threads go on.

That is what passes `max.poll.interval`: a process that is stopped as a whole passes its session instead.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from streaming.__main__ import main
from streaming.adapters.kafka import KafkaBroker
from streaming.ports import Polled
from streaming.service import leave

DOZE = Path(os.environ["TIDEMARK_STATE_DIR"]) / "doze"
LOOK_S = 0.05


def doze_first(poll: Callable[..., Polled]) -> Callable[..., Polled]:
    def polled(broker: KafkaBroker, max_records: int, timeout_s: float) -> Polled:
        while DOZE.exists():
            time.sleep(LOOK_S)
        return poll(broker, max_records, timeout_s)

    return polled


if __name__ == "__main__":
    KafkaBroker.poll = doze_first(KafkaBroker.poll)
    leave(main())
