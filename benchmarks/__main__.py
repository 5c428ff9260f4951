"""Measure, write the results as JSON, print the tables.

`make bench` runs everything but the soak; `--only core,stages,drain` runs parts; `make soak HOURS=1` is `--only soak
--hours 1`.
`--page` writes the tables of docs/performance.md anew from results.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NoReturn

from benchmarks import results
from benchmarks.child import MeasuringFailed
from benchmarks.filling import FillingFailed
from benchmarks.run import PARTS, Run
from benchmarks.scale import Scale, ScaleError
from benchmarks.watching import Stuck
from sandbox.demo.producing import ProducerFailed
from sandbox.platform.instance import DidNotStart

MINUTE_S: Final = 60
WEEK_S: Final = 7 * 24 * 3600
DEFAULT: Final = tuple(part for part in PARTS if part != "soak")


def main() -> int:
    """Exit 0: measured; 1: a measurement failed, said in one line; 2: wrong arguments; 130: stopped."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default=",".join(DEFAULT), help=f"parts with commas, of: {', '.join(PARTS)}")
    parser.add_argument("--hours", type=_hours, help="length of the soak; default BENCH_SOAK_SECONDS, 600 s")
    parser.add_argument("--out", type=Path, help="result file; default benchmarks/results/<date>-<commit>.json")
    parser.add_argument("--into", type=Path, help="result file to add the measured parts to")
    parser.add_argument(
        "--page", nargs="*", type=Path, metavar="FILE", help="rewrite docs/performance.md: [BEFORE] AFTER"
    )
    options = parser.parse_args()
    if options.page is not None:
        return _page(options.page)
    if options.into is not None and not options.into.is_file():
        parser.error(f"--into adds to a result file, and {options.into} is none")
    parts = tuple(options.only.split(","))
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"no part is called {unknown[0]}; there are {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, _stopped)
    try:
        found = _measure(parts, _scale(options.hours))
    except (ScaleError, MeasuringFailed, FillingFailed, Stuck, DidNotStart, ProducerFailed) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("benchmarks: stopped, nothing written", file=sys.stderr)
        return 130
    if options.into is not None:
        found = results.added(results.read(options.into), found)
    path = results.write(found, options.into or options.out)
    from benchmarks.tables import as_text

    print(as_text(found))
    print(f"written to {path}")
    return 0


def _hours(text: str) -> int:
    """Hours as whole seconds, a minute at least."""
    try:
        seconds = round(float(text) * 3600)
    except (ValueError, OverflowError):
        seconds = 0
    if not MINUTE_S <= seconds <= WEEK_S:
        raise argparse.ArgumentTypeError("hours from 0.0167 (a minute) to 168 (a week)")
    return seconds


def _scale(soak_seconds: int | None) -> Scale:
    scale = Scale.from_environment(os.environ)
    return scale if soak_seconds is None else replace(scale, soak_seconds=soak_seconds)


def _measure(parts: tuple[str, ...], scale: Scale) -> dict[str, Any]:
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {line}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="tidemark-bench-", ignore_cleanup_errors=True) as folder:
        return Run(parts, scale, Path(folder), say).go()


def _page(files: list[Path]) -> int:
    from benchmarks.page import PageError, rewrite

    try:
        rewrite(files)
    except (PageError, OSError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    return 0


def _stopped(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
