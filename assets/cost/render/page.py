"""A page before it is drawn: titles, tables and remarks. The terminal's text and the Markdown are made of the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from assets.cost.render.figures import marked

Style = Literal["plain", "assumed", "weak", "strong", "quiet"]


@dataclass(frozen=True)
class Cell:
    """Text of one cell. An assumed one carries its mark in the text already, so that no drawing can drop it."""

    text: str
    style: Style = "plain"


def cell(text: str, *, assumed: bool = False) -> Cell:
    """A figure's cell, marked and styled if it is assumed."""
    return Cell(marked(text, assumed=assumed), "assumed" if assumed else "plain")


@dataclass(frozen=True)
class Column:
    """One column. Figures stand to the right; text may be folded to fit a terminal, figures are not."""

    name: str
    right: bool = True


@dataclass(frozen=True)
class Table:
    """Rows of cells under named columns. Raises ValueError for a row of another length."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    footer: int = 0
    """So many last rows stand below a line; the first of them is the sum of those above it."""

    stacks: bool = False
    """Where it does not fit, every row is drawn as a list of its cells, so that none is left out."""

    @property
    def sum_at(self) -> int:
        """Place of the row that adds up those above it; beyond the last if there is none."""
        return len(self.rows) - self.footer

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: {len(row)} cells under {len(self.columns)} columns")


@dataclass(frozen=True)
class Remarks:
    """A list of short sentences under a title."""

    title: str
    lines: tuple[Cell, ...]


@dataclass(frozen=True)
class Page:
    """What one command shows."""

    title: str
    subtitle: str
    parts: tuple[Table | Remarks, ...]


def columns(*names: str) -> tuple[Column, ...]:
    """Columns by name; one that starts with `<` holds text and stands to the left."""
    return tuple(Column(name.removeprefix("<"), not name.startswith("<")) for name in names)


def row(*cells: Cell | str) -> tuple[Cell, ...]:
    """A row of cells; a bare text is a plain cell."""
    return tuple(Cell(each) if isinstance(each, str) else each for each in cells)


def remarks(title: str, lines: Iterable[Cell | str]) -> Remarks:
    """Remarks of cells or bare texts."""
    return Remarks(title, row(*lines))
