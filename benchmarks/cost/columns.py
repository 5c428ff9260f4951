"""`assets/cost/column_bytes.yaml`, which the model reads, from a result of `python -m benchmarks.cost`."""

from pathlib import Path

from assets.cost.logical_bytes import COLUMNS
from benchmarks import results


def as_yaml(document: Path) -> str:
    """The file's text: mean logical bytes of a landed row by column."""
    found = results.read(document)
    rows, machine = found["rows"], found["machine"]
    head = (
        f"# Mean logical bytes of {rows['rows']:,} landed rows by column, by BigQuery's published sizes.\n"
        f"# Written by `python -m benchmarks.cost --columns benchmarks/results/{document.name}`"
        f" ({machine['date'][:10]}, code {machine['code']}).\n"
    )
    return head + "columns:\n" + "".join(f"  {name}: {size}\n" for name, size in rows["column_bytes"].items())


def write_columns(document: Path, path: Path = COLUMNS) -> Path:
    """Write it and return where it is."""
    path.write_text(as_yaml(document))
    return path
