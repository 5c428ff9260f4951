"""A measuring process of its own, so that memory, threads and allocator are those of what is measured.

`python -m benchmarks.child` reads one JSON object on stdin, `{"measure": name, ...arguments}`, and writes one JSON
document on stdout. Settings come from TIDEMARK_* variables, as for the consumer.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sandbox.platform.processes import spawn, stop, tail

LIMIT_S: Final = 900.0


class MeasuringFailed(Exception):
    """A measuring process failed; one line with the end of its log."""


def measured(environment: Mapping[str, str], log: Path, measure: str, **arguments: Any) -> Any:
    """Run one measurement in a child and return what it found. Raises MeasuringFailed."""
    child = spawn([sys.executable, "-m", "benchmarks.child"], log, environment, pipes=True)
    try:
        order = json.dumps({"measure": measure, **arguments}).encode()
        answer, _ = child.communicate(order, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        raise MeasuringFailed(f"{measure} took more than {LIMIT_S:g} s; {tail(log)}") from None
    finally:
        stop(child, 2)
    if child.returncode:
        raise MeasuringFailed(f"{measure} ended with code {child.returncode}; {tail(log)}")
    return json.loads(answer)


def _do(measure: str, folder: Path, **arguments: Any) -> Any:
    from benchmarks import append_limit, core, polling, stages
    from streaming.settings import Settings

    if measure == "stages":
        return stages.measure(folder, **arguments | {"windows": tuple(arguments["windows"])})
    if measure == "core":
        return core.measure(folder, **arguments)
    settings = Settings.from_environment(os.environ)
    if measure == "bare":
        return polling.bare(settings, **arguments)
    if measure == "adapter":
        return polling.adapter(settings, **arguments)
    if measure == "core_with_poll":
        return polling.with_core(settings, folder, **arguments)
    if measure == "append_limit":
        return append_limit.measure(settings, folder, **arguments)
    raise ValueError(f"no measurement is called {measure}")


def main() -> int:
    """Measure as ordered."""
    order = json.loads(sys.stdin.readline())
    found = _do(order.pop("measure"), Path(order.pop("folder")), **order)
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
