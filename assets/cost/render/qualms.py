"""What stands next to a total: what it leaves out, what is weak, assumed, uncertain, and what breaks first."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from assets.cost.beside import Aside
from assets.cost.drivers import Driver
from assets.cost.exclusions import EXCLUSIONS
from assets.cost.limits import Break, by_component
from assets.cost.render import figures
from assets.cost.render.page import Cell, Remarks, Table, cell, columns, remarks, row
from assets.cost.summary import Summary
from assets.cost.tornado import Swing
from assets.cost.trust import assumed_figures, assumed_share, weak_share

TOP_SWINGS: Final = 5
TOP_LIMITS: Final = 5
SMALL: Final = Decimal("0.01")
"""An assumed figure that moves the total by a smaller share of it is named in a line, not in a row."""


def excluded() -> Remarks:
    """What no total here holds."""
    return remarks("", [f"NOT in the total: {', '.join(name for name, _ in EXCLUSIONS)}."])


def about(summary: Summary) -> Iterator[Table | Remarks]:
    """What qualifies one rate's bill, in the order in which it is read."""
    yield weak(summary)
    yield from assumed(summary)
    yield drives(summary)
    yield breaks(summary)
    yield beside(summary)


def legend() -> Remarks:
    """What the marks mean."""
    return remarks("", [Cell(figures.LEGEND, "quiet")])


def weak(summary: Summary) -> Table | Remarks:
    """The weak prices and what rests on them."""
    part = figures.share(weak_share(summary.bill, summary.asked.prices, summary.asked.on))
    if not summary.weak:
        return remarks("Weak prices", ["none: every price of this bill is dated, recent and from a good source"])
    rows = [
        row(Cell(each.price.sku, "weak"), figures.dollars(each.usd), "; ".join(each.reasons)) for each in summary.weak
    ]
    title = f"Weak prices: {part} of month {summary.asked.month} rests on {len(rows)} of them"
    return Table(title, columns("<price", "a month", "<why"), tuple(rows))


def assumed(summary: Summary) -> Iterator[Table | Remarks]:
    """The assumed figures of the bill and how far each moves the total, widest first; the small ones in one line."""
    moves = {swing.name: swing.usd for swing in summary.swings if swing.of == "driver"}
    used = [(driver, moves.get(driver.name, Decimal(0))) for driver in assumed_figures(summary.bill)]
    if not used:
        yield remarks("Assumed figures", ["none: every figure of this bill is measured, computed or cited"])
        return
    used.sort(key=lambda each: -each[1])
    least = summary.bill.usd * SMALL
    part = figures.share(assumed_share(summary.bill))
    title = f"Assumed figures: {part} of month {summary.asked.month} has at least one in it"
    rows = [_assumed(driver, summary, usd) for driver, usd in used if usd >= least]
    yield Table(title, columns("<figure", "value", "range", "moves the\ntotal by", "<what"), tuple(rows))
    small = [f"{driver.name} {_value(driver, summary)}" for driver, usd in used if usd < least]
    if small:
        yield remarks("", [Cell(f"Each moves it by less than {figures.share(SMALL)}: {', '.join(small)}.", "assumed")])


def _assumed(driver: Driver, summary: Summary, usd: Decimal) -> tuple[Cell, ...]:
    reach = f"{figures.plain(driver.low)}–{figures.plain(driver.high)}"
    return row(driver.name, Cell(_value(driver, summary), "assumed"), reach, figures.dollars(usd), driver.what)


def _value(driver: Driver, summary: Summary) -> str:
    return f"{figures.marked(figures.plain(summary.asked.drivers[driver.name]), assumed=True)} {driver.unit}"


def drives(summary: Summary) -> Table:
    """The widest bars of the tornado."""
    rows = [_swing(summary, each) for each in summary.swings[:TOP_SWINGS]]
    title = f"What drives the band of month {summary.asked.month}: the total at both ends of one figure"
    return Table(title, columns("<figure", "range", "total\nat low", "total\nat high", "moves\nit by"), tuple(rows))


def _swing(summary: Summary, swing: Swing) -> tuple[Cell, ...]:
    driver = swing.of == "driver"
    assumed_here = driver and summary.asked.drivers.about(swing.name).assumed
    ends = f"{figures.quantity(swing.low)}–{figures.quantity(swing.high)}"
    unit = summary.asked.drivers.about(swing.name).unit if driver else f"a {summary.asked.prices.find(swing.name).unit}"
    return row(
        swing.name,
        cell(f"{ends} {unit}", assumed=assumed_here),
        figures.dollars(swing.usd_at_low),
        figures.dollars(swing.usd_at_high),
        figures.dollars(swing.usd),
    )


def breaks(summary: Summary) -> Table:
    """The first limits to break, the lowest rate first."""
    reached = [each for each in summary.limits if each.rate_per_s is not None][:TOP_LIMITS]
    rows = [_break(each, summary.asked.scenario.rate_per_s) for each in reached]
    return Table("First to break", columns("<limit", "at", "in use", "<whose", "<way out"), tuple(rows))


def _break(each: Break, rate: Decimal) -> tuple[Cell, ...]:
    assert each.rate_per_s is not None  # filtered by `breaks`
    at = Cell(_at(each.rate_per_s), "weak" if each.rate_per_s < rate else "plain")
    return row(
        f"{each.limit.component}: {each.limit.name}",
        at,
        figures.share(each.share(rate)),
        each.limit.owner,
        each.limit.way_out,
    )


def _at(rate: Decimal) -> str:
    return figures.rate(figures.rounded(rate, 3))


def beside(summary: Summary) -> Table:
    """What single things cost that people ask about."""
    rows = tuple(_aside(each) for each in summary.asides)
    return Table(f"What single things cost in month {summary.asked.month}", columns("<", "dollars", "<how"), rows)


def _aside(each: Aside) -> tuple[Cell, ...]:
    if each.usd is None:
        return row(each.label, Cell("no price", "weak"), each.how)
    return row(each.label, cell(figures.dollars(each.usd), assumed=each.assumed), each.how)


def by_rate(summaries: Sequence[Summary]) -> Table:
    """What each rate rests on, and the first limit of each component."""
    names = [figures.rate(each.asked.scenario.rate_per_s) for each in summaries]
    weak_parts = [figures.share(weak_share(each.bill, each.asked.prices, each.asked.on)) for each in summaries]
    assumed_parts = [cell(figures.share(assumed_share(each.bill)), assumed=True) for each in summaries]
    rows = [row("rests on weak prices", *weak_parts), row("rests on assumed figures", *assumed_parts)]
    for component, first in by_component(summaries[0].limits).items():
        if first.rate_per_s is not None:
            at = _at(first.rate_per_s)
            used = [figures.share(first.share(each.asked.scenario.rate_per_s)) for each in summaries]
            rows.append(row(f"{component}: {first.limit.name} (breaks at {at})", *used))
    return Table("What it rests on, and how much of the first limits is in use", columns("<", *names), tuple(rows))
