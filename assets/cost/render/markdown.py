"""A page as Markdown, for documents: assumed figures in italics, totals in bold."""

from assets.cost.render.page import Cell, Page, Remarks, Table

_SPECIAL = str.maketrans({"|": "\\|", "<": "&lt;", ">": "&gt;", "*": "\\*", "_": "\\_"})


def text(page: Page, level: int = 3) -> str:
    """The page without a line break at its end; titles are headings of that level."""
    parts = [f"{'#' * level} {escaped(page.title)}"]
    if page.subtitle:
        parts.append(escaped(page.subtitle))
    parts += [_table(part) if isinstance(part, Table) else _remarks(part) for part in page.parts]
    return "\n\n".join(parts)


def _table(table: Table) -> str:
    lines = [_line([escaped(column.name).replace("\n", " ") for column in table.columns])]
    lines.append(_line(["---:" if column.right else "---" for column in table.columns]))
    for place, cells in enumerate(table.rows):
        lines.append(_line([_bold(each) if place == table.sum_at else styled(each) for each in cells]))
    drawn = "\n".join(lines)
    return f"**{escaped(table.title)}**\n\n{drawn}" if table.title else drawn


def _remarks(part: Remarks) -> str:
    drawn = "\n".join(f"- {styled(line)}" for line in part.lines)
    return f"**{escaped(part.title)}**\n\n{drawn}" if part.title else drawn


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def styled(cell: Cell) -> str:
    """A cell's text, in italics if it is assumed, in bold if it is strong."""
    mark = {"assumed": "*", "strong": "**"}.get(cell.style, "")
    return f"{mark}{escaped(cell.text)}{mark}" if cell.text else ""


def _bold(cell: Cell) -> str:
    return f"**{styled(cell)}**" if cell.text else ""


def escaped(raw: str) -> str:
    """The text with what Markdown would obey spelled out. The mark `~` is not: it opens a word and closes none, so that
    nothing is struck through."""
    return raw.translate(_SPECIAL)
