"""Where the time of a window goes: stopwatches put around the walk's functions while a measurement runs.

Nothing is named here: every function that one module of the walk takes from another is timed, so the profile
follows the code. A function that runs for single records would cost more to time than to run; it is left alone and
its time is its caller's.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from types import FunctionType, ModuleType
from typing import Any, Final

import polars as pl

WALK: Final = ("streaming.walk", "streaming.stages", "streaming.reference", "streaming.runner.window")
"""Modules whose functions are timed."""
CALLERS: Final = (*WALK, "benchmarks.pipeline")
"""Modules in which they are looked up."""
CALLS_PER_WINDOW: Final = 12
"""More calls than this, and the function is one for single records."""


@dataclass(slots=True)
class Spent:
    """Own time of a function, without the timed functions it calls."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    calls: int = 0
    result_bytes: int = 0


class Stopwatches:
    """Own wall and CPU time by function. Single-threaded, as the walk is; CPU is of all threads of the process."""

    def __init__(self, leave_out: frozenset[str] = frozenset(), *, weigh: bool = False) -> None:
        self.spent: dict[str, Spent] = {}
        self._leave_out, self._weigh = leave_out, weigh
        self._inner: list[list[float]] = []

    @contextmanager
    def running(self) -> Iterator["Stopwatches"]:
        """Time everything while the block runs."""
        undo: list[tuple[Any, str, Any]] = []
        try:
            for holder, attribute, function in list(_found()):
                name = name_of(function)
                if name not in self._leave_out:
                    undo.append((holder, attribute, function))
                    setattr(holder, attribute, self._timed(name, function))
            yield self
        finally:
            for holder, attribute, function in undo:
                setattr(holder, attribute, function)

    def hot(self, windows: int) -> frozenset[str]:
        """Functions that run for single records."""
        return frozenset(n for n, spent in self.spent.items() if spent.calls > CALLS_PER_WINDOW * windows)

    def _timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        spent = self.spent.setdefault(name, Spent())

        @wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            inner = [0.0, 0.0]
            self._inner.append(inner)
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                result = function(*arguments, **named)
            finally:
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                self._inner.pop()
                spent.wall_s += wall - inner[0]
                spent.cpu_s += cpu - inner[1]
                spent.calls += 1
                if self._inner:
                    self._inner[-1][0] += wall
                    self._inner[-1][1] += cpu
            if self._weigh:
                spent.result_bytes += weight(result)
            return result

        return timed


def _found() -> Iterator[tuple[Any, str, FunctionType]]:
    """(where it is looked up, under which name, the function): what crosses modules, all of the walk's own, and the
    window's methods."""
    for name, module in list(sys.modules.items()):
        if not name.startswith(CALLERS) or not isinstance(module, ModuleType):
            continue
        for attribute, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and value.__module__.startswith(WALK):
                if value.__module__ != name or name == "streaming.walk":
                    yield module, attribute, value
            elif isinstance(value, type) and value.__module__ == name == "streaming.runner.window":
                yield from ((value, n, v) for n, v in list(vars(value).items()) if n in ("add", "take"))


def name_of(function: FunctionType) -> str:
    """`module.function`, or the function alone where the module is named like it (a stage)."""
    module = function.__module__.rpartition(".")[2]
    return function.__name__ if function.__name__ == module else f"{module}.{function.__name__}"


def weight(result: Any) -> int:
    """Bytes of a message, a frame, or the frames that a result has as fields; 0 for anything else."""
    if isinstance(result, pl.DataFrame):
        return int(result.estimated_size())
    if is_dataclass(result):
        held = (getattr(result, field.name) for field in fields(result))
        return sum(weight(value) for value in held if isinstance(value, pl.DataFrame))
    return len(result) if isinstance(result, bytes) else 0
