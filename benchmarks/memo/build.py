"""Set the memo: numbers and charts go in, a PDF or pages as pictures come out. The same input gives the same pages."""

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any, Final

import typst

from benchmarks.memo import charts

FOLDER: Final = Path(__file__).parent
TEMPLATE: Final = FOLDER / "memo.typ"
NOON: Final = 12 * 3600
"""Seconds of the day at which a document says it was made: no clock is read."""
PPI: Final = 110.0
"""Of a page's picture: small type is still read."""


def digest(numbers: Any) -> str:
    """Short digest of the numbers, which the PDF carries among its keywords: `numbers-0123456789abcdef`."""
    text = json.dumps(numbers, sort_keys=True)
    return f"numbers-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def pdf(numbers: Any) -> bytes:
    """The memo as a PDF."""
    made: bytes = typst.compile(format="pdf", **_given(numbers))
    return made


def pages(numbers: Any) -> list[bytes]:
    """Each page as a PNG."""
    made: Any = typst.compile(format="png", ppi=PPI, **_given(numbers))
    return made if isinstance(made, list) else [made]  # a single page comes alone


def _given(numbers: Any) -> Any:
    on = date.fromisoformat(numbers["as_of"])
    return {
        "input": str(TEMPLATE),
        "root": str(FOLDER),
        "sys_inputs": {"numbers": json.dumps(numbers), "digest": digest(numbers), **charts.draw(numbers)},
        "ignore_system_fonts": True,
        "timestamp": (on - date(1970, 1, 1)).days * 86_400 + NOON,
    }
