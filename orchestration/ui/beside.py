"""Dagster beside the demo: started while Kafka starts, supervising its stream, ended or left with it."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from orchestration.supervision.desired import Desired, write_desired
from orchestration.supervision.ending import end_stream
from orchestration.supervision.facts import gather
from orchestration.supervision.reconcile import how_it_ended
from orchestration.ui import servers
from orchestration.ui.home import Home
from orchestration.ui.looking import resident_bytes
from orchestration.ui.tether import LEAVE
from sandbox.demo.control import Replay, ReplayedDay
from sandbox.demo.failure import DemoFailed
from sandbox.platform.processes import PortTaken, tail
from streaming.member_process import FATAL_CODES
from streaming.settings import PREFIX

BY: Final = "tidemark demo"
END_S: Final = 3.0
"""What Dagster's processes get to end by themselves: nothing of a demo's is needed again."""
REPLAY_S: Final = 600.0
"""Far more than the longest usual demo's records take; a replay that hangs must end too."""


class DagsterBeside:
    """The control plane of a demo's state folder (`sandbox.demo.control.ControlPlane`)."""

    def __init__(self, state: Path, say: Callable[[str], None]) -> None:
        self._home, self._say = Home(state), say
        self._environment: dict[str, str] = {}
        self._tether: subprocess.Popen[bytes] | None = None
        self._launched = threading.Event()
        self._trouble: str | None = None
        self._serves = False
        self._left = False

    def begin(self, environment: Mapping[str, str]) -> None:
        """Start code server, daemon and webserver in a thread, and who ends them should this process be killed."""
        self._environment = {**environment, f"{PREFIX}SCHEDULES": "off"}  # two cores, and a replay of one version
        log = self._home.log("tether")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            self._tether = subprocess.Popen(
                [sys.executable, "-m", "orchestration.ui.tether", str(self._home.state)],
                stdin=subprocess.PIPE, stdout=out, stderr=out, env=self._environment, start_new_session=True,
            )  # fmt: skip
        threading.Thread(target=self._start, name="dagster", daemon=True).start()

    def _start(self) -> None:
        try:
            try:
                running = servers.launch(self._home, self._environment)
            finally:
                self._launched.set()
            servers.await_pages(self._home, running, lambda line: None)
        except (servers.DidNotServe, PortTaken, OSError) as error:
            self._trouble = str(error)
            return
        self._serves = True
        self._say(f"Dagster is at {self.address()}: open it while this runs")

    def check(self) -> None:
        """Raise DemoFailed if it could not start or one of its processes has died."""
        if self._trouble is not None:
            raise DemoFailed(self._trouble)
        for name, server in servers.found(self._home).items() if self._serves else ():
            if not server.alive:
                raise DemoFailed(f"Dagster's {name} has died; {tail(self._home.log(name))}")

    def address(self) -> str | None:
        """Where the pages are, once they answer."""
        return servers.address(servers.found(self._home)) or None if self._serves else None

    def want(self, members: int) -> None:
        """Write the desired state, as `tidemark stream start` does."""
        write_desired(self._home.state, Desired(True, members, datetime.now(UTC), BY))

    def refused(self, member: str) -> str | None:
        """Why a member ended so that another start would end the same way; one line."""
        seen = next(fact for fact in gather(self._home.state, [member]) if fact.member == member)
        if seen.lease_held or seen.exit_code not in FATAL_CODES:
            return None
        return f"{member} ended with {how_it_ended(seen.exit_code, seen.last_words)}"

    def resident_bytes(self) -> int:
        """Memory of all its processes now."""
        return sum(resident_bytes(self._home).values())

    def replay(self, first: date, last: date) -> Replay:
        """Run `tidemark replay` over these days: what it prints for programs, or why it printed nothing."""
        began = time.monotonic()
        days = ["--from", str(first), "--to", str(last), "--source", "kafka"]
        command = [sys.executable, "-m", "orchestration.cli", "replay", *days, "--json", "--state"]
        try:
            ran = subprocess.run(
                [*command, str(self._home.state)],
                env=self._environment, capture_output=True, text=True, check=False, timeout=REPLAY_S,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Replay(seconds=REPLAY_S, trouble=f"it took longer than {REPLAY_S:.0f} s")
        return read_replay(ran.stdout, ran.stderr, time.monotonic() - began)

    def end(self, drain_s: float) -> None:
        """End Dagster's processes, then the members, who may drain for so long. Does nothing the second time."""
        if self._tether is None or self._left:
            return
        self._launched.wait()
        servers.stop(self._home, END_S)
        end_stream(self._home.state, datetime.now(UTC), BY, drain_s)
        self._let_go()

    def leave(self) -> None:
        """Let Dagster and the stream outlive this process."""
        self._left = True
        self._let_go()

    def _let_go(self) -> None:
        """All is ended, or is to stay: the tether has nothing to do, and ends before another demo begins here."""
        if self._tether is not None:
            self._tether.communicate(LEAVE)
            self._tether = None


def read_replay(out: str, error: str, seconds: float) -> Replay:
    """What `tidemark replay --json` printed: on stdout a day's counts each, on stderr one line if it could not."""
    try:
        days = [_day(each) for each in json.loads(out)["days"]]
    except (ValueError, KeyError, TypeError):
        last = (error.strip().splitlines() or ["it printed nothing"])[-1]
        return Replay(seconds=seconds, trouble=last.removeprefix("tidemark: "))
    return Replay(days, seconds)


def _day(found: dict[str, Any]) -> ReplayedDay:
    counts = {name: int(found[name]) for name in ("rows", "identical", "explained", "unexplained")}
    return ReplayedDay(day=date.fromisoformat(found["day"]), replay_id=str(found["replay_id"]), **counts)
