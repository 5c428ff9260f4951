"""A page as text for a terminal, or for a pipe: there without colour and never cut."""

from typing import IO, Final

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from assets.cost.render.page import Cell, Column, Page, Remarks, Style, Table

STYLES: Final[dict[Style, str]] = {
    "plain": "", "assumed": "italic", "weak": "yellow", "strong": "bold", "quiet": "dim",
}  # fmt: skip
_UNCUT: Final = 1000
"""Columns of a pipe: wider than any table here, so that nothing is folded that a program or a page will read."""
_LEAST_TEXT: Final = 26
"""Columns below which folded text is a tower of words: rather leave it out, the wider forms have it."""
_GAP: Final = 3


def show(page: Page, out: IO[str]) -> None:
    """Write the page: with styles and folded to its width if `out` is a terminal, plain and uncut if not."""
    if out.isatty():
        _draw(page, Console(file=out, highlight=False))
        return
    console = Console(file=out, width=_UNCUT, no_color=True, color_system=None, force_terminal=False, highlight=False)
    with console.capture() as captured:
        _draw(page, console)
    out.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def _draw(page: Page, console: Console) -> None:
    console.print(Text(page.title, style="bold"))
    if page.subtitle:
        console.print(Text(page.subtitle))
    for part in page.parts:
        console.print()
        if part.title:
            console.print(Text(part.title, style="bold"))
        if isinstance(part, Table):
            _table(part, console)
        else:
            _remarks(part, console)


def _table(table: Table, console: Console) -> None:
    kept = fitting(table, console.width)
    if table.stacks and len(kept) < len(table.columns):
        _stack(table, console)
        return
    named = any(table.columns[place].name for place in kept)
    drawn = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=named)
    for place in kept:
        column, width = table.columns[place], _least(table, place)
        align = "right" if column.right else "left"
        drawn.add_column(column.name, justify=align, no_wrap=column.right, overflow="fold", min_width=width)  # type: ignore[arg-type]
    for number, cells in enumerate(table.rows):
        is_sum = number == table.sum_at
        shown = [_text(cells[place]) for place in kept]
        drawn.add_row(*shown, style="bold" if is_sum else None, end_section=number == table.sum_at - 1)
    console.print(drawn, crop=False, width=max(console.width, needed(table, kept)))
    if len(kept) < len(table.columns):
        left_out = ", ".join(column.name for place, column in enumerate(table.columns) if place not in kept)
        console.print(Text(f"left out for want of width: {left_out}", style="dim"))


def _stack(table: Table, console: Console) -> None:
    """Every row as its first cell, and below it the others with their columns' names."""
    drawn = RichTable.grid(padding=(0, 2, 0, 0))
    drawn.add_column()
    drawn.add_column(overflow="fold")
    for cells in table.rows:
        drawn.add_row(Text(table.columns[0].name), Text(cells[0].text, style="bold"))
        for column, each in zip(table.columns[1:], cells[1:], strict=True):
            if each.text:
                drawn.add_row(Text(f"  {column.name}"), _text(each))
    console.print(drawn)


def fitting(table: Table, width: int) -> list[int]:
    """Places of the columns to draw: last ones of text are left out while the rest does not fit into `width`."""
    kept = list(range(len(table.columns)))
    for place in reversed(kept[1:]):
        if needed(table, kept) > width and not table.columns[place].right:
            kept.remove(place)
    return kept


def needed(table: Table, places: list[int]) -> int:
    """Columns of a terminal that these need at least: figures whole, text folded."""
    return sum(_least(table, place) for place in places) + _GAP * (len(places) - 1)


def _least(table: Table, place: int) -> int:
    column: Column = table.columns[place]
    widest = max(len(line) for line in (*column.name.split("\n"), *(cells[place].text for cells in table.rows)))
    return widest if column.right else min(widest, _LEAST_TEXT)


def _remarks(part: Remarks, console: Console) -> None:
    for line in part.lines:
        console.print(Padding(_text(line), (0, 0, 0, 2)))


def _text(cell: Cell) -> Text:
    return Text(cell.text, style=STYLES[cell.style])
