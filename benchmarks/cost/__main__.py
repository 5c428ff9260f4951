"""Measure what the projection of costs is driven by, and write it as one small JSON document.

`assets/cost/measured/*.yaml` quote it; a test compares them. `--columns FILE` writes assets/cost/column_bytes.yaml
from a document instead of measuring.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks import machine, results
from benchmarks.child import MeasuringFailed
from benchmarks.control_plane.shell import Failed, Shell
from benchmarks.cost import control, landed, wire
from benchmarks.cost.columns import write_columns
from benchmarks.filling import FillingFailed
from benchmarks.payments import read_sample, write_sample
from benchmarks.site import Site
from benchmarks.watching import Stuck
from sandbox.demo.producing import ProducerFailed
from sandbox.platform.instance import DidNotStart, running

SECONDS: Final = 60
SEED: Final = 7
RATES: Final = (500, 5_000)
REPORT_EVERY_S: Final = 12
"""Seconds of each part for which one of Dagster's reports is awaited: five of them where a part takes a minute."""
Say = Callable[[str], None]


def main() -> int:
    """Exit 0: measured; 1: a measurement failed, said in one line; 2: wrong arguments; 130: stopped."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    parser.add_argument("--out", type=results.out_file, help="result file; default benchmarks/results/cost-<date>.json")
    parser.add_argument("--seconds", type=_seconds, default=SECONDS, help=f"length of each part; default {SECONDS}")
    parser.add_argument("--columns", type=Path, metavar="FILE", help="write the bytes by column from this document")
    options = parser.parse_args()
    if options.columns is not None:
        print(f"written to {write_columns(options.columns)}")
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        found = _measure(options.seconds, _speaker())
    except (Failed, MeasuringFailed, FillingFailed, Stuck, DidNotStart, ProducerFailed) as error:
        print(f"benchmarks.cost: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("benchmarks.cost: stopped, nothing written", file=sys.stderr)
        return 130
    path = options.out or results.FOLDER / f"cost-{found['machine']['date'][:10]}.json"
    print(results.compact(found))
    print(f"written to {results.write(found, path)}")
    return 0


def _seconds(text: str) -> int:
    try:
        seconds = int(text)
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= 3_600:
        raise argparse.ArgumentTypeError("whole seconds from 1 to 3600")
    return seconds


def _speaker() -> Say:
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {line}", file=sys.stderr, flush=True)

    return say


def _measure(seconds: int, say: Say) -> dict[str, Any]:
    found: dict[str, Any] = {"machine": machine.facts(), "seconds": seconds, "load_before": machine.load()}
    with tempfile.TemporaryDirectory(prefix="tidemark-cost-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        frames = write_sample(folder / "sample", wire.PACED_PER_S * seconds, SEED)
        with running(folder / "platform", say=say) as platform:
            found |= _with_services(Site(platform, folder / "sample", frames, SEED, say), seconds)
        reports = max(1, seconds // REPORT_EVERY_S)
        say(f"Dagster beside a stream, {reports} of its reports, then the scheduled runs")
        shell = Shell(folder / "control", say, {"TIDEMARK_SCHEDULES": "off"})
        try:
            found["control"] = control.measure(shell, reports)
        finally:
            shell.run("down")
    found["load_after"] = machine.load()
    return found


def _with_services(site: Site, seconds: int) -> dict[str, Any]:
    site.say(f"records in the broker's log, {len(wire.BATCHINGS)} batchings, {seconds} s")
    found: dict[str, Any] = {"wire": wire.measure(site, read_sample(site.sample, "default")), "landed": []}
    site.say(f"  {found['wire']}")
    with site.dataset("cost") as dataset:
        for rate in RATES:
            site.say(f"one member at {rate:,} a second, {seconds} s")
            topic = site.platform.topic if rate == RATES[0] else f"payments_{rate}"
            found["landed"].append(landed.measure(site, dataset, topic, rate, seconds))
            site.say(f"  {found['landed'][-1]}")
        site.say("reading rows back")
        found["rows"] = landed.weighed_rows(site, dataset, site.platform.topic)
    return found


if __name__ == "__main__":
    sys.exit(main())
