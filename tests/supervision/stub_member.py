"""A member of the stream in miniature: takes the lease, heartbeats, gets on; run as a process by the fault tests.

`python stub_member.py <state_dir>`: it ends with the code in `<state_dir>/code`, and hangs (heartbeats, rising lag, no
progress) while `<state_dir>/hang` is there.
"""

# ruff: noqa: TID251 - a process of its own lives by the real clock

import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from streaming.adapters.heartbeat import Beat, HeartbeatFile
from streaming.adapters.lease import LeaseHeld, take
from streaming.member_process import EXIT_LEASE_HELD

BEAT_S = 0.05
LIFE_S = 60.0
"""Whatever becomes of the test, it ends."""


def main() -> int:
    state, member = Path(sys.argv[1]), os.environ["TIDEMARK_MEMBER"]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if (state / "code").exists():
        print("tidemark: the stub was told to fail", file=sys.stderr)
        return int((state / "code").read_text())
    try:
        take(state, member)
    except LeaseHeld as error:
        print(f"tidemark: {error}", file=sys.stderr)
        return EXIT_LEASE_HELD
    beats, landed, lag = HeartbeatFile(state, member), 0, 0
    for _ in range(round(LIFE_S / BEAT_S)):
        hangs = (state / "hang").exists()
        landed, lag = (landed, lag + 10) if hangs else (landed + 10, 0)
        states = {"0": "running"}
        beats.write(Beat(member, datetime.now(UTC), "running", [0], lag, landed, partition_states=states))
        time.sleep(BEAT_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
