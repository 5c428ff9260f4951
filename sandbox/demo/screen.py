"""Where the demo speaks: a live view on a terminal, a plain line a second anywhere else."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live

from sandbox.demo import view
from sandbox.demo.snapshot import Snapshot

LINE_EVERY_S = 1.0


class Screen:
    """A context manager around the live view. `say` adds a line above it, `show` renews it, `rest` ends it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live: Live | None = None
        self._next_line = 0.0
        self._told = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.rest()

    def say(self, text: str) -> None:
        """A line that stays."""
        self.console.print(text, style="dim", highlight=False, markup=False, soft_wrap=True)

    def print(self, renderable: RenderableType) -> None:
        """Something that stays, with its own style."""
        self.console.print(renderable, highlight=False)

    def show(self, now: Snapshot) -> None:
        """Show the newest snapshot."""
        if not self.console.is_terminal:
            self._show_line(now)
            return
        if self._live is None:
            self._live = Live(console=self.console, auto_refresh=False, transient=False)
            self._live.start()
        self._live.update(view.draw(now, self.console.width), refresh=True)

    def _show_line(self, now: Snapshot) -> None:
        for happening in now.happenings[self._told :]:
            self.say(f"{happening.at_s:6.1f} s {happening.text}")
        self._told = len(now.happenings)
        if time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_EVERY_S
            self.say(view.line(now))

    def rest(self) -> None:
        """End the live view: its last picture stays, further lines go below."""
        if self._live is not None:
            self._live.stop()
            self._live = None
