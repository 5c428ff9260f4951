"""In how many examples each shortcut of the protocol is noticed, by the simulation and by the state machine."""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from delivery_machine import SOUND, examples_until_noticed
from mutants import MUTANTS, Mutant

from benchmarks.machine import code_version
from benchmarks.results import out_file

PROGRESS_S = 2.0
Say = Callable[[str], None]


def simulated(mutant: Mutant, seeds: int, say: Say = lambda _: None) -> dict[str, Any]:
    """The simulation with these many seeds: the first one (from 1) that notices, and what was noticed in how many."""
    deaths: Counter[str] = Counter()
    first = None
    for seed in range(seeds):
        if died := mutant.dies_in(seed):
            deaths[died] += 1
            first = first or seed + 1
        say(f"{mutant.name}: {seed + 1} of {seeds} simulations")
    counts = {kind: deaths[kind] for kind in ("missing", "doubled", "halted")}
    return {"name": mutant.name, "seeds": seeds, "first": first, **counts, "survived": seeds - deaths.total()}


def row(mutant: Mutant, seeds: int, examples: int, say: Say = lambda _: None) -> dict[str, Any]:
    """`simulated`, the example in which the state machine notices (None: in none of so many), and by either."""
    found = simulated(mutant, seeds, say)
    say(f"{mutant.name}: up to {examples} examples of the state machine")
    found["machine"] = examples_until_noticed(mutant, examples)
    first = found["first"] or found["machine"]
    return found | {"killed": first is not None, "examples": first}


def sound(found: dict[str, Any]) -> bool:
    """Of the protocol as it is: nothing noticed anything."""
    return not found["killed"]


def main(arguments: list[str] | None = None) -> int:
    """0 if every mutant was noticed and the protocol itself was not, else 1; 130 when stopped."""
    asked = _arguments(arguments)
    print(_head(asked.seeds), file=sys.stderr if asked.json else sys.stdout, flush=True)
    rows = []
    try:
        for mutant in (SOUND, *MUTANTS):
            rows.append(row(mutant, asked.seeds, asked.examples, _progress()))
            print(_line(rows[-1]), file=sys.stderr if asked.json else sys.stdout, flush=True)
    except KeyboardInterrupt:
        return 130
    figures = {"code": code_version(), "seeds": asked.seeds, "protocol": rows[0], "mutants": rows[1:]}
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=2) + "\n")
    if asked.json:
        print(json.dumps(figures, indent=2))
    unseen = [one["name"] for one in rows[1:] if not one["killed"]]
    if unseen:
        print(f"nothing notices: {', '.join(unseen)}", file=sys.stderr)
    if not sound(rows[0]):
        print("the protocol itself fails", file=sys.stderr)
    return 1 if unseen or not sound(rows[0]) else 0


def _progress() -> Say:
    shown = time.perf_counter()

    def say(text: str) -> None:
        nonlocal shown
        if time.perf_counter() - shown > PROGRESS_S:
            shown = time.perf_counter()
            print(text, file=sys.stderr, flush=True)

    return say


def _head(seeds: int) -> str:
    kinds = "".join(f"{kind:>10}" for kind in ("missing", "doubled", "halted", "survived"))
    return f"{f'mutant, of {seeds} simulations':34}{'first':>8}{kinds}{'machine':>10}"


def _line(found: dict[str, Any]) -> str:
    kinds = "".join(f"{found[kind]:10}" for kind in ("missing", "doubled", "halted", "survived"))
    return f"{found['name']:34}{found['first'] or '-':>8}{kinds}{found['machine'] or '-':>10}"


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("seeds", nargs="?", type=_count, default=100, help="simulations of each mutant (100)")
    parser.add_argument("--examples", type=_count, default=200, help="at most of the state machine (200)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, the table on stderr")
    parser.add_argument("--out", type=out_file, help="write the figures as JSON to this file, too")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 1_000_000):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000000")
    return int(text)
