"""Throw spoiled records at the whole walk for minutes: `python tests/fuzz/fuzz.py --minutes 10 --seed 7`.

Each window is decoded, validated, enriched, planned and serialised, by the fast path and record by record. A window
breaks a promise if a stage raises, the process hangs or dies, rows out are not records in, the two ways differ, a
card number is in any column, or an append is larger than reckoned. The first one is made as small as it goes and
printed; nothing is written. What is found belongs into tests/corpus with an expectation, or becomes a test.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path += [str(Path(__file__).parents[1] / "corpus"), str(Path(__file__).parents[2])]

from fuzz_inputs import Inputs, Payload
from fuzz_judge import Judge
from fuzz_shrink import smallest
from fuzz_verdict import Finding, Verdict

from benchmarks.machine import code_version
from benchmarks.results import out_file
from streaming import contract

PROGRESS_S = 5.0
SHRINK_S = 300.0
PROMISES = ("exception", "hang", "crash", "slow", "rows", "differs", "card", "estimate")
"""Kinds of findings."""
SHOWN = 2_000
"""Bytes of an input that are printed."""


def reasons() -> set[str]:
    """Every status that bytes alone can bring about."""
    fields = [name.upper() for name in contract.FIELDS[1:]]
    found = {f"BAD_{name}" for name in fields} | {f"MISSING_{name}" for name in fields[:-1]}
    found |= {f"PAN_IN_{name.upper()}" for name in contract.PAN_CHECKED_FIELDS}
    found |= {contract.TOMBSTONE, contract.OVERSIZED, contract.NOT_JSON, contract.SCHEMA_VERSION_REASON}
    return {contract.STATUS_OK} | {f"{contract.QUARANTINED_PREFIX}{reason}" for reason in found}


class Fuzzing:
    """Counts over windows, until one breaks a promise."""

    def __init__(self, seed: int) -> None:
        self.seed, self.inputs = seed, Inputs(seed)
        self.windows = self.records = self.rows = self.kept = 0
        self.slowest_s = 0.0
        self.statuses: Counter[str] = Counter()
        self.finding: Finding | None = None
        self.window: list[Payload] = []
        self._signs: set[str] = set()

    def step(self, judge: Callable[[list[Payload]], Verdict]) -> bool:
        """One window. Returns whether it kept its promises."""
        self.window = self.inputs.window()
        verdict = judge(self.window)
        self.windows += 1
        self.records += len(self.window)
        self.rows += verdict.rows
        self.slowest_s = max(self.slowest_s, verdict.cpu_s)
        self.finding = verdict.finding
        for payload, sign in zip(self.window, verdict.signs, strict=False):  # none of a window that broke a promise
            self.statuses[sign.split(" ", 1)[0]] += 1
            if sign not in self._signs:
                self._signs.add(sign)
                self.inputs.keep(payload)
                self.kept += 1
        return self.finding is None

    def never_reached(self) -> list[str]:
        return sorted(reasons() - self.statuses.keys())

    def figures(self, seconds: float) -> dict[str, Any]:
        """As benchmarks.reliability reads them, and more."""
        return {
            "code": code_version(),
            "seed": self.seed,
            "minutes": round(seconds / 60, 2),
            "windows": self.windows,
            "records": self.records,
            "rows_out": self.rows,
            "failures": [f"{self.finding.kind}: {self.finding.detail}"] if self.finding else [],
            "cards_planted": self.inputs.planted,
            "inputs_kept": self.kept,
            "slowest_window_cpu_s": round(self.slowest_s, 3),
            "statuses": dict(self.statuses.most_common()),
            "never_reached": self.never_reached(),
        }

    def line(self, seconds: float, total_s: float) -> str:
        return (
            f"fuzz: {seconds / 60:.1f} of {total_s / 60:g} min, {self.windows:,} windows, {self.records:,} records, "
            f"{len(self.statuses)} statuses, {self.kept:,} inputs kept, slowest window {self.slowest_s:.2f} s of CPU"
        )


def main(arguments: list[str] | None = None) -> int:
    """0 if every promise was kept, 1 if one was broken, 130 when stopped."""
    asked = _arguments(arguments)
    fuzzing, judge, began = Fuzzing(asked.seed), Judge(), time.perf_counter()
    stopped = False
    try:
        _until(fuzzing, judge, began, asked.minutes * 60)
    except KeyboardInterrupt:
        stopped = True
    figures = fuzzing.figures(time.perf_counter() - began)
    try:
        _report(fuzzing, figures, asked, judge)
    except KeyboardInterrupt:
        stopped = True
    finally:
        judge.close()
    return 1 if fuzzing.finding else 130 if stopped else 0


def _until(fuzzing: Fuzzing, judge: Judge, began: float, total_s: float) -> None:
    shown = 0.0
    while (now := time.perf_counter() - began) < total_s:
        if now - shown >= PROGRESS_S:
            shown = now
            print(fuzzing.line(now, total_s), file=sys.stderr, flush=True)
        if not fuzzing.step(judge.verdict):
            return


def _report(fuzzing: Fuzzing, figures: dict[str, Any], asked: argparse.Namespace, judge: Judge) -> None:
    if finding := fuzzing.finding:
        print(f"fuzz: {finding.kind}: {finding.detail}; making the window smaller", file=sys.stderr, flush=True)
        until = time.perf_counter() + SHRINK_S
        kind = finding.kind

        def broken(payloads: Any) -> bool:
            found = judge.verdict(payloads).finding
            return found is not None and found.kind == kind

        window = smallest(fuzzing.window, broken, lambda: time.perf_counter() < until)
        figures["smallest_window"] = [_shown(one) for one in window]
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2) if asked.json else _said(figures))


def _shown(payload: Payload) -> str:
    text = repr(payload)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(payload or b'')} bytes)"


def _said(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['windows']:,} windows in {figures['minutes']:.1f} min (seed {figures['seed']}): "
        f"{figures['records']:,} records in, {figures['rows_out']:,} rows out, "
        f"{figures['cards_planted']:,} card numbers planted, slowest window "
        f"{figures['slowest_window_cpu_s']:.2f} s of CPU",
        f"broken promises: {'; '.join(figures['failures']) or 'none of ' + ', '.join(PROMISES)}",
    ]
    if figures["never_reached"]:
        lines.append(f"never reached: {', '.join(figures['never_reached'])}")
    if window := figures.get("smallest_window"):
        lines += ["the smallest window that breaks it:", *window]
    return "\n".join(lines)


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=_minutes, default=10.0, help="how long (10)")
    parser.add_argument("--seed", type=int, default=1, help="which inputs (1)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--out", type=out_file, help="write the figures as JSON to this file, too")
    return parser.parse_args(arguments)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= 1_440:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes from 0 to 1440")
    return minutes


if __name__ == "__main__":
    sys.exit(main())
