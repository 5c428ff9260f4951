"""docs/runbook.md as programs read it: its tables."""

import re
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "runbook.md"


def section(title: str) -> str:
    """The text under a heading of the second level."""
    return PAGE.read_text().split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(title: str) -> Iterator[list[str]]:
    """The rows of a section's tables, headings left out."""
    for block in re.findall(r"(?:^\|.*\n)+", section(title), re.MULTILINE):
        for line in block.splitlines()[2:]:
            yield [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def named(cell: str) -> set[str]:
    """What stands in backticks."""
    return set(re.findall(r"`([^`]+)`", cell))
