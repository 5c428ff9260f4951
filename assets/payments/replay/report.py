"""A replayed day for people and programs: tables in Markdown, a JSON object. Values in, text out."""

from typing import Any

from assets.payments.replay.difference import Difference, Example
from assets.payments.replay.manifest import counts
from assets.payments.replay.run import DayReplayed

CHANGES_SHOWN = 4
"""Columns of an example; the others are counted."""


def as_json(done: DayReplayed, manifest: str) -> dict[str, Any]:
    """One day for programs; `manifest`: where the manifest was written."""
    return {
        "day": done.day.isoformat(),
        "replay_id": done.manifest.options.replay_id,
        "source": done.manifest.options.source,
        "rows": done.manifest.made.rows,
        **counts(done.difference),
        "published": done.published,
        "refused": done.refused,
        "manifest": manifest,
    }


def difference_table(difference: Difference) -> str:
    """Counts by class and by differing column, in Markdown."""
    rows = [
        ("identical", difference.identical),
        ("explained by another version", difference.explained),
        ("of these the version alone differs", difference.version_only),
        ("unexplained", difference.unexplained),
        ("of these only landed", difference.only_landed),
        ("of these only replayed", difference.only_replayed),
    ]
    columns = [(f"`{name}` differs", records) for name, records in difference.columns.items()]
    return "\n".join(["| records | count |", "|---|---:|", *(f"| {name} | {n:,} |" for name, n in [*rows, *columns])])


def examples_table(examples: tuple[Example, ...]) -> str:
    """Examples in Markdown; "none" without any."""
    if not examples:
        return "none"
    rows = [f"| {e.what} | {e.partition} | {e.offset} | {changes(e)} |" for e in examples]
    return "\n".join(["| class | partition | offset | landed → replayed |", "|---|---:|---:|---|", *rows])


def changes(example: Example) -> str:
    """What differs, in words: `fx_revision 1 → 2`; a hidden column by its name alone."""
    said = [_change(name, *example.changes[name]) if name in example.changes else name for name in example.columns]
    more = len(said) - CHANGES_SHOWN
    return ", ".join(said[:CHANGES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _change(name: str, old: str | None, new: str | None) -> str:
    return f"{name} {_shown(old)} → {_shown(new)}"


def _shown(value: str | None) -> str:
    """Money without the zeros that only the column's scale adds; a bar would end a table's cell."""
    if value is None:
        return "null"
    whole, point, decimals = value.partition(".")
    if point and whole.lstrip("-").isdigit() and decimals.isdigit():
        value = f"{whole}.{decimals.rstrip('0')}".rstrip(".")
    return value.replace("|", "\\|")
