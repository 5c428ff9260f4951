"""Each step of the walk at several window sizes: rows a second, CPU seconds a million rows, bytes a row."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.payments import MIXES, polled, read_reference, read_sample
from benchmarks.pipeline import Core
from benchmarks.spread import Took, costs, spread
from benchmarks.stopwatches import Spent, Stopwatches
from streaming.ports import Records
from streaming.reference.tables import Reference

MAX_SMALL_WINDOWS: Final = 100
"""A repeat needs no more windows than this for a steady figure, however small they are."""


def measure(folder: Path, *, windows: tuple[int, ...], rows: int, repeats: int) -> list[dict[str, Any]]:
    """One entry per mix and window size: the whole, and its steps with the largest share first."""
    reference = read_reference(folder)
    found = []
    for mix in MIXES:
        sample = read_sample(folder, mix)
        for size in windows:
            count = min(len(sample), max(size, min(rows, size * MAX_SMALL_WINDOWS)))
            polls = polled(sample[: count - count % size or count], size)
            found.append({"mix": mix, "window": size, **_of_size(polls, reference, size, repeats)})
    return found


def _of_size(polls: list[Records], reference: Reference, size: int, repeats: int) -> dict[str, Any]:
    scout = _timed(polls, reference, size, Stopwatches())
    leave_out = scout.hot(len(polls))
    weighed = _timed(polls, reference, size, Stopwatches(leave_out, weigh=True))
    runs, wholes = [], []
    for _ in range(repeats):
        watches = Stopwatches(leave_out)
        wholes.append(_whole(watches, polls, reference, size))
        runs.append(watches.spent)
    records = sum(map(len, polls))
    steps = [_step(name, [run[name] for run in runs], weighed.spent[name], records) for name in _lasting(runs)]
    ordered = sorted(steps, key=lambda step: -float(step["us_per_record"]))
    return {**costs(wholes), "steps": ordered}


def _timed(polls: list[Records], reference: Reference, size: int, watches: Stopwatches) -> Stopwatches:
    with watches.running():
        Core(reference, size).run(polls)
    return watches


def _whole(watches: Stopwatches, polls: list[Records], reference: Reference, size: int) -> Took:
    from benchmarks.spread import Timer

    timer = Timer()
    _timed(polls, reference, size, watches)
    return timer.took(sum(map(len, polls)))


def _lasting(runs: list[dict[str, Spent]]) -> list[str]:
    """Names that were called in every repeat."""
    return [name for name in runs[0] if all(name in run and run[name].calls for run in runs)]


def _step(name: str, spent: list[Spent], weighed: Spent, records: int) -> Mapping[str, Any]:
    wall = [one.wall_s for one in spent]
    took = [Took(one.wall_s, max(one.cpu_s, 0.0), records) for one in spent]
    return {
        "step": name,
        "us_per_record": spread((w / records * 1e6 for w in wall), 3)["median"],
        "per_second": spread((one.per_second for one in took), 0),
        "cpu_s_per_million": spread((one.cpu_s_per_million for one in took), 3),
        "bytes_per_row": round(weighed.result_bytes / records) or None,
    }
