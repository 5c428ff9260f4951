"""Await a condition of real processes."""

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], tend: Callable[[], None] = lambda: None, within: float = 20.0) -> None:
    """Call `tend` until `condition` is true; fail after `within` seconds."""
    deadline = time.monotonic() + within  # noqa: TID251 - a deadline of the test itself
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"  # noqa: TID251
        tend()
        time.sleep(0.02)  # noqa: TID251 - between two looks at the condition
