"""The demo from start to report: platform, control plane, payments, a kill, the drain, the audit, a replay."""

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from sandbox.demo import report
from sandbox.demo.control import ControlPlane
from sandbox.demo.failure import DemoFailed
from sandbox.demo.folder import FolderTaken, fresh
from sandbox.demo.members import Members
from sandbox.demo.options import Options
from sandbox.demo.preparing import Warming, await_ready, publish
from sandbox.demo.producing import Source
from sandbox.demo.screen import Screen
from sandbox.demo.show import Show
from sandbox.demo.site import TOPIC, platform
from sandbox.demo.verdict import verdict
from sandbox.platform.instance import PlatformFacts, Ports, foreseen

DRAIN_S: Final = 15.0
"""A member drains in under 10 s; then it is killed, which is safe."""
STOP_S: Final = 3.0
"""What consumers get to drain when the demo is stopped or has failed: then nobody counts."""


def run(
    options: Options,
    screen: Screen,
    control: Callable[[Path, Callable[[str], None]], ControlPlane],
    environment: Mapping[str, str],
    started_at: float,
) -> dict[str, Any]:
    """Run a demo and return its report, which is also in `<state>/report.json`.

    `control` makes the control plane of a state folder, which says what it does; `environment` is the process
    environment, `started_at` when the command began, in seconds since the epoch. Raises DemoFailed.
    """
    try:
        state = fresh(options.state)
    except FolderTaken as error:
        raise DemoFailed(str(error)) from None

    with ThreadPoolExecutor(1, thread_name_prefix="warm-up") as pool:
        warming = Warming(pool, options.seed)

        def say(line: str) -> None:
            screen.say(f"{time.time() - started_at:6.1f} s  {line}")

        def began(line: str) -> None:
            say(line)
            warming.begin()  # not before the platform's own first steps: hashing jars beside it takes seconds

        ports, plane = Ports().settled(), control(state, say)
        try:
            plane.begin({**environment, **foreseen(state, TOPIC, ports)})
            with platform(state, ports, options.keep, began) as facts, screen:
                stage = _Stage(options, facts, screen, plane, environment)
                return stage.run(warming, started_at, say)
        finally:
            plane.end(0.0)


class _Stage:
    """A demo on a platform that is up."""

    def __init__(
        self,
        options: Options,
        facts: PlatformFacts,
        screen: Screen,
        plane: ControlPlane,
        environment: Mapping[str, str],
    ) -> None:
        self._options, self._facts, self._screen, self._plane = options, facts, screen, plane
        self._environment = environment

    def run(self, warming: Warming, started_at: float, say: Callable[[str], None]) -> dict[str, Any]:
        """Prepare, show, report, end the stream unless it is to stay."""
        facts, options, plane = self._facts, self._options, self._plane
        source = Source(facts.state, self._environment)
        members = Members(facts.state, options.members, plane, say)
        patience_s = STOP_S
        try:
            publish(facts, options.seed, warming.result(), say)
            say(f"asking the supervisor for {options.members} member{'s' if options.members > 1 else ''}")
            plane.want(options.members)
            await_ready(members, plane, facts)
            show = Show(options, facts, source=source, members=members, plane=plane, screen=self._screen)
            evidence, examples = show.run(started_at)
            patience_s = DRAIN_S
            content = report.build(evidence)
            path = facts.state / "report.json"
            path.write_text(json.dumps(content, indent=2) + "\n")
            self._screen.print(verdict(content, examples, shown(path), self._screen.console.width))
            if options.keep:
                plane.leave()
                self._tell_how_to_look()
            return content
        finally:
            source.end()
            plane.end(patience_s)

    def _tell_how_to_look(self) -> None:
        where = f"--state {shown(self._facts.state)}"
        for line in (
            "",
            f"Kafka, the emulator, Dagster and its stream go on. Open: {self._plane.address() or 'no page answers'}",
            f"Look: tidemark status {where}",
            f'Ask: tidemark query {where} "SELECT * FROM payments WHERE business_date = CURRENT_DATE() LIMIT 5"',
            f"Send more: tidemark produce {where}    End it: tidemark down {where}",
        ):
            self._screen.say(line)


def shown(path: Path) -> str:
    """The path as somebody in this folder would type it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
