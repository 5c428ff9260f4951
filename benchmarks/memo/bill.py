"""The bill at today's rate, ten and a hundred times it: bands, months, components, lines."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from assets.cost import model, montecarlo
from assets.cost.asked import Asked
from assets.cost.choices import TIMES
from assets.cost.lines import COMPONENTS, Line
from assets.cost.montecarlo import Band
from assets.cost.render import figures
from assets.cost.trust import MOSTLY, assumed_share, is_assumed, reasons
from assets.cost.units import MILLION
from benchmarks.memo.figure import Figure, Kind, Tree, percent, whole

MONTH: Final = model.MONTHS[-1]
"""The month of every bill that says no other: the first with a whole year of history stored."""
DIGITS: Final = 3
"""Of a projected sum: more would promise what the bands deny."""
FILE: Final = "assets/cost"
LEAST: Final = Decimal(1)
"""Dollars: lines that stay below it at every rate are added up in one."""


def usd(value: Decimal) -> str:
    """A projected sum: `$1,230`, `$12.30`, `$258,000`."""
    coarse = Decimal(1).scaleb(value.adjusted() - DIGITS + 1)
    return figures.dollars(value.quantize(coarse) if value >= 1 else value)


def computed(value: Decimal, key: str, show: object = usd, *, assumed: bool = False) -> Figure:
    """What the model makes of the default scenario; assumed where more than half of it rests on assumed figures."""
    kind: Kind = "assumed" if assumed else "computed"
    return Figure(show(value), f"{value:.6f}", FILE, key, kind)  # type: ignore[operator]  # any of figure's formats


def collect(asked: Asked) -> Tree:
    """Bills at three rates, and their lines side by side. Raises PriceMissing."""
    rates = [asked.scenario.rate_per_s * times for times in TIMES]
    bills = [model.bill(asked.scenario.at(rate), asked.drivers, asked.prices, MONTH) for rate in rates]
    return {
        "month": Figure(str(MONTH), str(MONTH), "assets/cost/model.py", "MONTHS", "computed"),
        "draws": Figure(str(montecarlo.DRAWS), str(montecarlo.DRAWS), "assets/cost/montecarlo.py", "DRAWS", "computed"),
        "scales": [_scale(asked, times, bill) for times, bill in zip(TIMES, bills, strict=True)],
        "lines": _lines(asked, bills),
    }


def _scale(asked: Asked, times: int, bill: model.Bill) -> Tree:
    rate = bill.month.scenario.rate_per_s
    found = montecarlo.bands(bill.month.scenario, asked.drivers, asked.prices, asked.on, MONTH)
    where, mostly = f"rate {rate}/s, month {MONTH}", assumed_share(bill) > MOSTLY
    millions = bill.month.events / MILLION
    each = Band(found.total.p10 / millions, found.total.p50 / millions, found.total.p90 / millions)
    a_million = f"model.bill per_million_events, {where}"
    first, third = (replace(asked, month=number).at(rate).bill() for number in model.MONTHS[:2])
    return {
        "times": Figure(f"{times}×", str(times), "assets/cost/choices.py", "TIMES", "computed"),
        "rate": Figure(f"{whole(rate)}/s", str(rate), "assets/cost/scenarios/default.yaml", "rate_per_s", "computed"),
        "events": computed(bill.month.events, f"events a month, {where}", _billions),
        "total": band(found.total, f"montecarlo.bands total, {where}", assumed=mostly),
        "projected": computed(bill.usd, f"model.bill, {where}", assumed=mostly),
        "projected_million": computed(bill.per_million_events, a_million, figures.per_million, assumed=mostly),
        "million": band(each, f"montecarlo.bands total / million events, {where}", figures.per_million, assumed=mostly),
        "ceiling": _variant(asked, rate, f"on-demand, {where}", queries="on-demand"),
        "physical": _variant(asked, rate, f"us-physical, {where}", warehouse_region="us", billing="physical"),
        "first": _month(first),
        "third": _month(third),
        "one_year": computed(bill.total("1y"), f"model.bill total(1y), {where}", assumed=mostly),
        "three_years": computed(bill.total("3y"), f"model.bill total(3y), {where}", assumed=mostly),
        "assumed": computed(assumed_share(bill), f"trust.assumed_share, {where}", percent),
        "components": [_component(bill, part, found.by_component[part], where) for part in COMPONENTS],
    }


def _variant(asked: Asked, rate: Decimal, where: str, **choices: str) -> Figure:
    """The same month under other choices (assets/cost/scenarios has them as files)."""
    bill = model.bill(asked.scenario.having(**choices).at(rate), asked.drivers, asked.prices, MONTH)
    return computed(bill.usd, f"model.bill, scenario {where}", assumed=assumed_share(bill) > MOSTLY)


def _month(bill: model.Bill) -> Figure:
    where = f"rate {bill.month.scenario.rate_per_s}/s, month {bill.month.number}"
    return computed(bill.usd, f"model.bill, {where}", assumed=assumed_share(bill) > MOSTLY)


def _billions(events: Decimal) -> str:
    return f"{events / 1000 / MILLION:,.1f} billion"


def band(found: Band, key: str, show: object = usd, *, assumed: bool = False) -> dict[str, Figure]:
    """P10 and P90 as figures, without the median: beside the projection it would be a second number for one bill."""
    return {name: computed(getattr(found, name), f"{key}, {name}", show, assumed=assumed) for name in ("p10", "p90")}


def _component(bill: model.Bill, part: str, found: Band, where: str) -> Tree:
    own = bill.by_component[part]  # type: ignore[index]  # COMPONENTS' names
    mostly = assumed_share(bill, part) > MOSTLY
    return {
        "name": part,
        "projected": computed(own, f"model.bill of({part}), {where}", assumed=mostly),
        "share": computed(own / bill.usd, f"model.bill of({part}) / usd, {where}", percent),
        "band": band(found, f"montecarlo.bands {part}, {where}", assumed=mostly),
    }


# --- lines ---


def _lines(asked: Asked, bills: list[model.Bill]) -> list[Tree]:
    """One row a line with its amounts at the three rates; what is small at all of them is one row at the end."""
    keys = list(dict.fromkeys(line.key for bill in bills for line in bill.lines))
    amounts = {key: [_amount(bill, key) for bill in bills] for key in keys}
    large = [key for key in keys if max(amounts[key]) >= LEAST]
    small = [sum((amounts[key][place] for key in keys if key not in large), Decimal(0)) for place in range(len(bills))]
    rows = [_line(asked, bills, key, amounts[key]) for key in large]
    for before, row in zip([None, *rows], rows, strict=False):
        row["heads"] = before is None or before["component"] != row["component"]
    if len(large) < len(keys):
        label = f"{len(keys) - len(large)} more, each below {figures.dollars(LEAST)} at every rate"
        cells = [_cell(bill, label, amount, assumed=False) for bill, amount in zip(bills, small, strict=True)]
        rows.append({"component": "", "heads": False, "label": label, "how": "", "weak": "", "amounts": cells})
    return rows


def _amount(bill: model.Bill, key: str) -> Decimal:
    return next((line.usd for line in bill.lines if line.key == key), Decimal(0))


def _line(asked: Asked, bills: list[model.Bill], key: str, amounts: list[Decimal]) -> Tree:
    line = _first(bills, key)
    assumed = is_assumed(line, asked.drivers)
    cells = [_cell(bill, key, amount, assumed=assumed) for bill, amount in zip(bills, amounts, strict=True)]
    why = "; ".join(reasons(line, asked.prices, asked.on))
    return {
        "component": line.use.component,
        "label": line.use.label,
        "how": line.use.how,
        "weak": why,
        "amounts": cells,
    }


def _cell(bill: model.Bill, key: str, amount: Decimal, *, assumed: bool) -> Figure:
    rate = bill.month.scenario.rate_per_s
    return computed(amount, f"model.bill line {key}, rate {rate}/s, month {MONTH}", assumed=assumed)


def _first(bills: list[model.Bill], key: str) -> Line:
    return next(line for bill in bills for line in bill.lines if line.key == key)
