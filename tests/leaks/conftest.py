"""The searches of `tests/secure` (secrets, in disguises) and `tests/corpus` (card numbers, in any spelling), and the
consumer in process of `tests/runner`."""

import sys
from pathlib import Path

for folder in ("secure", "corpus", "runner"):
    sys.path.append(str(Path(__file__).parents[1] / folder))
