"""The halts are reached with the consumer of tests/runner."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "runner"))
