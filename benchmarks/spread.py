"""Repeated measurements: wall and CPU time of a piece of work, and their median with the range."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Took:
    """What one repeat took: wall seconds, CPU seconds of all threads of the process, records done."""

    wall_s: float
    cpu_s: float
    records: int

    @property
    def per_second(self) -> float:
        """Records a second by the wall clock."""
        return self.records / max(self.wall_s, 1e-9)

    @property
    def cpu_s_per_million(self) -> float:
        """CPU seconds a million records."""
        return self.cpu_s / self.records * 1e6 if self.records else 0.0


class Timer:
    """Runs from its construction; `took` says how long it has been."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def took(self, records: int) -> Took:
        """The time since construction, for so many records."""
        return Took(time.perf_counter() - self._wall, time.process_time() - self._cpu, records)


def repeated(work: Callable[[], int], repeats: int) -> list[Took]:
    """Do the work once unmeasured, then `repeats` times; `work` returns how many records it did."""
    work()
    taken = []
    for _ in range(repeats):
        timer = Timer()
        taken.append(timer.took(work()))
    return taken


def spread(values: Iterable[float], digits: int = 2) -> dict[str, float]:
    """`{"median": , "min": , "max": }`, rounded; 0 digits give whole numbers."""
    known = sorted(values)
    ends = {"median": median(known), "min": known[0], "max": known[-1]}
    return {name: round(value, digits or None) for name, value in ends.items()}


def costs(taken: list[Took]) -> dict[str, Any]:
    """The figures of several repeats as they go into the results."""
    return {
        "records": taken[0].records,
        "repeats": len(taken),
        "per_second": spread((took.per_second for took in taken), 0),
        "cpu_s_per_million": spread(took.cpu_s_per_million for took in taken),
    }
