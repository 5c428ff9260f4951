"""`python -m orchestration.ui.tether <state folder>`: end Dagster and the stream when whoever started us is gone.

Both are detached: the kernel ends nobody with a demo that is killed. This process waits at the end of a pipe, which
closes however the other side ends; told to `leave`, it leaves everything running.
"""

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from orchestration.supervision.ending import end_stream
from orchestration.ui import servers
from orchestration.ui.home import Home

LEAVE: Final = b"leave\n"
GONE_S: Final = 2.0
"""Kafka ends with whoever started us: there is nothing to drain to."""


def main() -> int:
    """Wait for the end of stdin, then end what runs."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    state = Path(sys.argv[1])
    if sys.stdin.buffer.read() != LEAVE:
        servers.stop(Home(state), GONE_S)
        end_stream(state, datetime.now(UTC), "the end of whoever started it", GONE_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
