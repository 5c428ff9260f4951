"""The figures that a bill's quantities come from, by their kind, those first that move it most."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from assets.cost.drivers import Driver
from assets.cost.model import Bill
from assets.cost.render import figures
from assets.cost.units import MB
from benchmarks.memo.bill import MONTH, computed
from benchmarks.memo.figure import Figure, Kind, Tree

FOLDER: Final = "assets/cost/measured"


def of_kind(bill: Bill, kind: Kind, moved: Mapping[str, Decimal]) -> list[Tree]:
    """Figures of this kind behind the bill's lines; `moved` has dollars from one end of a range to the other."""
    about = bill.month.drivers.about
    used = {name for line in bill.lines for name in line.use.drivers if about(name).kind == kind}
    ordered = sorted(used, key=lambda name: (-moved.get(name, Decimal(0)), name))
    return [_row(about(name), kind, moved.get(name, Decimal(0))) for name in ordered]


def scaled(about: Driver) -> tuple[Decimal, str]:
    """By what a figure is divided to be read, and the unit it then has: bytes in MB if they may pass a million."""
    return (MB, "MB") if about.unit == "bytes" and about.high >= MB else (Decimal(1), about.unit)


def _row(about: Driver, kind: Kind, moves: Decimal) -> Tree:
    by, unit = scaled(about)
    ends = {
        part: Figure(figures.quantity(value / by), str(value), FOLDER, f"{about.name}.{part}", kind)
        for part, value in (("value", about.value), ("low", about.low), ("high", about.high))
    }
    words = {"name": about.name, "unit": unit, "what": about.what, "why": about.source}
    where = {"run": about.run, "machine": about.machine, "date": about.date}
    usd = computed(moves, f"tornado, month {MONTH}, {about.name}, usd", assumed=kind == "assumed")
    return {**words, **where, **ends, "usd": usd}
