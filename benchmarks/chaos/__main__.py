"""Kill members under traffic and count what is lost: `python -m benchmarks.chaos --kills 300`.

A round is ten kills and one audit on a platform of its own, some two minutes on two cores. After each the result file
is written; a loop that was stopped goes on behind its last round, as long as the consumer's code is the same.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks import machine, results
from benchmarks.chaos import rounds
from benchmarks.chaos.plan import ROUND_KILLS, round_of
from benchmarks.chaos.tally import clean, lines, tally
from benchmarks.chaos.watching import Failed
from sandbox.platform.jars import FetchFailed
from sandbox.platform.processes import DidNotStart

SEED: Final = 1


def main(arguments: list[str] | None = None) -> int:
    """Exit 0: nothing lost or doubled; 1: something is, or the loop could not go on; 2: wrong use; 130: stopped."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="how many in all, with those of earlier runs")
    parser.add_argument("--seed", type=int, default=SEED, help="the same seed gives the same attacks")
    parser.add_argument("--out", type=Path, help="result file; default benchmarks/results/chaos-<code version>.json")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    options = parser.parse_args(arguments)
    if options.kills < 1:
        parser.error("--kills must be at least 1")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = machine.code_version()
    path = options.out or results.FOLDER / f"chaos-{code}.json"
    try:
        document = resumed(path, code, options.seed)
        results.write(document, path)  # now, not after two minutes, is the time to see that it cannot be written
        _loop(document, path, options.kills)
    except (Failed, DidNotStart, FetchFailed, OSError) as error:
        print(f"chaos: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    summary = tally(document)
    print(json.dumps(summary, indent=1) if options.json else "\n".join([*lines(summary), f"written to {path}"]))
    return 0 if clean(summary) else 1


def resumed(path: Path, code: str, seed: int) -> dict[str, Any]:
    """The document so far, or a new one. Raises Failed for one of other code or of another seed."""
    if not path.exists():
        return {"code": code, "seed": seed, "rate": rounds.RATE, "machine": machine.facts(), "rounds": [], "broken": []}
    try:
        document = results.read(path)
        was = document["code"], document["seed"]
    except (ValueError, KeyError, TypeError, IsADirectoryError):
        raise Failed(f"{path} holds no kill loop: name another file with --out") from None
    if was != (code, seed):
        raise Failed(f"{path} is of code {was[0]} and seed {was[1]}, not {code} and {seed}: name another with --out")
    document.setdefault("broken", [])
    return document


def _loop(document: dict[str, Any], path: Path, kills: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="tidemark-chaos-"))  # stays if a round fails: it shows what happened
    while sum(len(each["kills"]) for each in document["rounds"]) < kills:
        number = len(document["rounds"])
        _say(f"round {number + 1} of {-(-kills // ROUND_KILLS)}")
        state, load = folder / f"round-{number + 1}", machine.load()
        try:
            found = rounds.run(state, round_of(document["seed"], number), document["seed"] + number, _say)
        except rounds.Broken as broken:
            document["broken"].append({"number": number + 1, "load": load, "why": str(broken), "kills": broken.kills})
            results.write(document, path)
            raise Failed(
                f"round {number + 1} broke, which the result says: {broken}; its files are in {state}"
            ) from None
        if machine.code_version() != document["code"]:
            raise Failed("the consumer's code changed during this round, which is not counted: start again")
        document["rounds"].append({"number": number + 1, "load": load, **found})
        results.write(document, path)
        _say(f"  audit {found['audit']}, {found['seconds']} s")
        if found["audit"]["verdict"] != "PASS":
            raise Failed(f"round {number + 1}: {found['audit']}; its platform's files are in {state}")
        shutil.rmtree(state)
    shutil.rmtree(folder)


def _say(line: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
