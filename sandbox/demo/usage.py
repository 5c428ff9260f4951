"""CPU and memory of child processes over their whole lives, also of those that have died."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(slots=True)
class _Spent:
    cpu_s: float = 0.0
    cpu_at_ready_s: float | None = None
    peak_rss_bytes: int = 0


class Usage:
    """What processes used, by pid. Sample a process before it is reaped: a zombie still has its CPU time."""

    def __init__(self) -> None:
        self._spent: dict[int, _Spent] = {}

    def sample(self, pid: int, ready: bool = False) -> None:
        """Note what `pid` has used so far; `ready` marks the end of its start-up. Does nothing if it is gone."""
        spent = self._spent.setdefault(pid, _Spent())
        with contextlib.suppress(psutil.Error):
            times = psutil.Process(pid).cpu_times()
            spent.cpu_s = max(spent.cpu_s, times.user + times.system)
        spent.peak_rss_bytes = max(spent.peak_rss_bytes, _peak_rss(pid))
        if ready and spent.cpu_at_ready_s is None:
            spent.cpu_at_ready_s = spent.cpu_s

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all processes, start-up included."""
        return sum(spent.cpu_s for spent in self._spent.values())

    @property
    def startup_cpu_s(self) -> float:
        """CPU seconds spent before processes were ready: imports, reference data, joining the group."""
        return sum(
            spent.cpu_s if spent.cpu_at_ready_s is None else spent.cpu_at_ready_s for spent in self._spent.values()
        )

    @property
    def peak_rss_bytes(self) -> int:
        """Largest resident memory any one process had."""
        return max((spent.peak_rss_bytes for spent in self._spent.values()), default=0)


def _peak_rss(pid: int) -> int:
    """VmHWM, the kernel's own high-water mark, in bytes; 0 if the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
