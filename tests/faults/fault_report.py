"""Rows of the fault table: each fault's test records what was done, what happened, how soon it was over, the audit.

`FAULT_REPORT=rows.jsonl pytest -m fault tests/faults`, then `python tests/faults/fault_report.py rows.jsonl` prints
them as a Markdown table. `make faults` does both.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HEADS = {"fault": "fault", "done": "what was done", "happened": "what happened", "seconds": "s", "audit": "audit"}
"""Field of a row -> head of its column."""


def record_fault(
    *, fault: str, done: str, happened: str, seconds: float | None, audit: str | Mapping[str, Any], **figures: Any
) -> None:
    """Print the row, and append it to the file that FAULT_REPORT names.

    `seconds`: from the end of the fault to the first landed record that was produced after it, None where the pipeline
    halts or refuses instead. `audit`: the verdict, or the report of `tidemark audit --json`, which is shortened.
    `figures`: further fields of the row, which the table leaves out (`where`, `lost`, `doubled`).
    """
    row = {"fault": fault, "done": done, "happened": happened, "seconds": seconds, "audit": shortened(audit), **figures}
    if seconds is not None:
        row["seconds"] = round(seconds, 1)
    append(row)


def append(row: dict[str, Any]) -> None:
    """Print a row and append it, with the name of the test that runs now."""
    row["test"] = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition("::")[2].partition(" ")[0]
    line = json.dumps(row, ensure_ascii=False)
    print(f"fault: {line}", flush=True)
    if path := os.environ.get("FAULT_REPORT"):
        with Path(path).open("a") as file:
            file.write(line + "\n")


def shortened(audit: str | Mapping[str, Any]) -> str:
    """Verdict and the counts that matter: `PASS (6,000 acked, 6,000 landed, 0 lost, 0 doubled)`."""
    if isinstance(audit, str):
        return audit
    events = audit.get("events", {})
    lost, doubled = events.get("lost"), events.get("duplicate_coordinates")
    counts = f"{events.get('acked', 0):,} acked, {events.get('landed', 0):,} landed, {lost} lost, {doubled} doubled"
    return f"{audit.get('verdict')} ({counts})"


def table(lines: list[str]) -> str:
    """The rows as a Markdown table; of a fault recorded twice the later row."""
    rows = {row["fault"]: row for row in map(json.loads, lines)}
    head = [f"| {' | '.join(HEADS.values())} |", "|" + "---|" * len(HEADS)]
    cells = [["" if row[name] is None else str(row[name]) for name in HEADS] for row in rows.values()]
    return "\n".join(head + [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in cells])


if __name__ == "__main__":
    print(table(Path(sys.argv[1]).read_text().splitlines()))
