"""docs/performance.md: its tables come from committed results, between markers; the words around them are written.

`<!-- results: after.json, before.json -->` names the files; `<!-- table: after.drains -->` to `<!-- end -->` is
generated: `after` or `before`, and a name of `tables.SHOWN`; `peers` stands alone.
"""

import re
from pathlib import Path
from typing import Final

from benchmarks import chart, results
from benchmarks.machine import ROOT
from benchmarks.peers import figures
from benchmarks.tables import SHOWN, peers

PAGE: Final = ROOT / "docs" / "performance.md"
SOAK: Final = PAGE.with_name("soak.svg")
_RESULTS: Final = re.compile(r"<!-- results: (?P<after>\S+), (?P<before>\S+) -->")
_TABLE: Final = re.compile(r"(<!-- table: (?P<name>[a-z_.]+) -->\n)(?P<made>.*?)(<!-- end -->)", re.DOTALL)
_NOTHING: Final = "(not measured in this run)"


class PageError(Exception):
    """The page or the results do not have what is needed; one line."""


def rendered(text: str, folder: Path = results.FOLDER) -> str:
    """The page with every table made from the results it names. Raises PageError."""
    named = _RESULTS.search(text)
    if named is None:
        raise PageError("the page names no results: <!-- results: after.json, before.json -->")
    try:
        found = {which: results.read(folder / file) for which, file in named.groupdict().items()}
    except (OSError, ValueError) as error:
        raise PageError(f"results that the page names: {error}") from None

    def table(match: re.Match[str]) -> str:
        name = match["name"]
        if name == "peers":
            made = peers(figures.read())
        else:
            which, _, shown = name.partition(".")
            if which not in found or shown not in SHOWN:
                raise PageError(f"no table is called {name}")
            made = SHOWN[shown](found[which])
        return f"{match[1]}{made.markdown() if made.rows else _NOTHING}\n{match[4]}"

    return _TABLE.sub(table, text)


def rewrite(files: list[Path], page: Path = PAGE) -> None:
    """Render the page anew; `files` are the results to name from now on: none, AFTER, or BEFORE and AFTER.
    A soak in them is drawn to docs/soak.svg. Raises PageError."""
    if len(files) > 2:
        raise PageError("at most two result files: [BEFORE] AFTER")
    text = page.read_text()
    named = _RESULTS.search(text)
    if files and named is not None:
        before = files[0].name if len(files) == 2 else named["before"]
        text = text.replace(named[0], f"<!-- results: {files[-1].name}, {before} -->")
    page.write_text(rendered(text))
    for file in files[-1:]:
        if "soak" in (found := results.read(results.FOLDER / file.name)):
            page.with_name(SOAK.name).write_text(chart.soak(found["soak"]))
