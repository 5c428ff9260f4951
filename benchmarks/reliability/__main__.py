"""Write docs/reliability.md and docs/endurance.svg from what runs left in benchmarks/results.

`--check` writes nothing and says whether the page is what the results make of it.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from benchmarks import chart
from benchmarks.machine import ROOT
from benchmarks.reliability.evidence import EvidenceError, gather
from benchmarks.reliability.page import render
from benchmarks.reliability.records import Evidence
from benchmarks.results import FOLDER

PAGE: Final = ROOT / "docs" / "reliability.md"
DRAWN: Final = "endurance.svg"
"""Beside the page: the last soak by name, which begins with its date."""


def main() -> int:
    """Exit 0: written, or the page is right; 1: a file is wrong, or the page is not; 2: wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__)
    parser.add_argument("--results", type=Path, default=FOLDER, help="folder of the runs' JSON")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", action="store_true", help="say what was found as JSON")
    options = parser.parse_args()
    try:
        found = gather(options.results)
        right = write(found, options.page, only_look=options.check)
    except (EvidenceError, OSError) as error:
        print(f"reliability: {error}", file=sys.stderr)
        return 1
    counts = {name: len(getattr(found, name)) for name in Evidence.__dataclass_fields__}
    absent = [name for name, count in counts.items() if not count]
    said = f"{'the page is right' if right else 'the page is old'}; not run: {', '.join(absent) or 'nothing'}"
    print(json.dumps({"right": right, "found": counts}) if options.json else said)
    return 0 if right else 1


def write(found: Evidence, page: Path, *, only_look: bool) -> bool:
    """Write what differs, unless `only_look`. Returns whether page and drawing are now what the evidence makes."""
    made = {page: render(found)}
    if found.soak:
        made[page.with_name(DRAWN)] = chart.soak(found.soak[-1].found)
    old = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    for path in () if only_look else old:
        path.write_text(made[path])
    return not (only_look and old)


if __name__ == "__main__":
    sys.exit(main())
