"""One real platform that several faults share: its consumers, traffic, what a query sees of it, and the audit."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storm import drained, tidemark

from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from sandbox.demo.consumers import Crew
from sandbox.platform.instance import RunningPlatform, running
from sandbox.seed import seed as publish_reference
from streaming.settings import Settings

START_S = 90.0
"""Members at work: seconds on a quiet machine."""
DRAIN_S = 240.0
"""Everything landed after a fault: a minute's backlog at a few hundred a second takes seconds."""
LOOK_S = 0.1


def until(met: Callable[[], Any], limit_s: float, what: str) -> Any:
    """Ask until the answer is true, and return it."""
    deadline = time.monotonic() + limit_s
    while not (answer := met()):
        assert time.monotonic() < deadline, f"not within {limit_s:g} s: {what}"
        time.sleep(LOOK_S)
    return answer


class Rig:
    """The platform, and the crew that works on it now."""

    def __init__(self, platform: RunningPlatform, state: Path) -> None:
        self.platform, self.state = platform, state
        self.client = connect(platform.project, platform.rest_endpoint)
        self.environment = {**os.environ, **platform.environment()}
        self.settings = Settings.from_environment(platform.environment())
        self.crew: Crew
        self._said: dict[Path, int] = {}

    @contextmanager
    def members(self, count: int = 2, log: Path | None = None, **environment: str) -> Iterator[Crew]:
        """A crew, started; its settings may differ from the instance's, and all may share one log. Ended at exit."""
        self.crew = Crew(self.state, self.environment | environment, count)
        for member in self.crew.members:
            member.log = log or member.log
        self._said = {m.log: m.log.stat().st_size if m.log.exists() else 0 for m in self.crew.members}
        self.crew.start()
        try:
            yield self.crew
        finally:
            self.crew.terminate()

    def ready(self) -> None:
        until(lambda: self.crew.tend() or self.crew.ready(), START_S, f"members at work: {self.crew.beats()}")

    @contextmanager
    def traffic(self, rate: int, seconds: float) -> Iterator[datetime]:
        """Payments from now on; the caller goes on once rows arrive. At exit all is sent and landed."""
        began = datetime.now(UTC)
        with (self.state / "logs" / "produce.log").open("ab") as log:
            command = tidemark("produce", "--state", str(self.state), "--rate", str(rate), "--seconds", str(seconds))
            producer = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            until(lambda: self.landed_since(began), START_S, "rows of the new traffic")
            yield began
            until(lambda: self.crew.tend() or producer.poll() is not None, seconds + DRAIN_S, "all sent")
            until(lambda: self.crew.tend() or drained(self.settings), DRAIN_S, "all landed")
        finally:
            if producer.poll() is None:
                producer.kill()
                producer.wait()

    def landed_since(self, moment: datetime) -> bool:
        """Whether a query sees a record that Kafka stamped at or after this moment."""
        sql = (
            f"SELECT 1 FROM `{self.platform.dataset}.payments_landing` WHERE business_date >= DATE '2020-01-01' "
            f"AND broker_timestamp >= TIMESTAMP '{moment.isoformat()}' LIMIT 1"
        )
        return bool(list(self.client.query_and_wait(sql, retry=None, api_timeout=10)))

    def recovery_seconds(self, limit_s: float = DRAIN_S) -> float:
        """From now, the end of the fault, until a record produced from now on is landed."""
        over, began = datetime.now(UTC), time.monotonic()
        until(lambda: self.crew.tend() or self.landed_since(over), limit_s, "a record produced after the fault")
        return time.monotonic() - began

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """What this crew's members said, of one kind of event or all; every line is JSON or a traceback's."""
        said = []
        for log, before in self._said.items():
            for line in log.read_bytes()[before:].decode(errors="replace").splitlines():
                event = json.loads(line) if line.startswith("{") else {"event": "text", "line": line}
                said.append(event)
        return [event for event in said if name in (None, event["event"])]

    def audit(self) -> dict[str, Any]:
        """The auditor's report over everything this platform was ever sent."""
        ran = subprocess.run(
            tidemark("audit", "--state", str(self.state), "--json"), check=False, capture_output=True, text=True
        )
        return dict(json.loads(ran.stdout)) if ran.stdout else {"verdict": ran.stderr}

    def audited(self) -> dict[str, Any]:
        """The report, which must say that nothing is lost and nothing doubled."""
        report = self.audit()
        assert report["verdict"] == "PASS", report
        events = report["events"]
        assert (events["lost"], events["duplicate_coordinates"], events["phantom"]) == (0, 0, 0), events
        return report


@contextmanager
def platform_rig(state: Path, partitions: int = 6) -> Iterator[Rig]:
    """A platform with tables and reference data, as `tidemark up` leaves it."""
    with running(state, partitions=partitions) as platform:
        rig = Rig(platform, state)
        migrate(rig.client, platform.project, platform.dataset, lambda line: None)
        publish_reference(rig.client, platform.dataset, 7, datetime.now(UTC), lambda line: None)
        yield rig
