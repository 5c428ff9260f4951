"""The whole consumer through many seeded schedules of faults: `python tests/runner/simulation_table.py 200` counts."""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from schedules import Schedule

sys.path.append(str(Path(__file__).parents[2]))

from benchmarks.results import out_file  # this is a program as well

PROGRESS_S = 2.0


def one(seed: int) -> dict[str, Any]:
    """What came of the schedule: records and rows that are not one and one, partitions that halted, what happened."""
    schedule = Schedule(seed)
    stuck = None
    try:
        schedule.run()
    except Exception as error:  # whatever stops it is a failure of this seed, and the next one is tried
        stuck = f"{type(error).__name__}: {error}"[:300]
    landed = schedule.rig.landed()
    return {
        "seed": seed,
        "records": len(schedule.sent),
        "lost": len(schedule.sent - landed.keys()),
        "doubled": sum(count - 1 for count in landed.values()),
        "invented": len(landed.keys() - schedule.sent),
        "halted": len(schedule.rig.halts()),
        "stuck": stuck,
        "happened": schedule.happened,
    }


def failed(outcome: dict[str, Any]) -> bool:
    return outcome["stuck"] is not None or any(outcome[kind] for kind in ("lost", "doubled", "invented", "halted"))


def counted(first: int, seeds: int, say: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Sums over `seeds` schedules from `first` on, and the seeds that failed."""
    totals: Counter[str] = Counter()
    happened: Counter[str] = Counter()
    bad = []
    for seed in range(first, first + seeds):
        outcome = one(seed)
        happened += outcome.pop("happened")
        totals.update({kind: outcome[kind] for kind in ("records", "lost", "doubled", "invented", "halted")})
        if failed(outcome):
            bad.append(outcome)
        say(f"simulated {seed + 1 - first} of {seeds}, {totals['records']:,} records, {len(bad)} failed")
    return {"first": first, "schedules": seeds, **totals, "failed": bad, "happened": dict(happened.most_common())}


def main(arguments: list[str] | None = None) -> int:
    """0 if every record has exactly one row in every schedule, else 1; 130 when stopped."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("seeds", nargs="?", type=_count, default=50, help="how many schedules (50)")
    parser.add_argument("--first", type=int, default=0, help="first seed (0)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--out", type=out_file, help="write the figures as JSON to this file, too")
    asked = parser.parse_args(arguments)
    try:
        figures = counted(asked.first, asked.seeds, _progress())
    except KeyboardInterrupt:
        return 130
    text = json.dumps(figures, indent=2)
    if asked.out:
        asked.out.write_text(text + "\n")
    print(text if asked.json else _said(figures))
    return 1 if figures["failed"] else 0


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 1_000_000):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000000")
    return int(text)


def _said(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['schedules']:,} schedules: {figures['records']:,} records, {figures['lost']} lost, "
        f"{figures['doubled']} doubled, {figures['invented']} invented, {figures['halted']} partitions halted",
        *(f"{count:8,}  {step.replace('_', ' ')}" for step, count in figures["happened"].items()),
    ]
    return "\n".join(lines + [f"failed: {outcome}" for outcome in figures["failed"]])


def _progress() -> Callable[[str], None]:
    shown = time.perf_counter()

    def say(text: str) -> None:
        nonlocal shown
        if time.perf_counter() - shown > PROGRESS_S:
            shown = time.perf_counter()
            print(text, file=sys.stderr, flush=True)

    return say


if __name__ == "__main__":
    sys.exit(main())
