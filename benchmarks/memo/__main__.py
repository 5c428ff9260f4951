"""Write docs/memo.pdf and docs/memo-numbers.json from what runs left and what the cost model says.

`--check` writes nothing and says whether both are what the files make of them, on the day that the memo names.
"""

import argparse
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from typst import TypstError

from assets.cost.prices import PriceMissing
from benchmarks.machine import ROOT
from benchmarks.memo import build, numbers
from benchmarks.memo.figure import differences, leaves, text
from benchmarks.memo.reliability import Absent
from benchmarks.reliability.evidence import EvidenceError

PDF: Final = ROOT / "docs" / "memo.pdf"
NUMBERS: Final = ROOT / "docs" / "memo-numbers.json"
SHOWN: Final = 20
"""Differences that are listed; the rest is counted."""


def main() -> int:
    """Exit 0: written, or the memo is right; 1: a file is absent or wrong, or the memo is old; 2: wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memo", description=__doc__)
    parser.add_argument("--as-of", type=day, help="day that the memo is of; left out: today")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--pages", type=Path, metavar="FOLDER", help="leave each page as a PNG as well")
    options = parser.parse_args()
    try:
        if options.check:
            return check()
        write(numbers.collect(options.as_of or datetime.now(UTC).date()), options.pages)
    except (Absent, EvidenceError, PriceMissing, TypstError, OSError, ValueError) as error:
        print(f"memo: {error}", file=sys.stderr)
        return 1
    return 0


def day(text: str) -> date:
    """A day as it is typed. For `argparse`, whose error it raises."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no day: give one such as 2026-11-30") from None


def write(made: Any, pages: Path | None) -> None:
    """Write numbers, PDF and, if a folder is given, pages."""
    PDF.write_bytes(build.pdf(made))  # first: if it cannot be set, the numbers of the old one stay
    NUMBERS.write_text(text(made) + "\n")
    print(f"{PDF.relative_to(ROOT)} of {made['as_of']}: {sum(1 for _ in leaves(made))} figures, each with its file")
    if pages:
        pages.mkdir(parents=True, exist_ok=True)
        for place, picture in enumerate(build.pages(made), start=1):
            (pages / f"page-{place}.png").write_bytes(picture)


def check() -> int:
    """Compare the memo's numbers with the files, and the PDF with the numbers."""
    kept = json.loads(NUMBERS.read_text())
    found = list(differences(kept, numbers.collect(date.fromisoformat(kept["as_of"]))))
    if not found and build.digest(kept).encode() not in PDF.read_bytes():
        found = [f"{PDF.name} was made from other numbers than {NUMBERS.name}"]
    for line in found[:SHOWN]:
        print(f"memo: {line}")
    if len(found) > SHOWN:
        print(f"memo: and {len(found) - SHOWN} more")
    print("the memo is old: run `make memo`" if found else "the memo is right")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
