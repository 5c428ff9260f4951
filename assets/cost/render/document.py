"""Documents with tables of the projection: each stands between markers, the first of which is the command for it."""

import re
import shlex
from collections.abc import Callable, Sequence

_TABLES = re.compile(r"(<!-- tidemark (cost\b[^>\n]*) -->\n).*?(<!-- end -->)", re.DOTALL)


def rewrite(document: str, run: Callable[[Sequence[str]], str]) -> str:
    """The document with every table made anew by `run`, which is given the words after `tidemark`.

    Raises ValueError if the document has no marker: it is the wrong file.
    """
    if not _TABLES.search(document):
        raise ValueError("no marker like <!-- tidemark cost --markdown --> ... <!-- end -->")

    def anew(found: re.Match[str]) -> str:
        return f"{found[1]}{run(shlex.split(found[2])).strip()}\n{found[3]}"

    return _TABLES.sub(anew, document)
