"""The demo from start to report: platform, reference data, consumers, payments, a kill, the drain, the audit."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from sandbox.demo import report
from sandbox.demo.consumers import DRAIN_S, Crew
from sandbox.demo.failure import DemoFailed
from sandbox.demo.folder import FolderTaken, fresh
from sandbox.demo.options import Options
from sandbox.demo.preparing import Warming, await_ready, publish
from sandbox.demo.producing import Source
from sandbox.demo.screen import Screen
from sandbox.demo.show import Show
from sandbox.demo.site import platform
from sandbox.demo.verdict import verdict
from sandbox.platform.instance import PlatformFacts

STOP_S: Final = 3.0
"""What consumers get to drain when the demo is stopped or has failed: then nobody counts."""


def run(options: Options, screen: Screen, environment: Mapping[str, str], started_at: float) -> dict[str, Any]:
    """Run a demo and return its report, which is also in `<state>/report.json`.

    `environment` is the process environment, `started_at` when the command began, in seconds since the epoch.
    Raises DemoFailed.
    """
    try:
        state = fresh(options.state)
    except FolderTaken as error:
        raise DemoFailed(str(error)) from None

    with ThreadPoolExecutor(1, thread_name_prefix="warm-up") as pool:
        warming = Warming(pool, options.seed)

        def say(line: str) -> None:
            screen.say(f"{time.time() - started_at:6.1f} s  {line}")
            warming.begin()  # not before the platform's own first steps: hashing jars beside it takes seconds

        with platform(state, options.keep, say) as facts, screen:
            stage = _Stage(options, facts, screen, environment, started_at)
            return stage.run(warming, say)


class _Stage:
    """A demo on a platform that is up."""

    def __init__(
        self, options: Options, facts: PlatformFacts, screen: Screen, environment: Mapping[str, str], started_at: float
    ) -> None:
        self._options, self._facts, self._screen = options, facts, screen
        self._environment, self._started_at = environment, started_at

    def run(self, warming: Warming, say: Callable[[str], None]) -> dict[str, Any]:
        """Prepare, show, stop the processes, report."""
        facts, options = self._facts, self._options
        source = Source(facts.state, self._environment)
        crew = Crew(facts.state, {**self._environment, **facts.environment()}, options.members, say)
        patience_s = STOP_S
        try:
            publish(facts, options.seed, warming.result(), say)
            say(f"starting {options.members} consumer{'s' if options.members > 1 else ''}")
            crew.start()
            await_ready(crew, facts)
            evidence, examples = Show(options, facts, source, crew, self._screen).run(self._started_at)
            patience_s = DRAIN_S
        finally:
            source.end()
            crew.terminate(patience_s)
        content = report.build(evidence)
        path = facts.state / "report.json"
        path.write_text(json.dumps(content, indent=2) + "\n")
        self._screen.print(verdict(content, examples, shown(path), self._screen.console.width))
        if options.keep:
            self._leave_consuming()
        return content

    def _leave_consuming(self) -> None:
        """Start consumers that outlive us, they end with the platform; and say how to look."""
        state, members = self._facts.state, str(self._options.members)
        command = [sys.executable, "-m", "orchestration.cli", "consume", "--members", members, "--state", str(state)]
        with (state / "logs" / "consumer.log").open("ab") as log:
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self._environment),
                start_new_session=True,
            )
        where = f"--state {shown(state)}"
        for line in (
            "",
            f"Kafka, the emulator and the consumer go on. Look: tidemark status {where}",
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
