"""The pages of `tidemark cost prices` and `tidemark cost drivers`: every input of the model with where it is from."""

from collections.abc import Iterable
from datetime import date

from assets.cost.drivers import Drivers
from assets.cost.prices import Price
from assets.cost.render import figures, qualms
from assets.cost.render.line import amount
from assets.cost.render.page import Cell, Page, Table, cell, columns, row


def prices(listed: Iterable[Price], on: date, kind: str = "") -> Page:
    """Lines of the price book as they are; `kind` says which were picked."""
    rows = [_price(price, on) for price in listed]
    names = columns("<sku", "price", "<unit", "<region", "<as of", "<grade", "<weak", "<source")
    title = f"Price book: {len(rows)} {kind + ' ' if kind else ''}prices"
    subtitle = f"List prices without tax, judged on {on}. Grades: A official, B secondary, C weak, X not found."
    return Page(title, subtitle, (Table("", names, tuple(rows)),))


def _price(price: Price, on: date) -> tuple[Cell, ...]:
    weak = price.weak(on)
    return row(
        Cell(price.sku, "weak" if weak or price.price is None else "plain"),
        amount(price),
        price.unit,
        price.region,
        "" if price.price is None else str(price.as_of or "unknown"),
        price.grade,
        "not found" if price.price is None else "; ".join(weak),
        price.source,
    )


def drivers(listed: Drivers) -> Page:
    """Every measured, computed, cited and assumed figure."""
    rows = []
    for name in sorted(listed):
        about = listed.about(name)
        rows.append(
            row(
                name,
                cell(figures.plain(listed[name]), assumed=about.assumed),
                f"{figures.plain(about.low)}–{figures.plain(about.high)}",
                about.unit,
                Cell(about.kind, "assumed" if about.assumed else "plain"),
                " ".join(part for part in (about.run, about.machine, about.date) if part),
                about.what,
                about.source,
            )
        )
    names = columns("<figure", "value", "range", "<unit", "<kind", "<run, machine, date", "<what", "<source")
    return Page(
        f"Figures: {len(rows)}", "What quantities are computed from.", (Table("", names, tuple(rows)), qualms.legend())
    )
