"""An armed failpoint: what really happens to the process."""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from streaming.failpoints import Failpoint, Passing, Point, unarmed
from streaming.ports import Journal

SLEEP_S: Final = 3.0
"""Longer than a commit interval and a heartbeat, shorter than any limit on a call."""

Acts = Mapping[str, Callable[[], None]]


def acts() -> Acts:
    """What each of `failpoints.WHAT` does."""
    return {
        "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
        "sleep": lambda: time.sleep(SLEEP_S),
    }


def passing(setting: str, journal: Journal, acting: Acts | None = None) -> Passing:
    """What production code calls at each step: nothing at all, unless the setting `failpoint` names a step.

    Steps are passed in several threads; which passing is the n-th is decided under a lock. Raises ValueError.
    """
    if not setting:
        return unarmed
    failpoint = Failpoint.parse(setting)
    act = (acting or acts())[failpoint.what]
    lock, passed = threading.Lock(), 0
    journal.say("failpoint_armed", level="warning", failpoint=str(failpoint))

    def pass_by(point: Point) -> None:
        nonlocal passed
        if point is not failpoint.point:
            return
        with lock:
            passed += 1
            here = passed == failpoint.nth
        if here:
            journal.say("failpoint", level="warning", failpoint=str(failpoint))
            act()

    return pass_by
