"""The pages of `--against` and `--compare`: what moved between two scenarios, and every choice of one component."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from assets.cost.asked import Asked
from assets.cost.choices import TIMES, Choice, Compared
from assets.cost.model import Bill
from assets.cost.moved import Move
from assets.cost.render import figures, qualms, title
from assets.cost.render.overview import money
from assets.cost.render.page import Cell, Page, Table, cell, columns, remarks, row
from assets.cost.trust import MOSTLY


def against(before: Bill, after: Bill, moves: Sequence[Move]) -> Page:
    """What moved, line by line, biggest first."""
    rows = [_move(move) for move in moves]
    sums = [sum((move.by_quantity for move in moves), Decimal(0)), sum((move.by_price for move in moves), Decimal(0))]
    rows.append(
        row(
            "total a month",
            money(before.usd, before),
            money(after.usd, after),
            money(after.usd - before.usd, after),
            *map(figures.dollars, sums),
            "",
        )
    )
    first, second = before.month.scenario, after.month.scenario
    names = ("<line", first.name, second.name, "moved", "by quantity", "by price", "<why")
    same = remarks("", [] if moves else ["Nothing moved: every line costs the same."])
    subtitle = (
        f"Month {after.month.number}. {first.name}: {title.of(first)}, {figures.rate(first.rate_per_s)}. "
        f"{second.name}: {title.of(second)}, {figures.rate(second.rate_per_s)}."
    )
    parts = (Table("", columns(*names), tuple(rows), footer=1), same, qualms.excluded(), qualms.legend())
    return Page(f"What moves from {first.name} to {second.name}", subtitle, parts)


def _move(move: Move) -> tuple[Cell, ...]:
    amounts = (move.before, move.after, move.usd, move.by_quantity, move.by_price)
    return row(move.key, *(cell(figures.dollars(usd), assumed=move.assumed) for usd in amounts), move.reason)


def compared(component: Compared, asked: Asked, choices: Sequence[Choice]) -> Page:
    """Every choice of a component at three rates. One without a price is named with the price, never left out."""
    scenario = asked.scenario
    rates = [figures.rate(scenario.rate_per_s * times) for times in TIMES]
    chosen = next((choice.name for choice in choices if choice.chosen), "")
    names = (
        f"<{component}",
        *(f"total\n{rate}" for rate in rates),
        *(f"{component}\n{rate}" for rate in rates),
        f"<cheaper than {chosen}",
    )
    rows = tuple(_choice(choice) for choice in choices if not choice.missing)
    absent = [Cell(f"{choice.name}: {choice.missing}", "weak") for choice in choices if choice.missing]
    heading = f"Every {component} in scenario {scenario.name}, month {asked.month}"
    subtitle = f"Totals of the whole bill a month, then {component} alone. {title.named(scenario)}."
    parts = [Table("", columns(*names), rows)]
    if absent:
        return Page(heading, subtitle, (*parts, remarks("Without a price", absent), qualms.excluded(), qualms.legend()))
    return Page(heading, subtitle, (*parts, qualms.excluded(), qualms.legend()))


def _choice(choice: Choice) -> tuple[Cell, ...]:
    name = Cell(f"{choice.name} (chosen)", "strong") if choice.chosen else Cell(choice.name)
    totals = (cell(figures.dollars(cost.usd), assumed=cost.assumed_share_of_all > MOSTLY) for cost in choice.costs)
    own = (cell(figures.dollars(cost.of_component), assumed=cost.assumed_share > MOSTLY) for cost in choice.costs)
    return row(name, *totals, *own, choice.against_chosen.text if choice.against_chosen else "")


def move_row(move: Move) -> dict[str, str]:
    """One move for programs."""
    return {
        "key": move.key,
        "component": move.component,
        "label": move.label,
        "before": f"{move.before:f}",
        "after": f"{move.after:f}",
        "usd": f"{move.usd:f}",
        "by_quantity": f"{move.by_quantity:f}",
        "by_price": f"{move.by_price:f}",
        "assumed": "yes" if move.assumed else "no",
        "why": move.reason,
    }


def choice_rows(choice: Choice, rate: Decimal) -> Iterator[dict[str, str]]:
    """One choice for programs, a row a rate; one row with `missing` if a price was not found."""
    empty = dict.fromkeys(("rate_per_s", "usd", "of_component", "assumed_share"), "")
    same = {"choice": choice.name, "chosen": "yes" if choice.chosen else "no"}
    rest = {
        "cheaper_than_chosen": choice.against_chosen.text if choice.against_chosen else "",
        "missing": choice.missing,
    }
    if choice.missing:
        yield {**same, **empty, **rest}
    for times, cost in zip(TIMES, choice.costs, strict=False):
        figures_of = (rate * times, cost.usd, cost.of_component, cost.assumed_share)
        yield {**same, **{name: f"{value:f}" for name, value in zip(empty, figures_of, strict=True)}, **rest}
