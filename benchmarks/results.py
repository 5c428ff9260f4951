"""Result files: `benchmarks/results/<date>-<commit>.json`, small enough to commit."""

import json
import re
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).with_name("results")
_ABOUT: Final = {"machine", "scale", "load_before", "load_after"}
"""Of a document: what is no measurement."""


def write(found: dict[str, Any], path: Path | None = None) -> Path:
    """Write a results document and return where it is. A soak alone is called one: benchmarks/reliability reads it."""
    machine = found["machine"]
    kind = "soak-" if found.keys() == _ABOUT | {"soak"} else ""
    path = path or FOLDER / f"{kind}{machine['date'][:10]}-{machine['commit'].replace('+', '-')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(compact(found) + "\n")
    return path


def added(first: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """The first document with the parts of the later one; `added` says of each when and under which load it was."""
    parts = {part: figures for part, figures in later.items() if part not in _ABOUT}
    when = {
        "date": later["machine"]["date"],
        "commit": later["machine"]["commit"],
        "load_before": later["load_before"],
        "load_after": later["load_after"],
    }
    return {**first, **parts, "added": {**first.get("added", {}), **dict.fromkeys(parts, when)}}


def read(path: Path) -> dict[str, Any]:
    """A results document."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def compact(found: dict[str, Any]) -> str:
    """Indented JSON with innermost lists and objects on one line each: reads well and differs well."""
    text = json.dumps(found, indent=1)
    innermost = re.compile(r"[\[{]\n[^\[\]{}]*[\]}]")
    return innermost.sub(lambda match: re.sub(r"\s*\n\s*", " ", match[0]), text)


def out_file(text: str) -> Path:
    """A file that figures can be written to, found out before they are measured. For `argparse`, whose error it
    raises."""
    path = Path(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
    except OSError as error:
        raise ArgumentTypeError(f"{text}: {error.strerror}") from None
    return path
