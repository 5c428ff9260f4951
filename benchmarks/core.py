"""The core alone: records as the Kafka adapter gives them in, Arrow requests out, in one process."""

from pathlib import Path
from typing import Any

import psutil

from benchmarks.payments import polled, read_reference, read_sample
from benchmarks.pipeline import Core
from benchmarks.spread import costs, repeated
from streaming.settings import Settings


def window_rows() -> int:
    """The product's own bound on a window, in records."""
    return Settings().window_max_rows


def measure(folder: Path, mix: str, repeats: int) -> dict[str, Any]:
    """Figures of the whole sample of one mix, at the product's window size."""
    size = window_rows()
    polls = polled(read_sample(folder, mix), size)
    core = Core(read_reference(folder), size)
    before = psutil.Process().memory_info().rss
    taken = repeated(lambda: core.run(polls), repeats)
    made = core.made
    return {
        "mix": mix,
        "window": size,
        **costs(taken),
        "rss_before_mb": round(before / 2**20),
        "peak_rss_mb": peak_rss_mb(),
        "rows_per_request": round(made.rows / made.requests),
        "request_bytes_per_row": round(made.request_bytes / made.rows),
    }


def peak_rss_mb() -> int:
    """The most memory this process ever had resident, MB: the kernel's VmHWM, since `ru_maxrss` is inherited from a
    larger parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1_024)
