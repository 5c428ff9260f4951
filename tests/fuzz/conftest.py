"""The fuzzer starts from the records of tests/corpus, and its mutants are those of tests/corpus."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "corpus"))
